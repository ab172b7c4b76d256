"""bot.microsoft.user_tokens against the sandbox's Entra and Graph: acting as a person, and every way it can fail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from bot.domain.people import Person, Roles
from bot.errors import AlertDeskError, NotAllowed, Refused, SignInNeeded, Transient, UserError
from bot.microsoft.aadsts import MFA_CLAIMS
from bot.microsoft.user_tokens import partner_center_scope
from bot.sandbox import entra_grants
from bot.sandbox import tokens as sandbox_tokens
from bot.sandbox.cloud import Cloud
from bot.sandbox.entra_state import SignIn
from tests.support.people_sandbox import CALLBACK, KEY, People, Replica, browser, people_on_sandbox


@pytest.fixture
async def people(tmp_path: Path) -> AsyncIterator[People]:
    async with people_on_sandbox(tmp_path) as people:
        yield people


@pytest.fixture
async def one(people: People) -> Replica:
    return await people.replica()


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


async def sign_in(people: People, replica: Replica, key: str = "ada", **more: str) -> None:
    """By a page, as the browser of that person."""
    wanted = (more.pop("claims", ""), more.pop("scope", ""))
    address, flow = await replica.users.begin(people.person(key), "state-1", CALLBACK, *wanted)
    answer = await browser(address, sandbox_person=more.get("as_", key))
    await replica.users.complete(people.person(key), json.loads(json.dumps(flow)), answer)


def token_requests(people: People, grant: str = "") -> int:
    entries = people.cloud.log.select(service="entra", method="POST")
    return sum(grant in str(entry.body) for entry in entries if entry.path.endswith("/token"))


async def test_nobody_is_signed_in_at_first(people: People, one: Replica) -> None:
    with pytest.raises(SignInNeeded) as caught:
        await one.users.get(people.person("ada"), one.scope)
    assert not caught.value.interactive
    assert token_requests(people) == 0


async def test_an_exchange_gives_a_token_of_that_person_then_silence(people: People, one: Replica) -> None:
    ada = people.person("ada")
    await one.users.exchange(ada, await people.sso("ada"))
    found = claims_of(await one.users.get(ada, one.scope))
    assert (found["oid"], found["tid"]) == (ada.aad_id, ada.tenant_id)
    assert set(found["scp"].split()) >= {"User.Read", "PartnerSecurity.ReadWrite.All"}
    assert found["xms_cc"] == ["cp1"]
    assert token_requests(people) == 1
    for _ in range(3):
        await one.users.get(ada, one.scope)
    assert token_requests(people) == 1


async def test_a_token_for_partner_center_comes_from_the_same_sign_in(people: People, one: Replica) -> None:
    ada = people.person("ada")
    await one.users.exchange(ada, await people.sso("ada"))
    scope = partner_center_scope(f"{people.cloud.base_url}/partnercenter")
    assert claims_of(await one.users.get(ada, scope))["scp"] == "user_impersonation"
    assert "User.Read" in claims_of(await one.users.get(ada, one.scope))["scp"]
    assert token_requests(people, "refresh_token") == 1


def at_center(one: Replica) -> str:
    return partner_center_scope(one.on_center.base)


async def customers(one: Replica, who: Person) -> int:
    """A call to Partner Center as that person; the answer's status."""
    url = f"{one.on_center.base}/v1/customers?size=1"
    return (await one.on_center.call("GET", url, caller=one.on_center.person(who))).status


async def both(one: Replica, who: Person) -> None:
    """Tokens for Partner Center and for Graph, in silence."""
    assert claims_of(await one.users.get(who, at_center(one)))["scp"] == "user_impersonation"
    assert "PartnerSecurity.ReadWrite.All" in claims_of(await one.users.get(who, one.scope))["scp"]
    assert await customers(one, who) == 200


async def test_partner_center_works_after_a_page_for_graph(people: People, one: Replica) -> None:
    ada = people.person("ada")
    await sign_in(people, one)
    before = token_requests(people, "authorization_code")
    await both(one, ada)
    assert token_requests(people, "authorization_code") == before == 1
    two = await people.replica("two")
    await both(two, ada)


async def test_missing_consent_for_partner_center_leads_to_its_own_page(people: People, one: Replica) -> None:
    ada, entra = people.person("ada"), people.cloud.entra
    entra.revoke_consent(people.cloud.world.people["ada"])
    entra.consent(people.cloud.world.people["ada"], ["graph"])
    await one.users.exchange(ada, await people.sso("ada"))
    assert await one.users.get(ada, one.scope)
    with pytest.raises(SignInNeeded) as caught:
        await customers(one, ada)
    need = caught.value
    assert (need.code, need.interactive, need.scope) == ("AADSTS65001", True, at_center(one))
    await sign_in(people, one, claims=need.claims, scope=need.scope)
    await both(one, ada)
    await one.users.exchange(ada, await people.sso("ada"))
    await both(one, ada)


async def test_a_page_for_partner_center_asks_for_a_second_factor_by_itself(people: People, one: Replica) -> None:
    """The sign-ins were revoked and nothing yet said that a second factor is wanted: still one page is enough."""
    ada = people.person("ada")
    await one.users.exchange(ada, await people.sso("ada"))
    people.cloud.faults.switches.mfa_required = True
    people.cloud.entra.spoil(people.cloud.world.people["ada"], "revoked")
    with pytest.raises(SignInNeeded) as caught:
        await one.users.get(ada, at_center(one))
    assert (caught.value.claims, caught.value.scope) == ("", at_center(one))
    address, _ = await one.users.begin(ada, "s", CALLBACK, "", at_center(one))
    assert "mfa" in parse_qs(urlsplit(address).query)["claims"][0]
    address, _ = await one.users.begin(ada, "s", CALLBACK, "", one.scope)
    assert "mfa" not in parse_qs(urlsplit(address).query)["claims"][0], "Graph may do without"
    await sign_in(people, one, scope=caught.value.scope)
    await both(one, ada)


async def test_partner_center_that_wants_a_second_factor_leads_to_its_page(people: People, one: Replica) -> None:
    ada = people.person("ada")
    await one.users.exchange(ada, await people.sso("ada", amr=["pwd"]))
    with pytest.raises(SignInNeeded) as caught:
        await customers(one, ada)
    need = caught.value
    assert (need.code, need.interactive, need.scope, need.claims) == ("900421", True, at_center(one), MFA_CLAIMS)
    await sign_in(people, one, claims=need.claims, scope=need.scope)
    await both(one, ada)
    await one.users.exchange(ada, await people.sso("ada", amr=["pwd"]))
    await both(one, ada)


async def test_a_fresh_token_is_asked_of_entra_each_time(people: People, one: Replica) -> None:
    ada = people.person("ada")
    await one.users.exchange(ada, await people.sso("ada"))
    url = f"{one.on_graph.base}/v1.0/me"
    await one.on_graph.call("GET", url, caller=one.on_graph.person(ada))
    before = token_requests(people, "refresh_token")
    for times in (1, 2):
        await one.on_graph.call("GET", url, caller=one.on_graph.person(ada, fresh=True))
        assert token_requests(people, "refresh_token") == before + times
    await one.on_graph.call("GET", url, caller=one.on_graph.person(ada))
    assert token_requests(people, "refresh_token") == before + 2


async def test_a_guest_is_acted_as_in_the_tenant_where_they_are_a_guest(people: People, one: Replica) -> None:
    host = people.partner()
    gus = people.person("gus", guest=True)
    assert gus.tenant_id != host.tenant_id
    await one.users.exchange(gus.as_of(host.roles_in), await people.sso("gus"))
    assert await one.directory.roles(host, gus.aad_id, gus.as_of(host.roles_in)) == Roles()
    assert await one.directory.roles(replace(host, act_as="app"), gus.aad_id) == Roles()
    await people.control("/control/roles", {"person": "gus", "role": "adminAgent", "grant": True})
    assert await one.directory.roles(host, gus.aad_id, gus.as_of(host.roles_in)) == Roles(admin_agent=True)
    assert await one.directory.roles(replace(host, act_as="app"), gus.aad_id) == Roles(admin_agent=True)
    assert await one.directory.roles(people.partner("fabrikam"), gus.aad_id) == Roles(), "404 there"
    with pytest.raises(NotAllowed):
        await one.users.exchange(gus, await people.sso("gus"))


async def test_who_acts_is_on_record_and_roles_are_asked_as_them(people: People, one: Replica) -> None:
    partner, ada, alert = people.partner(), people.person("ada"), people.some_open()
    await one.users.exchange(ada, await people.sso("ada"))
    assert await one.directory.roles(partner, ada.aad_id, ada) == Roles(admin_agent=True)
    await one.alerts.set_status(partner, alert, "resolved", "fraud", ada)
    assert (await one.alerts.get(partner, alert, ada)).resolved_by == ada.upn
    assert people.asked("graph", "POST", "/me/checkMemberObjects")
    assert not people.asked("graph", "POST", "/users/")
    assert token_requests(people, "client_credentials") == 0


async def test_somebody_without_roles_is_refused_by_graph_itself(people: People, one: Replica) -> None:
    partner, nora, alert = people.partner(), people.person("nora"), people.some_open()
    await one.users.exchange(nora, await people.sso("nora"))
    assert await one.directory.roles(partner, nora.aad_id, nora) == Roles()
    with pytest.raises(Refused, match="Admin agent"):
        await one.alerts.set_status(partner, alert, "resolved", "fraud", nora)
    assert people.cloud.world.alerts[partner.tenant_id][alert]["status"] == "active"


async def test_nobody_acts_for_another(people: People, one: Replica) -> None:
    ada, max_ = people.person("ada"), people.person("max")
    await one.users.exchange(ada, await people.sso("ada"))
    assert await one.directory.roles(people.partner(), max_.aad_id, ada) == Roles()
    with pytest.raises(Refused, match="another tenant"):
        await one.alerts.get(people.partner("fabrikam"), people.some_open("fabrikam"), ada)
    assert people.asked("graph", "POST") == people.asked("graph", "GET") == []


# What is refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"person": "max"}, "assertion_person"),
        ({"audience": "api://botid-another"}, "assertion_audience"),
        ({"audience": "https://graph.microsoft.com"}, "assertion_audience"),
        ({"lifetime": -900}, "assertion_expired"),
        ({"lifetime": -60}, "AADSTS500133"),
    ],
    ids=str,
)
async def test_a_wrong_sso_token_is_refused(people: People, one: Replica, wrong: dict[str, Any], code: str) -> None:
    token = await people.sso(wrong.pop("person", "ada"), **wrong)
    with pytest.raises(NotAllowed) as caught:
        await one.users.exchange(people.person("ada"), token)
    assert caught.value.code == code
    with pytest.raises(SignInNeeded):
        await one.users.get(people.person("ada"), one.scope)


async def test_a_renewal_that_is_somebody_elses_is_refused(
    people: People, one: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sign_in(people, one)
    issued, max_ = entra_grants._id_token, people.cloud.world.people["max"]

    def of_max(cloud: Cloud, sign_in: SignIn) -> str:
        return issued(cloud, replace(sign_in, person=max_))

    monkeypatch.setattr(entra_grants, "_id_token", of_max)
    with pytest.raises(NotAllowed) as caught:
        await one.users.get(people.person("ada"), one.scope, "{}")
    assert caught.value.code == "other_person"


async def test_a_forged_token_is_refused_even_where_a_good_sign_in_is_kept(people: People, one: Replica) -> None:
    ada = people.person("ada")
    good = await people.sso("ada")
    await sign_in(people, one)
    claims = claims_of(good)
    for forged in (
        jwt.encode(claims, "x" * 32, algorithm="HS256"),
        sandbox_tokens.sign(claims, people.cloud.keys.bot_framework.current),
        good[:-8] + ("AAAAAAAA" if not good.endswith("AAAAAAAA") else "BBBBBBBB"),
    ):
        with pytest.raises(NotAllowed) as caught:
            await one.users.exchange(ada, forged)
        assert caught.value.code == "AADSTS50013"


@pytest.mark.parametrize("junk", ["", "x", "a.b.c", "e30.e30.", "x" * 20_000])
async def test_junk_is_refused_without_asking_entra(people: People, one: Replica, junk: str) -> None:
    with pytest.raises(NotAllowed):
        await one.users.exchange(people.person("ada"), junk)
    assert token_requests(people) == 0


async def test_an_applications_token_is_no_person(people: People, one: Replica) -> None:
    app, ada = people.cloud.world.app, people.person("ada")
    token = sandbox_tokens.issue(
        people.cloud,
        audience=people.cloud.entra.sso_resource,
        tenant_id=app.tenant_id,
        app_id=app.app_id,
        extra={"oid": ada.aad_id},
    )
    with pytest.raises(NotAllowed) as caught:
        await one.users.exchange(ada, token)
    assert caught.value.code == "assertion_audience"


async def test_a_token_of_another_tenant_is_refused(people: People, one: Replica) -> None:
    fabrikam = people.cloud.world.partner("fabrikam").tenant_id
    with pytest.raises(NotAllowed) as caught:
        await one.users.exchange(people.person("ada", tenant_id=fabrikam), await people.sso("ada"))
    assert caught.value.code == "assertion_person"
    with pytest.raises(NotAllowed):
        await one.users.exchange(people.person("ada", tenant_id=""), await people.sso("ada"))


# What Entra and Graph may want ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("switch", "person", "code", "challenged"),
    [
        ("mfa_required", "ada", "AADSTS50076", True),
        ("mfa_required", "nora", "AADSTS50079", True),
        ("consent_required", "ada", "AADSTS65001", False),
        ("conditional_access", "ada", "AADSTS53003", True),
    ],
)
async def test_what_silence_cannot_mend_needs_the_page(
    people: People, one: Replica, switch: str, person: str, code: str, challenged: bool
) -> None:
    setattr(people.cloud.faults.switches, switch, True)
    who = people.person(person)
    with pytest.raises(SignInNeeded) as caught:
        await one.users.exchange(who, await people.sso(person))
    assert (caught.value.code, caught.value.interactive) == (code, True)
    assert bool(caught.value.claims) is challenged
    if switch == "conditional_access":
        return
    await sign_in(people, one, person, claims=caught.value.claims)
    assert claims_of(await one.users.get(who, one.scope))["oid"] == who.aad_id


async def test_a_page_that_proved_more_is_not_replaced_by_what_teams_proves(people: People, one: Replica) -> None:
    ada, weak = people.person("ada"), await people.sso("ada", amr=["pwd"])
    await sign_in(people, one)
    await one.users.exchange(ada, weak)
    assert "mfa" in claims_of(await one.users.get(ada, one.scope))["amr"]
    people.cloud.entra.spoil(people.cloud.world.people["ada"], "revoked")
    people.clock.forward(3600)
    await one.users.exchange(ada, await people.sso("ada", amr=["pwd"]))


async def test_graph_that_wants_mfa_leads_to_the_page(people: People, one: Replica) -> None:
    partner, ada, alert = people.partner(), people.person("ada"), people.some_open()
    await one.users.exchange(ada, await people.sso("ada", amr=["pwd"]))
    people.cloud.faults.switches.mfa_required = True
    with pytest.raises(SignInNeeded) as caught:
        await one.alerts.set_status(partner, alert, "resolved", "fraud", ada)
    assert (caught.value.interactive, caught.value.claims) == (True, MFA_CLAIMS)
    assert caught.value.code == "Unauthorized_MissingMFA"
    await sign_in(people, one, claims=caught.value.claims)
    await one.alerts.set_status(partner, alert, "resolved", "fraud", ada)
    assert people.cloud.world.alerts[partner.tenant_id][alert]["resolvedBy"] == ada.upn


async def test_ended_tokens_are_renewed_once_in_silence(people: People, one: Replica) -> None:
    partner, ada, alert = people.partner(), people.person("ada"), people.some_open()
    await one.users.exchange(ada, await people.sso("ada"))
    before = await one.users.get(ada, one.scope)
    people.cloud.entra.end_tokens(people.cloud.world.people["ada"])
    await one.alerts.set_status(partner, alert, "resolved", "fraud", ada)
    assert await one.users.get(ada, one.scope) != before
    assert len(people.asked("graph", "PATCH")) == 2


async def test_ended_tokens_and_a_revoked_sign_in_lead_to_the_page(people: People, one: Replica) -> None:
    partner, ada, alert = people.partner(), people.person("ada"), people.some_open()
    await one.users.exchange(ada, await people.sso("ada"))
    people.cloud.entra.end_tokens(people.cloud.world.people["ada"])
    people.cloud.entra.spoil(people.cloud.world.people["ada"], "revoked")
    with pytest.raises(SignInNeeded) as caught:
        await one.alerts.set_status(partner, alert, "resolved", "fraud", ada)
    assert caught.value.interactive
    assert "nbf" in json.loads(caught.value.claims)["access_token"]
    await sign_in(people, one, claims=caught.value.claims)
    await one.alerts.set_status(partner, alert, "resolved", "fraud", ada)


async def test_a_challenge_that_a_new_token_does_not_meet_leads_to_the_page(people: People, one: Replica) -> None:
    header = (
        'Bearer realm="", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsiYWNycyI6eyJ2YWx1ZSI6ImMxIn19fQ"'
    )
    action = {"status": 401, "headers": {"WWW-Authenticate": header}}
    people.cloud.faults.add({"service": "graph", "action": action})
    ada = people.person("ada")
    await one.users.exchange(ada, await people.sso("ada"))
    with pytest.raises(SignInNeeded) as caught:
        await one.directory.roles(people.partner(), ada.aad_id, ada)
    assert json.loads(caught.value.claims) == {"access_token": {"acrs": {"value": "c1"}}}
    assert len(people.asked("graph", "POST")) == 2
    assert token_requests(people, "refresh_token") == 1


async def test_a_401_that_says_nothing_leads_to_the_page(people: People, one: Replica) -> None:
    people.cloud.faults.add({"service": "graph", "action": {"status": 401}})
    ada = people.person("ada")
    await one.users.exchange(ada, await people.sso("ada"))
    with pytest.raises(SignInNeeded) as caught:
        await one.alerts.get(people.partner(), people.some_open(), ada)
    assert (caught.value.interactive, caught.value.claims) == (True, "")


@pytest.mark.parametrize(("problem", "code"), [("revoked", "AADSTS50173"), ("expired", "AADSTS700082")])
async def test_a_sign_in_that_ended_is_mended_by_the_next_exchange(
    people: People, one: Replica, problem: str, code: str
) -> None:
    ada = people.person("ada")
    people.cloud.entra.access_lifetime = 60.0
    await one.users.exchange(ada, await people.sso("ada"))
    people.cloud.entra.spoil(people.cloud.world.people["ada"], problem)
    with pytest.raises(SignInNeeded) as caught:
        await one.users.get(ada, one.scope)
    assert (caught.value.code, caught.value.interactive) == (code, False)
    await one.users.exchange(ada, await people.sso("ada"))
    assert await one.users.get(ada, one.scope)


async def test_a_person_who_left_the_tenant_is_told_and_forgotten(people: People, one: Replica) -> None:
    ada = people.person("ada")
    people.cloud.entra.access_lifetime = 60.0
    token = await people.sso("ada")
    await one.users.exchange(ada, token)
    await people.control("/control/people", {"person": "ada", "removed": True})
    with pytest.raises(NotAllowed, match="no longer"):
        await one.users.get(ada, one.scope)
    assert await one.vault.version("user", f"{ada.tenant_id}:{ada.aad_id}") == 0
    with pytest.raises(NotAllowed):
        await one.users.exchange(ada, token)


@pytest.mark.parametrize("action", [{"status": 503}, {"status": 429, "retry_after": 4}, {"drop": "before"}], ids=str)
async def test_entra_away_is_passing_trouble(people: People, one: Replica, action: dict[str, Any]) -> None:
    ada, token = people.person("ada"), await people.sso("ada")
    people.cloud.faults.add({"service": "entra", "action": action, "times": 1})
    with pytest.raises(Transient):
        await one.users.exchange(ada, token)
    await one.users.exchange(ada, token)
    assert await one.users.get(ada, one.scope)


# The sign-in page -----------------------------------------------------------------------------------------------------


async def test_another_account_on_the_page_leaves_nothing_behind(people: People, one: Replica) -> None:
    with pytest.raises(NotAllowed) as caught:
        await sign_in(people, one, as_="max")
    assert caught.value.code == "other_person"
    with pytest.raises(SignInNeeded):
        await one.users.get(people.person("ada"), one.scope)
    with pytest.raises(SignInNeeded):
        await one.users.get(people.person("max"), one.scope)


async def test_an_answer_serves_once_and_for_its_own_flow(people: People, one: Replica) -> None:
    ada = people.person("ada")
    address, flow = await one.users.begin(ada, "state-1", CALLBACK, "")
    assert "login_hint=" in address
    _, other = await one.users.begin(ada, "state-2", CALLBACK, "")
    answer = await browser(address, sandbox_person="ada")
    with pytest.raises(UserError, match="another sign-in"):
        await one.users.complete(ada, other, answer)
    await one.users.complete(ada, flow, answer)
    with pytest.raises(UserError, match="AADSTS54005"):
        await one.users.complete(ada, flow, answer)
    declined = {"error": "access_denied", "error_description": "AADSTS65004: User declined.", "state": "state-1"}
    with pytest.raises(UserError, match="did not sign you in") as caught:
        await one.users.complete(ada, flow, declined)
    assert caught.value.code == "AADSTS65004"


# Replicas and keys ----------------------------------------------------------------------------------------------------


async def test_signed_in_through_one_replica_acting_through_another(people: People, one: Replica) -> None:
    two, ada = await people.replica("two"), people.person("ada")
    await one.users.exchange(ada, await people.sso("ada"))
    assert await two.users.get(ada, two.scope) == await one.users.get(ada, one.scope)
    assert await two.users.forget(ada)
    assert not await two.users.forget(ada)
    with pytest.raises(SignInNeeded):
        await one.users.get(ada, one.scope)


async def test_replicas_that_renew_at_once_go_on(people: People, one: Replica) -> None:
    replicas = [one, await people.replica("two")]
    ada = people.person("ada")
    people.cloud.entra.access_lifetime = 60.0
    await one.users.exchange(ada, await people.sso("ada"))
    people.cloud.entra.access_lifetime = 3600.0
    found = await asyncio.gather(*(each.users.get(ada, each.scope) for each in replicas for _ in range(3)))
    assert all(claims_of(token)["oid"] == ada.aad_id for token in found)
    assert len({await each.users.get(ada, each.scope) for each in replicas}) == 1


async def test_who_waits_no_longer_still_finds_it_done(people: People, one: Replica) -> None:
    ada = people.person("ada")
    people.cloud.entra.access_lifetime = 60.0
    await one.users.exchange(ada, await people.sso("ada"))
    people.cloud.entra.access_lifetime = 3600.0
    people.cloud.faults.add({"service": "entra", "method": "POST", "action": {"latency": 0.5}, "times": 1})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(one.users.get(ada, one.scope), 0.1)
    await one.users.get(ada, one.scope)
    assert token_requests(people, "refresh_token") == 1


async def test_a_new_key_seals_what_is_used_and_the_old_one_may_go(people: People, one: Replica) -> None:
    new, ada = bytes(reversed(range(32))), people.person("ada")
    await one.users.exchange(ada, await people.sso("ada"))
    two = await people.replica("two", keys=(new, KEY))
    assert await two.users.get(ada, two.scope)
    three = await people.replica("three", keys=(new,))
    assert await three.users.get(ada, three.scope)
    with pytest.raises(AlertDeskError, match="ALERTDESK_ENCRYPTION_KEY"):
        await one.users.get(ada, one.scope)


async def test_what_was_tampered_with_counts_as_no_sign_in(people: People, one: Replica) -> None:
    ada, max_ = people.person("ada"), people.person("max")
    await one.users.exchange(ada, await people.sso("ada"))
    owner = {who: f"{person.tenant_id}:{person.aad_id}" for who, person in (("ada", ada), ("max", max_))}
    async with one.store.write() as tx:
        stolen = await tx.vault.get("user", owner["ada"])
        assert stolen is not None
        assert await tx.vault.put("user", owner["max"], stolen.blob, stolen.key_id, 0, one.clock.now())
    with pytest.raises(SignInNeeded):
        await one.users.get(max_, one.scope)
    assert await one.users.get(ada, one.scope)
