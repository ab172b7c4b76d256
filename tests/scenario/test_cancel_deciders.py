"""Who may decide on a request: roles at that moment, sign-ins that suffice, guests and people from elsewhere."""

from __future__ import annotations

import pytest

from bot.domain.cancellations import Kind
from bot.texts import cancelling as words
from bot.texts import request_card as card_words
from tests.support.cancelling import (
    approve,
    ask,
    card_of,
    changes,
    nothing_sent,
    now,
    open_form,
    reject,
    request_id,
    requested,
    sent,
    signed_in,
    subject,
)
from tests.support.desk import Desk
from tests.support.signing import SIGNED_IN, browser, grants, link, press


async def test_nobody_decides_on_their_own_request(people: Desk) -> None:
    """Whatever roles they have."""
    await people.roles("ada", "globalAdministrator", True)
    request = await requested(people)
    post = await card_of(people, request)
    await people.ask("ada", "signout")  # no sign-in is asked for in vain
    for answer in (
        await people.press("ada", post, "Approve"),
        await reject(people, request, "ada", "alerts", reason="changed my mind"),
        await people.ask("ada", "approve R-1"),
        await people.ask("ada", "reject R-1 changed my mind", "ada"),
    ):
        assert "R-1 is your own request: a second person has to decide on it" in answer.text
    await nothing_sent(people, request, "asked")
    denied = [row.entry for row in await people.audit() if row.entry.outcome == "denied"]
    assert [row.detail["why"] for row in denied] == ["the requester"] * 4


async def test_with_one_person_set_to_be_enough(people: Desk) -> None:
    await people.another(TWO_PERSON_CANCEL="false")
    request = await requested(people)
    post = await card_of(people, request)
    confirm = card_words.CONFIRM[Kind.CANCEL]
    assert "Approve" not in post.card.buttons
    answer = await people.press("ada", post, confirm)
    assert "Global Administrator" in answer.text
    await nothing_sent(people, request, "asked")
    await people.roles("ada", "globalAdministrator", True)
    assert "Accepted, under way" in (await people.press("ada", post, confirm)).text
    assert [deed["by"] for deed in changes(people)] == [people.cloud.world.people["ada"].upn]


async def test_who_is_only_eligible_activates_the_role_and_presses_again(people: Desk) -> None:
    await people.roles("max", "globalAdministrator", False)
    await signed_in(people, "max")
    request = await requested(people)
    for told in (
        (await approve(people, request)).text,
        (await people.ask("max", "approve R-1")).text,
        (await reject(people, request, reason="No")).text,
        (await people.ask("max", "reject R-1 no", "max")).text,
    ):
        assert "activate Global Administrator in Privileged Identity Management, then press again" in told
    await nothing_sent(people, request, "asked")
    await people.roles("max", "globalAdministrator", True)
    before = people.mark()
    assert "Accepted, under way" in (await approve(people, request)).text
    assert grants(people, before), "Partner Center saw a token that knows of the new role"
    assert [deed["by"] for deed in changes(people)] == [people.cloud.world.people["max"].upn]


async def test_who_lacks_a_role_is_told_which(people: Desk) -> None:
    request = await requested(people)
    await signed_in(people, "gil", "nora", "gus")
    post = await card_of(people, request)
    for person, lacks in (("gil", ["Admin Agent"]), ("nora", ["Admin Agent", "Global Administrator"])):
        for answer in (await people.press(person, post, "Approve"), await people.ask(person, "approve R-1")):
            assert all(role in answer.text for role in lacks), answer.text
        assert "Admin Agent" in (await reject(people, request, person, "alerts", reason="no")).text
    assert "Admin Agent" in (await people.press("gus", post, "Approve")).text
    await nothing_sent(people, request, "asked")


async def test_roles_that_cannot_be_checked_decide_nothing(people: Desk) -> None:
    await signed_in(people, "max")
    request = await requested(people)
    await people.fault("entra", "POST", "token", times=None, status=503)
    assert (await approve(people, request)).text == words.NOT_VERIFIED
    await people.heal()
    await people.fault("graph", "POST", "checkMemberObjects", times=None, status=500)
    assert "Nothing was done" in (await approve(people, request)).text
    await people.heal()
    await people.fault("partnercenter", "GET", times=None, status=503)
    assert (await approve(people, request)).text == words.NOT_VERIFIED
    assert (await people.ask("max", "approve R-1")).text == words.NOT_VERIFIED
    await people.heal()
    await nothing_sent(people, request, "asked")
    assert "Accepted, under way" in (await approve(people, request)).text


MFA = {"status": 401, "code": "900421", "message": "MFA required."}


@pytest.mark.parametrize(("way", "where"), [("token", "max"), ("number", "alerts")])
async def test_partner_center_wants_multi_factor_authentication(people: Desk, way: str, where: str) -> None:
    """`token`: what Teams gave lacks it, and each call is refused for that; `number`: only the cancel itself is."""
    request = await requested(people)
    if way == "token":
        await signed_in(people, "max", amr=["pwd"])
    else:
        await signed_in(people, "max")
        await people.fault("partnercenter", "POST", "cancel$", times=2, **MFA)  # once more with a token given anew
    answer = await approve(people, request, where=where)
    assert (answer.status, answer.kind) == (200, "card")
    assert "multi-factor authentication" in answer.text
    assert f"{request.label}: sign in to go on" in answer.text
    assert (await now(people, request)).state == "asked"
    assert changes(people) == []
    await people.deliver()
    assert "Approve" in (await card_of(people, request)).card.buttons, "somebody else may decide meanwhile"
    async with browser(people, "max") as tab:
        page = await tab.open(link(answer))
    assert "amr" in page.hops[1], "the page is asked for a second factor"
    assert SIGNED_IN in page.text
    found = await now(people, request)
    assert (found.state, found.approver_name, found.sent) == ("accepted", "Max Okafor", 1)
    assert [deed["by"] for deed in changes(people)] == [people.cloud.world.people["max"].upn]
    assert {request_id(call) for call in sent(people)} == {found.plan.request_id}
    await people.deliver()
    for place in ("alerts", "max"):
        assert "Accepted, under way" in (await card_of(people, request, place, "max")).text
    assert len([line for line in await people.lines(request.subject.post) if "accepted by Partner Center" in line]) == 1


async def test_another_account_at_the_sign_in_page_approves_nothing(people: Desk) -> None:
    request = await requested(people)
    await people.roles("gil", "adminAgent", True)
    await signed_in(people, "max", amr=["pwd"])
    answer = await approve(people, request)
    async with browser(people, "gil") as tab:
        assert (await tab.open(link(answer))).status == 403
    await nothing_sent(people, request, "asked")


async def test_a_guest_who_holds_both_roles_decides_as_themselves(people: Desk) -> None:
    gus = people.cloud.world.people["gus"]
    world = people.cloud.world
    for role in ("adminAgent", "globalAdministrator"):
        await people.roles("gus", role, True)
    world.groups[world.partner("northwind").approvers_group_id].members.append(gus.aad_object_id)
    request = await requested(people)
    assert "Gus Delgado" in request.told
    post = await card_of(people, request)
    answer = await press(people, "gus", post, "Approve")
    assert "Approved by Gus Delgado" in answer.text
    assert [deed["by"] for deed in changes(people)] == [gus.directory_upn]


async def test_somebody_external_decides_nothing(people: Desk) -> None:
    """eve is in the shared channel, where the request's card stands too."""
    await signed_in(people, "ada")
    await people.ask("ada", "subscribe", "joint")
    await people.deliver()
    about = await subject(people)
    request = await ask(people, about)
    post = await card_of(people, request, "joint", "eve")
    before = people.mark()
    for button in ("Approve", "Withdraw"):
        answer = await people.press("eve", post, button)
        assert answer.kind == "error", button
    assert (await people.press("eve", post, "Approve")).code == "other_tenant"
    assert "not of this partner's tenant" in (await reject(people, request, "eve", "joint", reason="no")).text
    assert "not of this partner's tenant" in (await people.ask("eve", "approve R-1", "joint")).text
    assert (
        "not of this partner's tenant"
        in (await open_form(people, "eve", await people.card(about.alert, "joint", "eve"), about.post.card.number)).text
    )
    assert grants(people, before) == []
    await nothing_sent(people, request, "asked")
