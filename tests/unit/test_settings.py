"""bot.settings: what people's tokens need, and what cannot work together; every problem in one message."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from bot.domain.people import GLOBAL_ADMINISTRATOR
from bot.errors import ConfigError
from bot.settings import Settings, load

APP, HOME, OTHER = (f"{n * 8}-{n * 4}-4{n * 3}-8{n * 3}-{n * 12}" for n in "123")
GROUP = "99999999-9999-4999-8999-999999999999"
KEYS = [base64.b64encode(bytes([n]) * 32).decode() for n in range(3)]


def partner(tenant: str = HOME, **more: Any) -> dict[str, Any]:
    return {"name": "Northwind", "tenantId": tenant, "adminAgentsGroupId": GROUP, **more}


def environment(*partners: dict[str, Any], **changes: str | None) -> dict[str, str]:
    values: dict[str, str | None] = {
        "APP_ID": APP,
        "APP_TENANT_ID": HOME,
        "APP_SECRET": "hush",
        "AUDIT_KEY": KEYS[0],
        "PUBLIC_URL": "https://desk.example.com",
        "ENCRYPTION_KEY": KEYS[1],
        "PARTNERS": json.dumps(list(partners) or [partner()]),
        **changes,
    }
    return {f"ALERTDESK_{name}": value for name, value in values.items() if value is not None}


def problems(*partners: dict[str, Any], **changes: str | None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(environment(*partners, **changes))
    return [line.strip(" -") for line in caught.value.message.splitlines()[1:]]


def loaded(*partners: dict[str, Any], **changes: str | None) -> Settings:
    return load(environment(*partners, **changes))


def test_acting_as_people_is_the_default_and_works_at_home() -> None:
    settings = loaded()
    assert settings.acts_as_people
    assert settings.partner_values()[HOME].act_as == "user"
    assert settings.sso_resource == f"api://botid-{APP}"
    assert settings.encryption_keys == (bytes([1]) * 32,)


def test_the_sso_resource_can_be_another() -> None:
    assert loaded(SSO_RESOURCE="api://desk.example.com/x").sso_resource == "api://desk.example.com/x"


def test_acting_as_people_needs_a_key_and_an_address() -> None:
    found = problems(ENCRYPTION_KEY=None, PUBLIC_URL=None)
    assert len(found) == 2
    assert found[0].startswith("ALERTDESK_PUBLIC_URL: is required with ACT_AS=user")
    assert found[1].startswith("ALERTDESK_ENCRYPTION_KEY: is required with ACT_AS=user")


@pytest.mark.parametrize("how", [{"ACT_AS": "app"}, {"partner": "app"}])
def test_acting_as_the_application_needs_neither(how: dict[str, str]) -> None:
    one = partner(actAs="app") if "partner" in how else partner()
    changes = {name: value for name, value in how.items() if name != "partner"}
    settings = loaded(one, ENCRYPTION_KEY=None, PUBLIC_URL=None, **changes)
    assert not settings.acts_as_people
    assert settings.encryption_keys == ()


def test_on_behalf_of_does_not_cross_tenants() -> None:
    assert problems(partner(), partner(OTHER, name="Fabrikam")) == [
        'ALERTDESK_PARTNERS (Fabrikam): ACT_AS=user cannot cross tenants (APP_TENANT_ID is another); set "actAs":"app"'
    ]
    both = loaded(partner(), partner(OTHER, name="Fabrikam", actAs="app")).partner_values()
    assert {found.name: found.act_as for found in both.values()} == {"Northwind": "user", "Fabrikam": "app"}
    assert len(problems(partner(OTHER, actAs="user"), ACT_AS="app")) == 1


def test_people_have_their_roles_where_they_are() -> None:
    (found,) = problems(partner(roleTenantId=OTHER))
    assert 'remove "roleTenantId"' in found
    assert loaded(partner(roleTenantId=HOME)).acts_as_people
    assert loaded(partner(roleTenantId=OTHER, actAs="app")).partner_values()[HOME].roles_in == OTHER


def test_a_delegated_reader_needs_a_key() -> None:
    one = partner(OTHER, actAs="app", reader="delegated")
    assert loaded(one).partner_values()[OTHER].reader == "delegated"
    (found,) = problems(one, ENCRYPTION_KEY=None)
    assert found.startswith('ALERTDESK_ENCRYPTION_KEY: is required for "reader":"delegated" (Northwind)')
    assert loaded(partner(OTHER, actAs="app"), ENCRYPTION_KEY=None).partner_values()[OTHER].reader == "auto"


def test_keys_rotate_in_a_list_newest_first() -> None:
    assert loaded(ENCRYPTION_KEY=json.dumps(KEYS)).encryption_keys == tuple(bytes([n]) * 32 for n in range(3))


@pytest.mark.parametrize("value", ["x", "[]", '["x"]', "[1]", "[", base64.b64encode(b"short").decode(), '"' + KEYS[0]])
def test_a_bad_key_is_named_and_not_shown(value: str) -> None:
    (found,) = problems(ENCRYPTION_KEY=value)
    assert found.startswith("ALERTDESK_ENCRYPTION_KEY: ")
    assert "one key, or a JSON list of keys, newest first" in found
    assert len(value) < 10 or value not in found


def test_no_secret_is_shown() -> None:
    shown = repr(loaded()) + str(loaded())
    assert not [secret for secret in ("hush", *KEYS) if secret in shown]


def test_the_locale_is_english_or_one_that_is_known() -> None:
    assert loaded().locale == "en"
    assert loaded(LOCALE="pt-BR").locale == "pt-BR"
    (said,) = problems(LOCALE="klingon")
    assert said == "ALERTDESK_LOCALE: 'klingon' is no locale that is known here; use one such as en, de or pt-BR"


@pytest.mark.parametrize("name", ["", "  ", "North\nwind", "none", "None"])
def test_a_partners_name_is_one_line_of_its_own(name: str) -> None:
    (found,) = problems(partner(name=name))
    assert found.startswith("ALERTDESK_PARTNERS[0].name: ")


def test_two_partners_of_one_name_could_not_be_told_apart() -> None:
    (found,) = problems(partner(), partner(OTHER, actAs="app", name="NORTHWIND "))
    assert found.startswith("ALERTDESK_PARTNERS (NORTHWIND): another partner has that name")


@pytest.mark.parametrize("key", ["adminAgentsGroupId", "approversGroupId"])
def test_a_role_is_no_group(key: str) -> None:
    """Every Global Administrator would be an Admin Agent."""
    (found,) = problems(partner(**{key: GLOBAL_ADMINISTRATOR.upper()}))
    assert found == f"ALERTDESK_PARTNERS (Northwind): {key} is the role Global Administrator, not a group"


def test_a_channel_is_taken_as_it_stands_in_its_link() -> None:
    settings = loaded(partner(channels=["19%3aabc%40thread.tacv2", "19:def@thread.tacv2;messageid=1"]))
    assert settings.partners[0].channels == ("19:abc@thread.tacv2", "19:def@thread.tacv2")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://x/y"),
        ("GRAPH_URL", "https://graph.microsoft.com/beta"),
        ("GRAPH_URL", "https://graph.microsoft.com/v1.0/"),
        ("PARTNER_CENTER_URL", "https://api.partnercenter.microsoft.com/v1"),
    ],
)
def test_what_is_found_wrong_stands_beside_the_other_problems(name: str, value: str) -> None:
    found = problems(**{name: value, "CLOUD": "china"})
    assert [line.split(":")[0] for line in sorted(found)] == sorted(["ALERTDESK_CLOUD", f"ALERTDESK_{name}"])


def test_a_certificate_that_is_not_there_is_told_before_anything_is_opened(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.pem")
    assert problems(APP_SECRET=None, APP_CERTIFICATE_PATH=gone) == [
        "ALERTDESK_APP_CERTIFICATE_PATH: there is no such file"
    ]
