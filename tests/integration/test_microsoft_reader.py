"""Reading as a person: the sign-in at the terminal, the refresh token's rotation, and the choice of the reader."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import jwt
import pytest

from bot.domain.people import Partner
from bot.errors import AlertDeskError, MissingMfa, Permanent, Refused, Transient, UserError
from bot.microsoft.reader import ReaderSignIn
from bot.microsoft.reader_login import ReaderLogin, SignedInReader
from bot.sandbox import entra_grants
from bot.sandbox.cloud import Cloud
from bot.sandbox.entra_state import SignIn
from tests.support.people_sandbox import KEY, People, Replica, browser, people_on_sandbox

BACK = "http://localhost:4711"


@pytest.fixture
async def people(tmp_path: Path) -> AsyncIterator[People]:
    async with people_on_sandbox(tmp_path) as people:
        yield people


@pytest.fixture
async def one(people: People) -> Replica:
    return await people.replica()


@pytest.fixture
def partner(people: People) -> Partner:
    return people.partner(reader="delegated", act_as="app")


async def sign_in(people: People, one: Replica, partner: Partner, key: str = "ada") -> SignedInReader:
    login = ReaderLogin(one.apps, one.on_graph, one.reader, one.clock, partner)
    address, flow = await login.begin_browser(BACK, "state-1")
    return await login.finish_browser(flow, await browser(address, sandbox_person=key))


async def read(replica: Replica, partner: Partner) -> int:
    return sum([len(page.alerts) async for page in replica.alerts.open_alerts(partner)])


def redeemed(people: People) -> int:
    return sum("grant_type=refresh_token" in str(entry.body) or "'refresh_token'" in str(entry.body)
               for entry in people.cloud.log.select(service="entra", method="POST"))  # fmt: skip


async def test_signed_in_by_browser_it_reads_with_that_sign_in_alone(
    people: People, one: Replica, partner: Partner
) -> None:
    done = await sign_in(people, one, partner)
    assert (done.sign_in.upn, done.sign_in.tenant_id) == (people.person("ada").upn, partner.tenant_id)
    assert "PartnerSecurity.Read.All" in done.granted
    assert "PartnerSecurity.ReadWrite.All" not in done.granted
    kept = await one.reader.kept(partner)
    assert kept == done.sign_in
    assert timedelta(days=89) < kept.expires_at - one.clock.now() <= timedelta(days=90)
    assert await read(one, partner) > 0
    assert (await one.alerts.get(partner, people.some_open())).id == people.some_open()
    token = await one.reader.token(partner)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["scp"], claims["oid"]) == ("PartnerSecurity.Read.All", people.person("ada").aad_id)
    assert one.alerts.remark(partner) == ""


async def test_signed_in_by_device_code(people: People, one: Replica, partner: Partner) -> None:
    login = ReaderLogin(one.apps, one.on_graph, one.reader, one.clock, partner)
    device = await login.begin_device()
    device.flow["interval"] = 0
    waiting = asyncio.create_task(login.finish_device(device))
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.post(device.address, data={"user_code": device.code, "person": "ada"})
    assert (await waiting).sign_in.upn == people.person("ada").upn
    assert await read(one, partner) > 0


async def test_a_device_sign_in_that_is_declined_or_never_made(people: People, one: Replica, partner: Partner) -> None:
    login = ReaderLogin(one.apps, one.on_graph, one.reader, one.clock, partner)
    device = await login.begin_device()
    device.flow["interval"] = 0
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.post(device.address, data={"user_code": device.code, "person": "ada", "decline": "1"})
    with pytest.raises(UserError, match="declined"):
        await login.finish_device(device)
    late = await login.begin_device()
    late.flow["expires_in"] = 0
    with pytest.raises(UserError, match=r"Nobody signed in.*Nothing was kept"):
        await login.finish_device(late)
    expired = await login.begin_device()
    expired.flow["interval"] = 0
    waiting = people.cloud.entra.device(expired.flow["device_code"])
    assert waiting is not None
    waiting.expires_at = 0.0
    with pytest.raises(UserError, match=r"Nobody signed in.*Nothing was kept"):
        await login.finish_device(expired)
    assert await one.reader.kept(partner) is None


@pytest.mark.parametrize(
    ("who", "kind", "says"),
    [("max", UserError, "Global Administrator"), ("nora", Refused, "must be an Admin agent")],
)
async def test_who_may_not_be_a_reader(
    people: People, one: Replica, partner: Partner, who: str, kind: type[AlertDeskError], says: str
) -> None:
    with pytest.raises(kind, match=says):
        await sign_in(people, one, partner, who)
    assert await one.reader.kept(partner) is None


async def test_where_an_account_cannot_be_checked_it_says_that_nothing_was_kept(
    people: People, one: Replica, partner: Partner
) -> None:
    people.cloud.faults.add({"service": "graph", "action": {"drop": "before"}, "times": None})
    with pytest.raises(Transient, match="could not be checked, so nothing was kept"):
        await sign_in(people, one, partner)
    assert await one.reader.kept(partner) is None


async def test_a_sign_in_of_another_tenant_is_refused(people: People, one: Replica, partner: Partner) -> None:
    fabrikam = people.partner("fabrikam", reader="delegated")
    login = ReaderLogin(one.apps, one.on_graph, one.reader, one.clock, fabrikam)
    of_fabrikam = ReaderLogin(one.apps, one.on_graph, one.reader, one.clock, partner)
    address, flow = await of_fabrikam.begin_browser(BACK, "state-1")
    answer = await browser(address, sandbox_person="ada")
    with pytest.raises(UserError):
        await login.finish_browser(flow, answer)
    assert await one.reader.kept(fabrikam) is None
    await sign_in(people, one, fabrikam, "fay")
    assert await read(one, fabrikam) > 0


async def test_whom_entra_names_counts_and_not_where_the_sign_in_began(
    people: People, one: Replica, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued, elsewhere = entra_grants._id_token, people.partner("fabrikam").tenant_id

    def of_another_tenant(cloud: Cloud, sign_in: SignIn) -> str:
        return issued(cloud, replace(sign_in, tenant_id=elsewhere))

    monkeypatch.setattr(entra_grants, "_id_token", of_another_tenant)
    with pytest.raises(UserError, match="Nothing was kept"):
        await sign_in(people, one, partner)
    assert await one.reader.kept(partner) is None


async def test_a_renewal_that_is_somebody_elses_is_refused(
    people: People, one: Replica, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sign_in(people, one, partner)
    issued, max_ = entra_grants._id_token, people.cloud.world.people["max"]

    def of_max(cloud: Cloud, sign_in: SignIn) -> str:
        return issued(cloud, replace(sign_in, person=max_))

    monkeypatch.setattr(entra_grants, "_id_token", of_max)
    with pytest.raises(Refused) as caught:
        await one.reader.token(partner, renew=True)
    assert caught.value.code == "OtherPerson"


async def test_a_sign_in_without_mfa_is_not_kept_where_it_is_demanded(
    people: People, one: Replica, partner: Partner
) -> None:
    people.cloud.faults.switches.mfa_required = True
    with pytest.raises(AlertDeskError) as caught:
        await sign_in(people, one, partner)
    assert "Nothing was kept" in caught.value.message
    assert await one.reader.kept(partner) is None


# Rotation -------------------------------------------------------------------------------------------------------------


async def test_each_use_renews_the_refresh_token(people: People, one: Replica, partner: Partner) -> None:
    await sign_in(people, one, partner)
    seen = set()
    for _ in range(4):
        kept = await one.reader.kept(partner)
        assert kept is not None
        seen.add(kept.refresh_token)
        people.clock.forward(3600)
        await one.reader.token(partner)
    assert len(seen) == 4
    kept = await one.reader.kept(partner)
    assert kept is not None
    assert kept.signed_in_at < kept.renewed_at
    assert redeemed(people) == 4


async def test_many_at_once_redeem_once(people: People, one: Replica, partner: Partner) -> None:
    await sign_in(people, one, partner)
    assert len(set(await asyncio.gather(*(one.reader.token(partner) for _ in range(10))))) == 1
    assert redeemed(people) == 1


async def test_one_replica_redeems_at_a_time(
    people: People, one: Replica, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def real_pause(_clock: object, _seconds: float) -> None:
        await asyncio.sleep(0.02)  # skipped pauses would let a lease run out while its holder works

    monkeypatch.setattr(type(people.clock), "sleep", real_pause)
    replicas = [one, *[await people.replica(name) for name in ("two", "three", "four")]]
    await sign_in(people, one, partner)
    for _ in range(3):  # a rotation out of turn would leave a token that is good no more
        tokens = await asyncio.gather(*(each.reader.token(partner, renew=True) for each in replicas))
        assert len(set(tokens)) == len(replicas)
    assert redeemed(people) == 12


async def test_a_lease_that_is_held_is_waited_for_then_given_up(people: People, one: Replica, partner: Partner) -> None:
    await sign_in(people, one, partner)
    name = f"reader:{partner.tenant_id}"
    async with one.store.write() as tx:
        assert await tx.leases.acquire(name, "dead", one.clock.now(), 10)
    assert await one.reader.token(partner)
    async with one.store.write() as tx:
        assert await tx.leases.acquire(name, "busy", one.clock.now(), 3600)
    with pytest.raises(Transient) as caught:
        await one.reader.token(partner, renew=True)
    assert caught.value.code == "lease_held"
    assert redeemed(people) == 1


async def test_a_refused_token_is_renewed_once(people: People, one: Replica, partner: Partner) -> None:
    await sign_in(people, one, partner)
    before = await one.reader.token(partner)
    people.cloud.faults.add({"service": "graph", "action": {"status": 401}, "times": 1})
    assert await read(one, partner) > 0
    assert await one.reader.token(partner) != before
    people.cloud.faults.add({"service": "graph", "action": {"status": 401}})
    with pytest.raises(Refused, match="python -m bot login --partner"):
        await read(one, partner)


# Failure says what to do ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("problem", "code"), [("revoked", "AADSTS50173"), ("expired", "AADSTS700082")])
async def test_an_ended_sign_in_says_what_to_do_until_somebody_signs_in(
    people: People, one: Replica, partner: Partner, problem: str, code: str
) -> None:
    await sign_in(people, one, partner)
    people.cloud.entra.spoil(people.cloud.world.people["ada"], problem)
    with pytest.raises(Refused, match=rf'{code}.*python -m bot login --partner "{partner.name}"'):
        await read(one, partner)
    await sign_in(people, one, partner)
    assert await read(one, partner) > 0


async def test_nobody_signed_in(people: People, one: Replica, partner: Partner) -> None:
    with pytest.raises(Refused, match=rf'Nobody has signed in.*python -m bot login --partner "{partner.name}"'):
        await read(one, partner)


async def test_entra_away_keeps_the_sign_in(people: People, one: Replica, partner: Partner) -> None:
    await sign_in(people, one, partner)
    people.cloud.faults.add({"service": "entra", "method": "POST", "action": {"drop": "after"}, "times": 1})
    with pytest.raises(Transient):
        await read(one, partner)
    assert await read(one, partner) > 0


async def test_a_reader_never_writes(people: People, one: Replica, partner: Partner) -> None:
    await sign_in(people, one, partner)
    alert = people.some_open()
    with pytest.raises(Permanent, match="must not write"):
        await one.on_graph.call(
            "PATCH",
            f"{one.on_graph.base}/beta/security/partner/securityAlerts/{alert}",
            caller=one.reader.caller(partner),
            json={"status": "investigating"},
            deed=True,
        )
    await one.alerts.set_status(partner, alert, "investigating", "")
    record = people.cloud.world.alerts[partner.tenant_id][alert]
    assert record["activityLogs"][-1]["updatedBy"] == people.cloud.world.app.name


# Auto -----------------------------------------------------------------------------------------------------------------


async def test_auto_reads_as_the_application_where_it_may(people: People, one: Replica) -> None:
    auto = people.partner(reader="auto")
    assert await read(one, auto) > 0
    assert one.alerts.remark(auto) == ""
    assert redeemed(people) == 0


async def test_auto_falls_back_says_so_and_checks_back_daily(
    people: People, one: Replica, capsys: pytest.CaptureFixture[str]
) -> None:
    auto, switches = people.partner(reader="auto"), people.cloud.faults.switches
    await sign_in(people, one, auto)
    switches.app_only_missing_mfa = True
    assert await read(one, auto) > 0
    assert "Unauthorized_MissingMFA" in one.alerts.remark(auto)
    assert "reader_delegated" in capsys.readouterr().out
    refusals = len([entry for entry in people.cloud.log.select(service="graph") if entry.status == 403])
    assert await read(one, auto) > 0
    assert len([entry for entry in people.cloud.log.select(service="graph") if entry.status == 403]) == refusals
    people.clock.forward(86_401)
    assert await read(one, auto) > 0
    assert len([entry for entry in people.cloud.log.select(service="graph") if entry.status == 403]) == refusals + 1
    switches.app_only_missing_mfa = False
    people.clock.forward(86_401)
    assert await read(one, auto) > 0
    assert one.alerts.remark(auto) == ""


async def test_auto_asks_the_application_again_when_the_sign_in_is_over(people: People, one: Replica) -> None:
    auto, switches = people.partner(reader="auto"), people.cloud.faults.switches
    await sign_in(people, one, auto)
    switches.app_only_missing_mfa = True
    assert await read(one, auto) > 0
    people.cloud.entra.spoil(people.cloud.world.people["ada"], "revoked")
    people.clock.forward(3700)
    with pytest.raises(MissingMfa, match=r"AADSTS50173.*Unauthorized_MissingMFA"):
        await read(one, auto)
    switches.app_only_missing_mfa = False
    assert await read(one, auto) > 0
    assert one.alerts.remark(auto) == ""


async def test_auto_does_so_in_the_same_reading(
    people: People, one: Replica, capsys: pytest.CaptureFixture[str]
) -> None:
    auto, switches = people.partner(reader="auto"), people.cloud.faults.switches
    await sign_in(people, one, auto)
    switches.app_only_missing_mfa = True
    assert await read(one, auto) > 0
    switches.app_only_missing_mfa = False
    people.cloud.entra.spoil(people.cloud.world.people["ada"], "expired")
    people.clock.forward(3700)
    assert await read(one, auto) > 0
    assert one.alerts.remark(auto) == ""
    assert "reader_app" in capsys.readouterr().out


async def test_auto_without_a_sign_in_tells_both(people: People, one: Replica) -> None:
    auto = people.partner(reader="auto")
    people.cloud.faults.switches.app_only_missing_mfa = True
    with pytest.raises(MissingMfa, match=r"python -m bot login --partner.*Unauthorized_MissingMFA"):
        await read(one, auto)
    assert one.alerts.remark(auto) == ""
    await sign_in(people, one, auto)
    assert await read(one, auto) > 0


async def test_one_partners_trouble_is_not_the_others(people: People, one: Replica) -> None:
    people.cloud.faults.switches.app_only_missing_mfa = True
    fabrikam = people.partner("fabrikam", reader="auto")
    await sign_in(people, one, fabrikam, "fay")
    with pytest.raises(MissingMfa):
        await read(one, people.partner(reader="auto"))
    assert await read(one, fabrikam) > 0


async def test_while_keys_are_rotated_every_replica_reads_and_acts(people: People, one: Replica) -> None:
    """In two steps, as the guide says: behind the old key everywhere, then in front. One replica after the other."""
    new, ada = b"n" * 32, people.person("ada")
    partner = people.partner(reader="delegated", act_as="app")
    await one.users.exchange(ada, await people.sso("ada"))
    await sign_in(people, one, partner)
    learnt = [await people.replica(name, keys=(KEY, new)) for name in ("one anew", "two anew")]
    turned = [await people.replica(name, keys=(new, KEY)) for name in ("one at last", "two at last")]
    for side_by_side in ((one, learnt[0]), learnt, (turned[0], learnt[1]), turned):
        for replica in (*side_by_side, *side_by_side):
            people.clock.forward(3700)
            assert await replica.users.get(ada, replica.scope)
            assert await read(replica, partner) > 0
    only_new = await people.replica("three", keys=(new,))
    assert await read(only_new, partner) > 0
    people.clock.forward(3700)
    for asked in (one.users.get(ada, one.scope), read(one, partner)):
        with pytest.raises(Transient, match="ALERTDESK_ENCRYPTION_KEY") as caught:
            await asked
        assert caught.value.code == "NewerKey", "whoever skips the first step has trouble that passes"


async def test_a_lost_key_says_so(people: People, one: Replica, partner: Partner) -> None:
    await sign_in(people, one, partner)
    other = await people.replica("two", keys=(b"x" * 32,))
    with pytest.raises(AlertDeskError, match="ALERTDESK_ENCRYPTION_KEY"):
        await read(other, partner)
    both = await people.replica("three", keys=(b"x" * 32, KEY))
    assert await read(both, partner) > 0
    assert await read(other, partner) > 0


def test_what_is_kept_is_not_shown() -> None:
    kept = ReaderSignIn("hush", "p", "t", "Ada", "ada@x", "2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00+00:00")
    assert "hush" not in repr(kept)
    assert "hush" not in json.dumps({"kept": str(kept)})
