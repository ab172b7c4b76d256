"""The operator's settings: safe defaults, every mistake named, no secret shown."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from bot.errors import ConfigError
from bot.settings import CLOUDS, DOCUMENTED_SEND_LIMITS, Settings, load
from tests.factories import ELSEWHERE, FABRIKAM, NORTHWIND, guid

KEY = base64.b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.b64encode(bytes(32)).decode()
APP = guid(7)


def entry(**changes: Any) -> dict[str, Any]:
    return {"name": "Northwind", "tenantId": NORTHWIND, "adminAgentsGroupId": guid(1)} | changes


def environment(*partners: dict[str, Any], **changes: Any) -> dict[str, str]:
    """What is required and no more; keywords are names without the prefix, None takes one away."""
    values: dict[str, Any] = {
        "app_id": APP,
        "app_tenant_id": NORTHWIND,
        "app_secret": "insecure-secret",
        "partners": json.dumps(partners or (entry(),)),
        "act_as": "app",
        "audit_key": KEY,
    }
    return {f"ALERTDESK_{name.upper()}": value for name, value in (values | changes).items() if value is not None}


def refused(*partners: dict[str, Any], **changes: Any) -> str:
    with pytest.raises(ConfigError) as refusal:
        load(environment(*partners, **changes))
    return refusal.value.message


def problems(*partners: dict[str, Any], **changes: Any) -> list[str]:
    return [line.removeprefix("  - ") for line in refused(*partners, **changes).splitlines()[1:]]


def test_the_defaults_are_those_of_the_design() -> None:
    settings = load(environment())
    assert settings.model_dump(exclude={"partners", "app_secret", "audit_key", "database_url", "send_limits"}) == {
        "host": "127.0.0.1",
        "port": 3978,
        "app_id": APP,
        "app_tenant_id": NORTHWIND,
        "app_certificate_path": None,
        "app_certificate_password": None,
        "app_managed_identity_client_id": None,
        "act_as": "app",
        "two_person_cancel": True,
        "cloud": "global",
        "login_url": "https://login.microsoftonline.com",
        "graph_url": "https://graph.microsoft.com",
        "partner_center_url": "https://api.partnercenter.microsoft.com",
        "azure_portal_url": "https://portal.azure.com",
        "bot_openid_url": "https://login.botframework.com/v1/.well-known/openidconfiguration",
        "bot_issuer": "https://api.botframework.com",
        "bot_token_scope": "https://api.botframework.com/.default",
        "sso_resource": "",
        "service_hosts": CLOUDS["global"]["service_hosts"],
        "upload_hosts": ("sharepoint.com",),
        "webhook_cert_hosts": ("3psostorageacct.blob.core.windows.net",),
        "webhook_ca_file": None,
        "public_url": "",
        "poll_seconds": 60,
        "full_sync_hours": 6,
        "encryption_key": None,
        "cancellation_hours": 4,
        "entitlement_poll_seconds": 30,
        "operators_channel": "",
        "heartbeat_url": "",
        "dangerously_allow_loopback": False,
    }
    assert settings.database_url.get_secret_value() == "sqlite:///alertdesk.db"
    limits = {name: [list(window) for window in windows] for name, windows in settings.send_limits.items()}
    assert limits == DOCUMENTED_SEND_LIMITS


def test_acting_as_the_person_is_what_is_meant_where_nothing_is_said() -> None:
    assert Settings.model_fields["act_as"].default == "user"
    assert "acting as the person is not in this version" in refused(act_as=None)


def test_a_partner_entry_becomes_a_value_of_the_domain() -> None:
    channels = ["19:a@thread.tacv2;messageid=1700", " 19:b@thread.tacv2 "]
    given = entry(
        tenantId=NORTHWIND.upper(), roleTenantId=ELSEWHERE.upper(), channels=channels, reader="app", appMayCancel=True
    )
    (partner,) = load(environment(given)).partner_values().values()
    assert partner.tenant_id == NORTHWIND
    assert partner.roles_in == ELSEWHERE
    assert partner.channels == ("19:a@thread.tacv2", "19:b@thread.tacv2")
    assert (partner.reader, partner.act_as, partner.app_may_cancel) == ("app", "app", True)


def test_a_partner_may_act_as_the_app_by_itself() -> None:
    (partner,) = load(environment(entry(actAs="app"), act_as="user")).partner_values().values()
    assert partner.act_as == "app"


@pytest.mark.parametrize(
    ("name", "value", "as_read"),
    [
        ("port", "0", 0),
        ("port", " 8080 ", 8080),
        ("poll_seconds", "1.5", 1.5),
        ("cancellation_hours", "0.5", 0.5),
        ("two_person_cancel", "false", False),
        ("dangerously_allow_loopback", "true", True),
        ("public_url", "https://desk.example/", "https://desk.example/"),
        ("service_hosts", '["a.example", "b.example"]', ("a.example", "b.example")),
        ("graph_url", "https://graph.example", "https://graph.example"),
    ],
)
def test_a_value_is_read(name: str, value: str, as_read: Any) -> None:
    assert getattr(load(environment(**{name: value})), name) == as_read


def test_the_public_base_has_no_trailing_slash() -> None:
    assert load(environment(public_url="https://desk.example/x/")).public_base == "https://desk.example/x"
    assert load(environment()).public_base == ""


def test_set_but_empty_is_as_good_as_not_set() -> None:
    settings = load(environment(port="", graph_url="  ", encryption_key="", service_hosts="", cloud=""))
    assert settings == load(environment())
    assert "ALERTDESK_APP_ID: is required" in problems(app_id=" ")


def test_what_does_not_bear_the_prefix_is_none_of_ours() -> None:
    assert load(environment() | {"PATH": "/bin", "DESK_PORT": "x"}) == load(environment())


# Mistakes ----------------------------------------------------------------------------------------------------------

MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"app_id": None}, "ALERTDESK_APP_ID: is required"),
    ({"app_id": "my-bot"}, "ALERTDESK_APP_ID: 'my-bot' is not a GUID"),
    ({"app_tenant_id": "contoso.com"}, "ALERTDESK_APP_TENANT_ID: 'contoso.com' is not a GUID"),
    ({"partners": None}, "ALERTDESK_PARTNERS: is required"),
    ({"partners": "[]"}, "ALERTDESK_PARTNERS: at least one partner tenant is required"),
    ({"partners": "[{]"}, "ALERTDESK_PARTNERS: not valid JSON"),
    ({"partners": '{"name":"x"}'}, "ALERTDESK_PARTNERS: "),
    ({"service_hosts": "a.example"}, "ALERTDESK_SERVICE_HOSTS: not valid JSON"),
    ({"service_hosts": '"a.example"'}, "ALERTDESK_SERVICE_HOSTS: "),
    ({"audit_key": None}, "ALERTDESK_AUDIT_KEY: is required"),
    ({"audit_key": "c2hvcnQ="}, "ALERTDESK_AUDIT_KEY: must be base64 of exactly 32 bytes"),
    ({"encryption_key": "c2hvcnQ="}, "ALERTDESK_ENCRYPTION_KEY: must be base64 of exactly 32 bytes"),
    ({"encryption_key": f'["{KEY}", "x"]'}, "ALERTDESK_ENCRYPTION_KEY: must be base64 of exactly 32 bytes"),
    ({"encryption_key": "[]"}, "ALERTDESK_ENCRYPTION_KEY: the list is empty"),
    ({"encryption_key": "[1]"}, "ALERTDESK_ENCRYPTION_KEY: "),
    ({"encryption_key": '["'}, "ALERTDESK_ENCRYPTION_KEY: "),
    ({"port": "65536"}, "ALERTDESK_PORT: "),
    ({"port": "http"}, "ALERTDESK_PORT: "),
    ({"poll_seconds": "0"}, "ALERTDESK_POLL_SECONDS: "),
    ({"poll_seconds": "nan"}, "ALERTDESK_POLL_SECONDS: "),
    ({"full_sync_hours": "0"}, "ALERTDESK_FULL_SYNC_HOURS: "),
    ({"cancellation_hours": "-1"}, "ALERTDESK_CANCELLATION_HOURS: "),
    ({"entitlement_poll_seconds": "0.5"}, "ALERTDESK_ENTITLEMENT_POLL_SECONDS: "),
    ({"two_person_cancel": "perhaps"}, "ALERTDESK_TWO_PERSON_CANCEL: "),
    ({"act_as": "robot"}, "ALERTDESK_ACT_AS: "),
    ({"cloud": "china"}, "ALERTDESK_CLOUD: the partner security alerts API does not exist in the China cloud"),
    ({"cloud": "mars"}, "ALERTDESK_CLOUD: 'mars' is no cloud we know"),
    ({"app_secret": None}, "ALERTDESK_APP_SECRET: one of"),
    ({"app_certificate_path": "cert.pem"}, "ALERTDESK_APP_SECRET and APP_CERTIFICATE_PATH: give exactly one"),
    ({"app_managed_identity_client_id": guid(9)}, "ALERTDESK_APP_SECRET and APP_MANAGED_IDENTITY_CLIENT_ID: give"),
    ({"app_certificate_password": "x"}, "ALERTDESK_APP_CERTIFICATE_PASSWORD: there is no APP_CERTIFICATE_PATH"),
    ({"graph_url": "http://graph.example"}, "ALERTDESK_GRAPH_URL: must be https"),
    ({"graph_url": "graph.example"}, "ALERTDESK_GRAPH_URL: must be a plain https address"),
    ({"login_url": "https://login.example?x=1"}, "ALERTDESK_LOGIN_URL: must be a plain https address"),
    ({"public_url": "https://[::1"}, "ALERTDESK_PUBLIC_URL: "),
    ({"public_url": "https://desk.example:99999"}, "ALERTDESK_PUBLIC_URL: "),
    ({"public_url": "ftp://desk.example"}, "ALERTDESK_PUBLIC_URL: must be https"),
    ({"heartbeat_url": "https://desk.example#x"}, "ALERTDESK_HEARTBEAT_URL: must be a plain"),
    ({"bot_openid_url": "http://127.0.0.1:1/x"}, "ALERTDESK_BOT_OPENID_URL: a loopback address needs"),
    ({"azure_portal_url": "https://localhost"}, "ALERTDESK_AZURE_PORTAL_URL: a loopback address needs"),
    ({"partner_center_url": "https://[::1]:8"}, "ALERTDESK_PARTNER_CENTER_URL: a loopback address needs"),
    ({"service_hosts": '["127.0.0.1"]'}, "ALERTDESK_SERVICE_HOSTS: 127.0.0.1 needs DANGEROUSLY_ALLOW_LOOPBACK"),
    ({"upload_hosts": '["LocalHost"]'}, "ALERTDESK_UPLOAD_HOSTS: LocalHost needs DANGEROUSLY_ALLOW_LOOPBACK"),
    ({"upload_hosts": '["*.sharepoint.com"]'}, "ALERTDESK_UPLOAD_HOSTS: '*.sharepoint.com' must be a host name"),
    ({"webhook_cert_hosts": '["https://x.example"]'}, "ALERTDESK_WEBHOOK_CERT_HOSTS: 'https://x.example' must be"),
    ({"service_hosts": '["x.example:443"]'}, "ALERTDESK_SERVICE_HOSTS: 'x.example:443' must be a host name"),
    ({"service_hosts": '[""]'}, "ALERTDESK_SERVICE_HOSTS: '' must be a host name"),
    ({"send_limits": "{}"}, "ALERTDESK_SEND_LIMITS: lifting Teams' limits needs DANGEROUSLY_ALLOW_LOOPBACK"),
    ({"send_limits": '{"tenant":[[50,1]]}'}, "ALERTDESK_SEND_LIMITS: lifting"),
    ({"send_limits": '{"tenant":[[50,1]],"conversation":[]}'}, "ALERTDESK_SEND_LIMITS: lifting"),
    ({"send_limits": '{"tenant":[[5,1]],"conversation":[[7,1]],"team":[]}'}, "ALERTDESK_SEND_LIMITS: unknown window"),
    ({"send_limits": '{"tenant":[[0,1]],"conversation":[[7,1]]}'}, "ALERTDESK_SEND_LIMITS: a window is"),
    ({"send_limits": '{"tenant":[[5,0]],"conversation":[[7,1]]}'}, "ALERTDESK_SEND_LIMITS: a window is"),
    ({"send_limits": '{"tenant":[[5,NaN]],"conversation":[[7,1]]}'}, "ALERTDESK_SEND_LIMITS: a window is"),
    ({"send_limits": '{"tenant":[[5,Infinity]],"conversation":[[7,1]]}'}, "ALERTDESK_SEND_LIMITS: a window is"),
    ({"send_limits": '{"tenant":[[5]],"conversation":[[7,1]]}'}, "ALERTDESK_SEND_LIMITS.tenant[0]"),
]


@pytest.mark.parametrize(
    ("change", "named"), MISTAKES, ids=[f"{next(iter(c))}-{i}" for i, (c, _) in enumerate(MISTAKES)]
)
def test_a_mistake_is_named_and_nothing_else_with_it(change: dict[str, Any], named: str) -> None:
    told = problems(**change)
    assert [line for line in told if line.startswith(named)] == told[:1] == told


PARTNER_MISTAKES: list[tuple[list[dict[str, Any]], str]] = [
    ([entry(tenantId="northwind.com")], "ALERTDESK_PARTNERS[0].tenantId: 'northwind.com' is not a GUID"),
    (
        [entry(adminAgentsGroupId="AdminAgents")],
        "ALERTDESK_PARTNERS[0].adminAgentsGroupId: 'AdminAgents' is not a GUID",
    ),
    ([entry(), entry(tenantId=FABRIKAM, name="")], "ALERTDESK_PARTNERS[1].name: "),
    ([{"name": "x", "tenantId": NORTHWIND}], "ALERTDESK_PARTNERS[0].adminAgentsGroupId: is required"),
    ([entry(tenant=1)], "ALERTDESK_PARTNERS[0].tenant: "),
    ([entry(roleTenantId="x")], "ALERTDESK_PARTNERS[0].roleTenantId: 'x' is not a GUID"),
    ([entry(approversGroupId="x")], "ALERTDESK_PARTNERS[0].approversGroupId: 'x' is not a GUID"),
    ([entry(reader="magic")], "ALERTDESK_PARTNERS[0].reader: "),
    ([entry(actAs="robot")], "ALERTDESK_PARTNERS[0].actAs: "),
    ([entry(channels=["  "])], "ALERTDESK_PARTNERS[0].channels: a channel is the id"),
    ([entry(), entry(name="Twice")], f"ALERTDESK_PARTNERS (Twice): tenant {NORTHWIND} is listed twice"),
    ([entry(tenantId=FABRIKAM, actAs="user")], "ALERTDESK_PARTNERS (Northwind): ACT_AS=user cannot cross tenants"),
    ([entry(actAs="user")], "ALERTDESK_PARTNERS (Northwind): acting as the person is not in this version"),
    ([entry(reader="delegated")], 'ALERTDESK_PARTNERS (Northwind): "reader":"delegated" is not in this version'),
]


@pytest.mark.parametrize(("partners", "named"), PARTNER_MISTAKES, ids=[named[10:60] for _, named in PARTNER_MISTAKES])
def test_a_mistake_in_partners_is_named_by_its_place(partners: list[dict[str, Any]], named: str) -> None:
    (told,) = problems(*partners)
    assert told.startswith(named)


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    (told,) = problems(pol_seconds="5")
    assert told == "ALERTDESK_POL_SECONDS: there is no such setting; did you mean ALERTDESK_POLL_SECONDS?"
    (told,) = problems(zzz="5")
    assert told == "ALERTDESK_ZZZ: there is no such setting"


def test_one_message_names_everything_also_where_required_settings_are_missing() -> None:
    told = problems(
        entry(),
        entry(actAs="user"),
        app_id=None,
        app_secret=None,
        audit_key="short",
        port="x",
        prot="1",
        graph_url="http://x.example",
        encryption_key="short",
        send_limits="{}",
        service_hosts="no json",
    )
    named = {line.removeprefix("ALERTDESK_").split(":")[0] for line in told}
    assert named == {
        *("APP_ID", "APP_SECRET", "AUDIT_KEY", "PORT", "PROT", "GRAPH_URL", "ENCRYPTION_KEY", "SEND_LIMITS"),
        *("SERVICE_HOSTS", "PARTNERS (Northwind)"),
    }
    assert len(told) == len(named) + 1  # Northwind stands there twice, and acts as the person


def test_an_empty_environment_names_all_that_is_required() -> None:
    with pytest.raises(ConfigError) as refusal:
        load({})
    names = ("APP_ID", "APP_TENANT_ID", "PARTNERS", "AUDIT_KEY", "APP_SECRET")
    assert [name for name in names if f"- ALERTDESK_{name}: " not in refusal.value.message] == []
    assert len(refusal.value.message.splitlines()) == 1 + len(names)


def test_nothing_is_said_about_what_could_not_be_compared() -> None:
    """Without APP_TENANT_ID nobody can tell whether a partner's tenant is another one."""
    assert problems(entry(actAs="user"), app_tenant_id="wrong") == ["ALERTDESK_APP_TENANT_ID: 'wrong' is not a GUID"]


# Loopback, clouds, keys, secrets -----------------------------------------------------------------------------------


def test_the_switch_admits_http_on_loopback_and_nothing_else() -> None:
    base = "http://127.0.0.1:4400"
    settings = load(
        environment(
            dangerously_allow_loopback="true",
            graph_url=f"{base}/graph",
            login_url="http://localhost:4400/entra",
            public_url="http://[::1]:3978",
            service_hosts='["127.0.0.1"]',
            send_limits="{}",
        )
    )
    assert settings.graph_url == f"{base}/graph"
    assert settings.service_hosts == ("127.0.0.1",)
    assert settings.send_limits == {}
    (told,) = problems(dangerously_allow_loopback="true", graph_url="http://graph.example")
    assert told == "ALERTDESK_GRAPH_URL: must be https"
    (told,) = problems(dangerously_allow_loopback="true", graph_url="ftp://127.0.0.1")
    assert told == "ALERTDESK_GRAPH_URL: must be http or https"


def test_the_usgov_cloud_has_addresses_of_its_own() -> None:
    settings = load(environment(cloud="usgov"))
    assert {name: getattr(settings, name) for name in CLOUDS["usgov"]} == CLOUDS["usgov"]
    addresses = [getattr(settings, name) for name in ("login_url", "graph_url", "azure_portal_url", "bot_openid_url")]
    assert all(".us" in address for address in addresses)


def test_each_address_of_a_cloud_can_be_set_alone() -> None:
    settings = load(environment(cloud="usgov", graph_url="https://dod-graph.microsoft.us", upload_hosts="[]"))
    assert settings.graph_url == "https://dod-graph.microsoft.us"
    assert settings.login_url == "https://login.microsoftonline.us"
    assert settings.upload_hosts == ("sharepoint.us",)


def test_every_cloud_presets_the_same_settings() -> None:
    assert len({frozenset(presets) for presets in CLOUDS.values()}) == 1


def test_keys_are_32_bytes_and_the_encryption_key_may_be_a_list() -> None:
    settings = load(environment(encryption_key=json.dumps([KEY, OTHER_KEY])))
    assert settings.audit_key_bytes == bytes(range(32))
    assert load(environment(encryption_key=KEY)).encryption_key is not None


SECRETS = {
    "app_secret": "insecure-app-secret",
    "app_certificate_password": "insecure-password",
    "audit_key": KEY,
    "encryption_key": OTHER_KEY,
    "database_url": "postgresql://desk:insecure-db@db/desk",
}


def test_no_secret_is_shown_by_the_settings() -> None:
    for settings in (
        load(environment(**(SECRETS | {"app_certificate_password": None}))),
        load(environment(**(SECRETS | {"app_secret": None, "app_certificate_path": "x.pem"}))),
    ):
        shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
        assert [secret for secret in SECRETS.values() if secret in shown] == []


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"port": "x"},
        {"app_id": None},
        {"audit_key": "insecure-short"},
        {"encryption_key": "insecure-short"},
        {"encryption_key": '["insecure-short"]'},
        {"encryption_key": '["insecure-short'},
        {"heartbeat_url": "https://user:insecure-pass@ping.example"},
        {"heartbeat_url": "https://ping.example/?token=insecure-token"},
        {"heartbeat_url": "http://ping.example/insecure-path"},
    ],
)
def test_no_secret_is_shown_by_an_error(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as refusal:
        load(environment(**(SECRETS | change)))  # the password alone is wrong: there is no certificate
    shown = f"{refusal.value} {refusal.value!r} {refusal.value.__cause__!r} {refusal.value.__context__!r}"
    assert [secret for secret in (*SECRETS.values(), "insecure-") if secret in shown] == []


def test_the_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load(environment()).port = 1
