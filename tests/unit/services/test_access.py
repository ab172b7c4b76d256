"""Who may read and act: live, and closed wherever something is not known."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.chat.acting import ANSWER_SECONDS
from bot.chat.signing_in import EXCHANGE_SECONDS
from bot.domain.delivery import ItemKind
from bot.domain.people import NO_ROLES, ConversationKind, ConversationState, Partner, Person, Roles
from bot.domain.policy import NEEDS, Act, Role
from bot.errors import NotAllowed, NotChecked, Permanent, SignInNeeded, Transient
from bot.services import access as module
from bot.services.access import Access
from bot.texts import en as texts
from tests.factories import (
    ADA,
    CHANNEL,
    ELSEWHERE,
    FABRIKAM,
    FAY,
    GENERAL,
    GIL,
    GUS,
    MAX,
    NORA,
    NORTHWIND,
    alert,
    conversation,
    person,
    personal,
)
from tests.support.house import House

STRANGER = person("Sid", 199)
REAL_CHECK_SECONDS = module.CHECK_SECONDS


@pytest.fixture
def little_patience(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHECK_SECONDS", 0.05)


async def denied(house: House, who: Person, act: Act = Act.MARK) -> str:
    with pytest.raises(NotAllowed) as refusal:
        await house.access.require(act, who, house.northwind, conversation(), "A-1")
    return refusal.value.code


@pytest.mark.parametrize(
    ("who", "act"), [(MAX, act) for act in Act] + [(ADA, act) for act in Act if NEEDS[act] == {Role.ADMIN_AGENT}]
)
async def test_who_has_the_roles_may(house: House, who: Person, act: Act) -> None:
    known = await house.access.require(act, who, house.northwind, conversation(), "A-1")
    assert (known.aad_id, known.tenant_id) == (who.aad_id, NORTHWIND)
    assert await house.audit() == []


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize(
    ("who", "code"),
    [
        (GIL, "lacks_role"),
        (NORA, "lacks_role"),
        (GUS, "other_tenant"),
        (STRANGER, "other_tenant"),
        (FAY, "other_tenant"),
    ],
    ids=["global-administrator", "no-roles", "external", "not-on-the-roster", "other-partner"],
)
async def test_nobody_else_may_and_the_attempt_is_on_record(house: House, who: Person, code: str, act: Act) -> None:
    assert await denied(house, who, act) == code
    (row,) = await house.audit()
    assert (row.entry.act, row.entry.outcome, row.entry.actor_id) == (act, "denied", who.aad_id)
    assert row.entry.subject == "A-1"
    held = {Role.GLOBAL_ADMINISTRATOR} if who is GIL else set()
    assert row.entry.detail["lacks"] == sorted(NEEDS[act] - held)


async def test_somebody_external_is_not_even_asked_about(house: House) -> None:
    """The directory would say that he is an Admin Agent of Northwind; his tenant is another."""
    await denied(house, GUS)
    assert house.directory.asked == []
    assert await house.access.roles(house.as_known(GUS), house.northwind) == NO_ROLES


def as_guest(house: House, who: Person = GUS) -> None:
    """The channel's roster says so, and names the home tenant."""
    house.channel.rosters[CHANNEL][who.aad_id] = replace(house.as_known(who), guest=True)


async def test_a_guest_has_the_roles_that_the_role_tenant_reports(house: House) -> None:
    as_guest(house)
    known = await house.access.require(Act.MARK, GUS, house.northwind, conversation(), "A-1")
    assert (known.guest, known.tenant_id) == (True, ELSEWHERE)
    house.directory.grant(NORTHWIND, GUS)
    assert await denied(house, GUS) == "lacks_role"
    (row,) = await house.audit()
    assert (row.entry.detail["tenant"], row.entry.detail["guest"]) == (ELSEWHERE, True)
    assert house.directory.asked == [GUS.aad_id] * 2


async def test_a_guest_of_unknown_home_is_a_guest_all_the_same(house: House) -> None:
    house.channel.rosters[CHANNEL][GUS.aad_id] = replace(house.as_known(GUS), guest=True, tenant_id="")
    await house.access.require(Act.MARK, GUS, house.northwind, conversation(), "A-1")


async def test_a_guest_has_no_role_at_a_partner_whose_directory_does_not_know_them(house: House) -> None:
    as_guest(house)
    assert await house.access.roles(await house.access.known(GUS, conversation()), house.fabrikam) == NO_ROLES


async def test_the_bot_acts_as_a_guest_in_the_role_tenant_and_as_others_where_they_are(house: House) -> None:
    as_guest(house)
    acting = replace(house.northwind, act_as="user")
    gus, ada = await house.access.known(GUS, conversation()), await house.access.known(ADA, conversation())
    assert module.actor(gus, acting) == replace(gus, tenant_id=NORTHWIND)
    assert module.actor(ada, acting) == ada
    external = replace(FAY, tenant_id=FABRIKAM)
    assert module.actor(external, acting) == external, "who is no guest is never taken for somebody of that tenant"
    assert module.actor(gus, house.northwind) is None


async def test_a_guest_signs_in_to_the_tenant_for_which_the_bot_acts_as_people(house: House) -> None:
    as_guest(house)
    partners = house.env.partners
    assert isinstance(partners, dict)
    partners[FABRIKAM] = replace(house.fabrikam, act_as="user")
    assert (await house.access.account(GUS, conversation())).tenant_id == FABRIKAM
    assert (await house.access.account(GUS, conversation(), {NORTHWIND})).tenant_id == NORTHWIND
    assert (await house.access.account(GUS, conversation(), ())).tenant_id == ELSEWHERE
    assert (await house.access.account(ADA, conversation())).tenant_id == NORTHWIND


async def test_a_guest_reads_in_person_what_their_roles_allow(house: House) -> None:
    house.channel.join(personal(GUS), replace(GUS, guest=True), ELSEWHERE)
    assert await house.access.readable(GUS, personal(GUS)) == {NORTHWIND}
    house.directory.held.clear()
    house.clock.forward(61)
    assert await house.access.readable(GUS, personal(GUS)) == frozenset()


async def test_roles_are_asked_live_for_each_act(house: House) -> None:
    await house.access.require(Act.MARK, ADA, house.northwind, conversation(), "A-1")
    house.directory.grant(NORTHWIND, ADA)
    assert await denied(house, ADA) == "lacks_role"


async def test_who_reads_as_an_admin_agent_is_still_asked_live_before_acting(house: House) -> None:
    assert await house.access.readable(ADA, personal(ADA)) == frozenset()  # the chat's own roster does not know her
    house.channel.join(personal(ADA), ADA, NORTHWIND)
    assert await house.access.readable(ADA, personal(ADA)) == {NORTHWIND}
    house.directory.grant(NORTHWIND, ADA)
    assert await denied(house, ADA) == "lacks_role"


async def test_an_entra_id_that_does_not_belong_to_the_teams_id_makes_a_stranger(house: House) -> None:
    borrowed = replace(NORA, aad_id=ADA.aad_id)  # Nora's Teams id, Ada's Entra id
    assert await denied(house, borrowed) == "other_tenant"
    assert house.directory.asked == []


async def test_whose_tenant_teams_did_not_tell_is_told_no_more_than_that(house: House) -> None:
    house.channel.rosters[CHANNEL][ADA.aad_id] = replace(ADA, tenant_id="")
    with pytest.raises(NotAllowed) as refusal:
        await house.access.require(Act.MARK, ADA, house.northwind, conversation(), "A-1")
    assert refusal.value.message == texts.TENANT_UNKNOWN
    with pytest.raises(NotAllowed) as other:
        await house.access.require(Act.MARK, GUS, house.northwind, conversation(), "A-1")
    assert other.value.message == texts.OTHER_TENANT


async def test_a_mismatch_is_not_hidden_by_what_is_remembered(house: House) -> None:
    await house.access.require(Act.MARK, ADA, house.northwind, conversation(), "A-1")
    assert await denied(house, replace(ADA, aad_id=NORA.aad_id)) == "other_tenant"


async def test_a_person_without_an_entra_id_is_nobody(house: House) -> None:
    nameless = replace(ADA, aad_id="")
    house.channel.rosters[CHANNEL][""] = replace(nameless, mri="29:x", tenant_id=NORTHWIND)
    assert await denied(house, replace(nameless, mri="29:x")) == "other_tenant"
    assert await house.access.roles(replace(ADA, aad_id="", tenant_id=NORTHWIND), house.northwind) == NO_ROLES


async def test_tenants_and_ids_compare_without_regard_to_case(house: House) -> None:
    shouting = replace(house.as_known(ADA), aad_id=ADA.aad_id.upper(), tenant_id=NORTHWIND.upper())
    house.channel.rosters[CHANNEL][ADA.aad_id] = shouting
    await house.access.require(Act.MARK, ADA, house.northwind, conversation(), "A-1")


async def test_roles_come_from_the_partners_role_tenant(house: House) -> None:
    elsewhere = replace(house.northwind, role_tenant_id=ELSEWHERE)
    with pytest.raises(NotAllowed):
        await house.access.require(Act.MARK, ADA, elsewhere, conversation(), "A-1")
    known = await house.access.require(Act.MARK, GUS, elsewhere, conversation(), "A-1")
    assert known.tenant_id == ELSEWHERE


@pytest.mark.parametrize(
    "problem", [Transient("away"), Permanent("no such team", code="NotFound")], ids=["away", "gone"]
)
async def test_where_the_roster_does_not_answer_nothing_is_done(house: House, problem: Transient | Permanent) -> None:
    house.channel.roster_away = problem
    with pytest.raises(NotChecked, match="Nothing was done"):
        await house.access.require(Act.MARK, ADA, house.northwind, conversation(), "A-1")
    assert await house.audit() == []  # not checked is not denied


@pytest.mark.parametrize("problem", [Transient("503", code="503"), Permanent("403")], ids=["away", "refused"])
async def test_where_the_directory_does_not_answer_nothing_is_done(
    house: House, problem: Transient | Permanent
) -> None:
    house.directory.away = problem
    with pytest.raises(NotChecked) as refusal:
        await house.access.require(Act.MARK, ADA, house.northwind, conversation(), "A-1")
    assert refusal.value.code == (problem.code or "check_failed")


@pytest.mark.usefixtures("little_patience")
@pytest.mark.parametrize("which", ["roster", "directory"])
async def test_a_slow_answer_is_given_up_within_the_seconds_of_a_click(house: House, which: str) -> None:
    if which == "roster":
        house.channel.slow = True
    else:
        house.directory.slow = True
    with pytest.raises(NotChecked) as refusal:
        await house.access.require(Act.MARK, ADA, house.northwind, conversation(), "A-1")
    assert refusal.value.code == "check_timeout"


def test_two_questions_or_a_sign_in_and_one_fit_into_the_time_of_a_click() -> None:
    assert 2 * REAL_CHECK_SECONDS < ANSWER_SECONDS < 3
    assert EXCHANGE_SECONDS + REAL_CHECK_SECONDS < 3


# Reading -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [ConversationKind.CHANNEL, ConversationKind.GROUP_CHAT])
async def test_in_a_channel_the_route_decides_whoever_asks(house: House, kind: str) -> None:
    await house.route(FABRIKAM, GENERAL)
    there, here = conversation(GENERAL, kind=kind), conversation(kind=kind)
    for who in (ADA, NORA, GUS):
        assert await house.access.readable(who, there) == {FABRIKAM}
        assert await house.access.readable(who, here) == frozenset()
    assert house.directory.asked == []


async def test_a_route_that_is_turned_off_shows_nothing_at_once(house: House) -> None:
    await house.route()
    assert await house.access.readable(NORA, conversation()) == {NORTHWIND}
    await house.routes.unsubscribe(ADA, conversation())
    assert await house.access.readable(NORA, conversation()) == frozenset()


async def test_what_another_replica_turns_off_is_seen_within_two_seconds(house: House) -> None:
    await house.route()
    assert await house.access.routed(CHANNEL) == {NORTHWIND}
    async with house.store.write() as tx:
        (route,) = await tx.conversations.routes(CHANNEL)
        await tx.conversations.put_route(replace(route, on=False))
    house.clock.forward(2)
    assert await house.access.routed(CHANNEL) == frozenset()


async def test_a_route_of_a_partner_that_is_not_set_up_any_more_shows_nothing(house: House) -> None:
    await house.route(ELSEWHERE)
    assert await house.access.routed(CHANNEL) == frozenset()


async def test_in_a_personal_chat_an_admin_agent_reads_their_own_partner(house: House) -> None:
    house.channel.join(personal(FAY), FAY, FABRIKAM)
    assert await house.access.readable(FAY, personal(FAY)) == {FABRIKAM}


async def test_in_a_personal_chat_a_member_of_a_routed_channel_reads_along(house: House) -> None:
    for who, tenant in ((NORA, NORTHWIND), (GUS, ELSEWHERE), (FAY, FABRIKAM)):
        house.channel.join(personal(who), who, tenant)
    await house.route()
    assert await house.access.readable(NORA, personal(NORA)) == {NORTHWIND}
    assert await house.access.readable(GUS, personal(GUS)) == {NORTHWIND}
    assert await house.access.readable(FAY, personal(FAY)) == {FABRIKAM}


async def test_a_route_into_somebodys_personal_chat_opens_nothing_to_others(house: House) -> None:
    await house.know(personal(ADA))
    await house.route(NORTHWIND, "a:ada")
    await house.know(personal(ADA))  # route() put it as a channel
    house.channel.join(personal(NORA), NORA, NORTHWIND)
    house.channel.join(personal(ADA), NORA, NORTHWIND)
    assert await house.access.readable(NORA, personal(NORA)) == frozenset()


async def test_while_the_directory_is_away_the_roster_still_lets_members_read(house: House) -> None:
    await house.route()
    house.channel.join(personal(ADA), ADA, NORTHWIND)
    house.directory.away = Transient("away")
    assert await house.access.readable(ADA, personal(ADA)) == {NORTHWIND}


@pytest.mark.usefixtures("little_patience")
async def test_reading_is_closed_while_nothing_can_be_checked(house: House) -> None:
    house.channel.join(personal(ADA), ADA, NORTHWIND)
    house.directory.slow = True
    with pytest.raises(NotChecked):
        await house.access.readable(ADA, personal(ADA))
    house.channel.roster_away = Transient("away")
    with pytest.raises(NotChecked):
        await house.access.readable(NORA, personal(NORA))


@pytest.mark.parametrize("away", ["directory", "rosters"])
async def test_trouble_is_not_told_as_nothing_for_them(house: House, away: str) -> None:
    """Nora is nobody, Ada an Admin Agent in none of the channels: which is which cannot be told now."""
    await house.route(where=GENERAL)
    known = house.as_known(ADA if away == "directory" else NORA)
    if away == "directory":
        house.directory.away = Transient("503")
    else:
        house.channel.roster_away = Transient("503")
    with pytest.raises(NotChecked):
        await house.access.own(known)
    house.directory.away = house.channel.roster_away = None
    assert await house.access.own(known) == ({NORTHWIND} if away == "directory" else frozenset())


async def test_who_must_sign_in_is_told_that_first(house: House) -> None:
    partners = house.env.partners
    assert isinstance(partners, dict)
    partners[NORTHWIND] = replace(house.northwind, act_as="user")
    await house.route(FABRIKAM)
    house.directory.signed_out.add(ADA.aad_id)
    house.channel.roster_away = Transient("503")
    for asked in (house.access.own(house.as_known(ADA)), house.access.agent_of(house.as_known(ADA), conversation())):
        with pytest.raises(SignInNeeded):
            await asked


async def test_a_roster_that_is_off_need_not_answer(house: House) -> None:
    await house.route()
    async with house.store.write() as tx:
        await tx.conversations.set_state(CHANNEL, ConversationState.REMOVED)
    house.channel.roster_away = Permanent("403")
    assert await house.access.own(house.as_known(NORA)) == frozenset()


@pytest.mark.usefixtures("little_patience")
async def test_a_partner_that_does_not_answer_in_time_hides_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.channel.join(conversation(), replace(GUS, guest=True), ELSEWHERE)
    known, answer = house.as_known(GUS), house.directory.roles

    async def roles(partner: Partner, person_id: str, actor: Person | None = None) -> Roles:
        if partner.tenant_id == FABRIKAM:
            await asyncio.Event().wait()
        return await answer(partner, person_id, actor)

    monkeypatch.setattr(house.directory, "roles", roles)
    assert await house.access.own(known) == {NORTHWIND}
    assert await house.access.agent_of(known, conversation()) == {NORTHWIND}


@pytest.mark.usefixtures("little_patience")
async def test_slow_channels_of_another_partner_do_not_hide_ones_own(house: House) -> None:
    await house.route(FABRIKAM)
    house.channel.slow = True
    assert await house.access.own(house.as_known(ADA)) == {NORTHWIND}


async def test_what_another_replica_noticed_meanwhile_is_put_right(house: House) -> None:
    """A role that was away for some seconds: another replica was asked meanwhile, and wrote down that it is gone."""
    other = Access(house.env, house.directory, house.channel)
    await house.access.require(Act.MARK, ADA, house.northwind, conversation(), "A-1")
    house.directory.held[NORTHWIND, ADA.aad_id] = Roles()
    with pytest.raises(NotAllowed):
        await other.require(Act.MARK, ADA, house.northwind, conversation(), "A-1")
    house.directory.grant(NORTHWIND, ADA, admin_agent=True)
    await house.access.require(Act.MARK, ADA, house.northwind, conversation(), "A-1")
    async with house.store.read() as tx:
        assert await tx.people.roles(ADA.aad_id, NORTHWIND) == Roles(admin_agent=True)


async def test_reading_remembers_an_admin_agent_for_a_minute(house: House) -> None:
    house.channel.join(personal(ADA), ADA, NORTHWIND)
    assert await house.access.readable(ADA, personal(ADA)) == {NORTHWIND}
    house.directory.held[NORTHWIND, ADA.aad_id] = Roles()
    assert await house.access.readable(ADA, personal(ADA)) == {NORTHWIND}
    house.clock.forward(61)
    assert await house.access.readable(ADA, personal(ADA)) == frozenset()


async def redrawn(house: House, seconds: float) -> list[str]:
    """The alerts whose cards are edited so long after a change of somebody's role."""
    await house.settle()
    house.clock.forward(seconds)
    items = [item for item in await house.waiting() if item.kind == ItemKind.ALERT_UPDATE and not item.payload]
    async with house.store.read() as tx:
        cards = [await tx.cards.get(item.card_id) for item in items]
    return sorted(card.alert.id for card in cards if card is not None)


async def posted(house: House, count: int) -> None:
    """So many open alerts with a card each, the newest last, and a resolved one."""
    await house.route()
    alerts = [alert(f"alert-{n:02}", detected_at=house.clock.now() - timedelta(minutes=60 - n)) for n in range(count)]
    records = await house.take_in(*alerts, alert("done", status="resolved", resolved_reason="fraud"))
    async with house.store.write() as tx:
        for record in records:  # not as if they arrived just now: that is a storm
            await house.cards.post(tx, record, list(await tx.conversations.routes(partner=NORTHWIND)))
    await house.deliver()


async def looked_at(house: House, who: Person, **held: bool) -> None:
    house.directory.grant(NORTHWIND, who, **held)
    await house.access.roles(house.as_known(who), house.northwind)


async def test_a_changed_role_has_the_newest_open_cards_edited_when_clients_ask_again(house: House) -> None:
    """A client asks for its view after an edit only where its last answer is a minute old."""
    await posted(house, 12)
    await looked_at(house, ADA, admin_agent=True)
    assert await redrawn(house, 120) == [], "nobody had looked before"
    await looked_at(house, ADA)
    assert await redrawn(house, 59) == []
    assert await redrawn(house, 1) == [f"alert-{n:02}" for n in range(2, 12)]


async def test_what_changes_no_view_edits_nothing_and_many_changes_edit_once(house: House) -> None:
    await posted(house, 1)
    for held in ({}, {"global_admin": True}, {}):
        await looked_at(house, NORA, **held)
    assert await redrawn(house, 120) == []
    for _ in range(3):
        await looked_at(house, NORA, admin_agent=True)
        await looked_at(house, NORA)
    assert await redrawn(house, 60) == ["alert-00"]


async def test_who_is_removed_acts_no_more_at_once(house: House) -> None:
    await house.know(conversation())
    await house.access.require(Act.MARK, ADA, house.northwind, conversation(), "A-1")
    del house.channel.rosters[CHANNEL][ADA.aad_id]
    await house.access.require(Act.MARK, ADA, house.northwind, conversation(), "A-1")
    await house.rosters.left(conversation(), [replace(ADA, aad_id="")])
    assert await denied(house, ADA) == "other_tenant"


async def test_nor_does_who_a_reading_of_the_roster_misses(house: House) -> None:
    await house.know(conversation())
    async with house.store.write() as tx:
        await tx.people.seen(ADA, CHANNEL, house.clock.now())
    await house.access.require(Act.MARK, ADA, house.northwind, conversation(), "A-1")
    await house.access.require(Act.MARK, MAX, house.northwind, conversation(), "A-1")
    for gone in (ADA, MAX):
        del house.channel.rosters[CHANNEL][gone.aad_id]
    await house.rosters.left(conversation("elsewhere"), [MAX])
    await house.rosters.read(CHANNEL)
    assert await denied(house, ADA) == "other_tenant"
