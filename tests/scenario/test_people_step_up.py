"""Where silence will not do (multi-factor authentication, consent, conditional access): a card with one link, a sign-in
page, and the act goes on by itself. The link serves that person, once, for a while."""

from __future__ import annotations

import asyncio
import re
import sys

import pytest

from bot.texts import signing_in, tokens
from tests.support.cancelling import approve, card_of, requested, signed_in
from tests.support.desk import Desk
from tests.support.seen import Post
from tests.support.signing import SIGNED_IN, Page, browser, exchange, grants, link, press, sso

CALLBACK = "/auth/callback"
MFA_AT_GRAPH = {"status": 403, "code": "Unauthorized_MissingMFA", "message": "MFA is needed."}
MFA_NUMBER = {"status": 401, "code": "900421", "message": "MFA required."}


def next_link(page: Page) -> str:
    """Where a page leads on whose sign-in did not suffice yet."""
    (address,) = re.findall(r'<a href="([^"]+/auth/start\?act=[A-Za-z0-9_-]{20,})"', page.text)
    return str(address)


async def wanted(desk: Desk, person: str = "ada", button: str = "Mark as fraud") -> tuple[dict[str, object], Post, str]:
    """A press that Microsoft wants multi-factor authentication for: the alert, its card, and the link."""
    alert, post = await desk.posted()
    await desk.switch(mfa_required=True)
    answer = await press(desk, person, post, button)
    assert "multi-factor authentication" in answer.text
    assert not [deed for deed in desk.deeds() if deed["id"] == alert["id"]]
    return alert, post, link(answer)


async def button_in(desk: Desk, post: Post) -> Post:
    """The one card that the bot posted in a card's thread."""
    (found,) = [each for each in await desk.posts() if each.thread == post.id and each.by_bot and each.has_card]
    return found


@pytest.mark.parametrize(
    ("switch", "person", "says"),
    [
        ("mfa_required", "ada", "multi-factor authentication"),  # AADSTS50076
        ("mfa_required", "max", "multi-factor authentication"),
        ("consent_required", "ada", "agree to what Alert Desk may do"),  # AADSTS65001
    ],
)
async def test_a_link_and_the_act_goes_on_by_itself(people: Desk, switch: str, person: str, says: str) -> None:
    alert, post = await people.posted()
    await people.switch(**{switch: True})
    answer = await press(people, person, post, "Mark as fraud")
    assert answer.kind == "card"
    assert says in answer.text
    await people.deliver()
    assert (await people.card(alert)).json == post.json, "the others see nothing of it"
    async with browser(people, person) as tab:
        page = await tab.open(link(answer))
    assert page.status == 200
    assert SIGNED_IN in page.text
    name, upn = (getattr(people.cloud.world.people[person], field) for field in ("name", "upn"))
    assert [deed["by"] for deed in people.deeds()] == [upn]
    await people.deliver()
    assert f"Fraud by {name}" in (await people.card(alert, person="nora")).card.text
    assert await people.lines(post) == [f"{name} marked {post.card.label} as fraud."]
    before = people.mark()
    _, other = await people.posted()
    assert (await people.press(person, other, "Ignore")).kind == "card", "from then on nobody is asked"
    assert grants(people, before) == []


async def test_who_must_register_first_and_then_lacks_the_role_is_told_on_the_page(people: Desk) -> None:
    """AADSTS50079."""
    _, _, address = await wanted(people, "nora")
    async with browser(people, "nora") as tab:
        page = await tab.open(address)
    assert "you need the role Admin Agent" in page.text
    assert people.deeds() == []


async def test_conditional_access_says_no_until_it_does_not(people: Desk) -> None:
    """AADSTS53003: the page cannot mend it either; the link stays good while it lasts."""
    _, post = await people.posted()
    await people.switch(conditional_access=True)
    answer = await press(people, "ada", post, "Mark as fraud")
    assert "access policy" in answer.text
    async with browser(people, "ada") as tab:
        page = await tab.open(link(answer))
        assert page.status == 400
        assert tokens.DECLINED in page.text
        assert people.deeds() == []
        await people.switch(conditional_access=False)
        assert SIGNED_IN in (await tab.open(link(answer))).text
    assert len(people.deeds()) == 1


async def test_graph_wants_it_at_the_role_check(people: Desk) -> None:
    for times, action in ((1, MFA_AT_GRAPH), (2, MFA_NUMBER)):  # a 401 is tried once more with a new token
        alert, post = await people.posted()
        await people.fault("graph", "POST", "checkMemberObjects", times=times, **action)
        answer = await press(people, "ada", post, "Mark as fraud")
        async with browser(people, "ada") as tab:
            page = await tab.open(link(answer))
        assert "amr" in page.hops[1], "the page is asked for a second factor"
        assert SIGNED_IN in page.text
        assert people.at_partner_center(alert)["status"] == "resolved"
    assert len(people.deeds()) == 2


async def test_graph_wants_it_only_for_the_change(people: Desk) -> None:
    alert, post = await people.posted()
    await people.fault("graph", "PATCH", **MFA_AT_GRAPH)
    answer = await press(people, "ada", post, "Mark as fraud")
    assert "multi-factor authentication" in answer.text
    assert people.at_partner_center(alert)["status"] == "active"
    await people.deliver()
    assert "is marking" not in (await people.card(alert)).card.text, "nothing is under way"
    async with browser(people, "ada") as tab:
        assert SIGNED_IN in (await tab.open(link(answer))).text
    assert len(people.deeds()) == 1
    await people.deliver()
    assert "Fraud by Ada Lindqvist" in (await people.card(alert)).card.text
    assert await people.lines(post) == [f"Ada Lindqvist marked {post.card.label} as fraud."]
    outcomes = [row.entry.outcome for row in await people.audit() if row.entry.subject == post.card.label]
    assert outcomes == ["asked", "failed", "asked", "done"]


async def test_wanted_again_after_the_page_says_so(people: Desk) -> None:
    _, post = await people.posted()
    await people.fault("graph", "PATCH", times=2, **MFA_AT_GRAPH)
    answer = await press(people, "ada", post, "Mark as fraud")
    async with browser(people, "ada") as tab:
        page = await tab.open(link(answer))
        assert "nothing was done" in page.text
        assert people.deeds() == []
        assert SIGNED_IN in (await tab.open(next_link(page))).text, "from page to page, without Teams between"
        assert len(people.deeds()) == 1
        assert (await tab.open(next_link(page))).status == 404


async def test_a_revoked_sign_in_and_then_a_second_factor_is_one_way_through(people: Desk) -> None:
    """Entra wants a new sign-in, and Graph more than that one proves."""
    _, first = await people.posted()
    await press(people, "ada", first, "Investigate")
    _, post = await people.posted()
    await people.client("signins", person="ada", action="revoke")
    await people.fault("graph", "PATCH", **MFA_AT_GRAPH)
    answer = await press(people, "ada", post, "Mark as fraud")
    assert "Sign in again" in answer.text
    async with browser(people, "ada") as tab:
        page = await tab.open(link(answer))
        assert SIGNED_IN in (await tab.open(next_link(page))).text
    assert [deed["status"] for deed in people.deeds()] == ["investigating", "resolved"]


async def test_another_account_is_refused_and_nothing_of_it_kept(people: Desk) -> None:
    alert, _, address = await wanted(people)
    async with browser(people, "max") as tab:
        page = await tab.open(address)
    assert page.status == 403
    assert people.deeds() == []
    for person in ("ada", "max"):
        who = people.cloud.world.people[person]
        async with people.parts.store.read() as tx:
            assert await tx.vault.get("user", f"{who.tenant_id}:{who.aad_object_id}") is None, person
    async with browser(people, "fay") as tab:
        assert (await tab.open(address)).status == 400, "Entra itself refuses an account of another tenant"
    async with browser(people, "ada") as tab:
        assert SIGNED_IN in (await tab.open(address)).text
    assert people.at_partner_center(alert)["status"] == "resolved"


async def test_a_link_serves_once(people: Desk) -> None:
    _, _, address = await wanted(people)
    async with browser(people, "ada") as tab, browser(people, "ada") as other:
        waiting = await other.open(address, until=CALLBACK)
        assert SIGNED_IN in (await tab.open(address)).text
        assert (await tab.open(address)).status == 404
        late = await other.open(waiting.hops[-1])
        assert "was done already" in late.text
    assert len(people.requests("graph", "PATCH")) == 1


async def test_a_state_serves_once_and_in_its_own_browser(people: Desk) -> None:
    _, _, address = await wanted(people)
    async with browser(people, "ada") as tab, browser(people, "ada") as stranger:
        answer = (await tab.open(address, until=CALLBACK)).hops[-1]
        assert (await stranger.open(answer)).status == 400, "login CSRF: an answer that another browser fetched"
        assert people.deeds() == []
        assert (await tab.open(answer)).status == 400, "and it was used up by that"
        answer = (await tab.open(address, until=CALLBACK)).hops[-1]
        assert (await tab.open(answer)).status == 200
        assert (await tab.open(answer)).status == 400
        assert (await tab.open(answer.split("?")[0])).status == 400
        assert (await tab.open(f"{answer.split('?')[0]}?state=x&code=y")).status == 400
    assert len(people.requests("graph", "PATCH")) == 1


async def test_an_attackers_answer_does_not_sign_the_victims_browser_in(people: Desk) -> None:
    """max has ada open the end of his own sign-in: her browser began another one, and his press is not carried out."""
    _, _, hers = await wanted(people)
    _, _, his = await wanted(people, "max")
    async with browser(people, "ada") as victim, browser(people, "max") as attacker:
        bait = (await attacker.open(his, until=CALLBACK)).hops[-1]
        await victim.open(hers, until=CALLBACK)
        assert (await victim.open(bait)).status == 400
    assert people.deeds() == []


async def test_a_link_and_an_answer_run_out(people: Desk) -> None:
    _, _, address = await wanted(people)
    async with browser(people, "ada") as tab:
        answer = (await tab.open(address, until=CALLBACK)).hops[-1]
        people.clock.forward(60 * 11)
        assert (await tab.open(answer)).status == 400, "the answer, after ten minutes"
        people.clock.forward(60 * 5)
        assert (await tab.open(address)).status == 404, "the link, after fifteen"
    assert people.deeds() == []


async def test_what_waits_behind_a_link_is_no_state(people: Desk) -> None:
    _, _, address = await wanted(people)
    async with browser(people, "ada") as tab:
        state = address.partition("act=")[2]
        assert (await tab.open(f"{people.bot.url}{CALLBACK}?state={state}&code=y")).status == 400
        assert SIGNED_IN in (await tab.open(address)).text, "and it still waits there"


async def test_a_done_act_is_told_though_teams_takes_no_answer_now(people: Desk) -> None:
    _, post = await people.posted()
    await people.switch(mfa_required=True)
    card = await people.ask("ada", f"mark {post.card.label} fraud", "ada")
    await exchange(people, "ada", card)
    shown = [found for found in await people.posts("ada", "ada") if found.by_bot and found.has_card][-1]
    await people.fault("connector", "POST", times=None, status=429, retry_after=5)
    async with browser(people, "ada") as tab:
        page = await tab.open(link(shown))
    told = f"{post.card.label}: fraud. Partner Center confirms it."
    assert (page.status, told in page.text) == (200, True)
    await people.heal()
    people.clock.forward(60)
    await people.deliver()
    assert [found.text for found in await people.posts("ada", "ada")][-1] == told, "and in the chat it comes later"


@pytest.mark.parametrize("how", ["too late", "partner center away"])
async def test_a_request_card_that_gave_its_place_to_a_sign_in_comes_back(people: Desk, how: str) -> None:
    request = await requested(people)
    await signed_in(people, "max", amr=["pwd"])
    answer = await approve(people, request)
    assert "multi-factor authentication" in answer.text
    if how == "too late":
        people.clock.forward(16 * 60)
    else:
        await people.fault("partnercenter", "GET", times=None, status=503)
    async with browser(people, "max") as tab:
        await tab.open(link(answer))
    await people.heal()
    mine = await card_of(people, request, "max", "max")
    back = await press(people, "max", mine, signing_in.BACK_TO_REQUEST, card=answer.card)
    assert {"Approve", "Reject"} <= set(back.card.buttons)


async def test_a_made_up_link_leads_nowhere(people: Desk) -> None:
    async with browser(people, "ada") as tab:
        for query in ("", "?act=", "?act=x", "?act=" + "x" * 9000):
            assert (await tab.open(f"{people.bot.url}/auth/start{query}")).status in (400, 404), query[:20]
    assert people.requests("entra", "GET", "authorize") == []


async def test_a_sign_in_that_is_declined_can_be_tried_again(people: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    _, _, address = await wanted(people)
    async with browser(people, "ada") as tab:
        authorize = (await tab.open(address, until="/authorize")).hops[-1]
        page = await tab.open(f"{authorize}&sandbox_answer=decline")
        assert page.status == 400
        assert tokens.DECLINED in page.text
        assert SIGNED_IN in (await tab.open(address)).text
    assert len(people.deeds()) == 1
    out, err = capfd.readouterr()
    sys.stdout.write(out + err)  # the fixture looks through it too
    (told,) = [line for line in (out + err).splitlines() if "sign_in_refused" in line]
    assert "code=AADSTS65004" in told


async def test_somebody_else_decided_meanwhile(people: Desk) -> None:
    alert, post, address = await wanted(people)
    await people.switch(mfa_required=False)
    assert (await press(people, "max", post, "Mark legitimate")).kind == "card"
    async with browser(people, "ada") as tab:
        page = await tab.open(address)
    assert "already decided by Max Okafor: legitimate" in page.text
    assert len(people.requests("graph", "PATCH")) == 1
    assert people.at_partner_center(alert)["resolvedReason"] == "legitimate"


async def test_one_replica_sends_to_the_page_and_another_goes_on(people: Desk) -> None:
    _, _, address = await wanted(people)
    one, two = people.bot.url, (await people.another()).url
    async with browser(people, "ada") as tab:
        answer = (await tab.open(address.replace(one, two), until=CALLBACK)).hops[-1]
        assert answer.startswith(one)
        assert SIGNED_IN in (await tab.open(answer.replace(one, two))).text
    assert len(people.deeds()) == 1


async def test_a_form_of_who_is_not_signed_in(people: Desk) -> None:
    """Teams gives no token when a dialog opens: the link stands in the dialog, and afterwards the form opens."""
    alert, post = await people.posted()
    shown = await people.open_dialog("ada", post, "Add note")
    before = len(await people.posts())
    async with browser(people, "ada") as tab:
        assert "Press the button in Teams again" in (await tab.open(link(shown))).text
    assert len(await people.posts()) == before, "no form for everybody in the channel"
    opened = await people.open_dialog("ada", post, "Add note")
    sent = await people.send_dialog("ada", post, opened, text="the customer calls back")
    assert sent.kind == "none"
    assert await notes(people, alert) == ["the customer calls back"]


async def test_a_form_whose_sign_in_ends_before_it_is_sent(people: Desk) -> None:
    alert, post = await people.posted()
    await press(people, "ada", post, "Investigate")
    opened = await people.open_dialog("ada", post, "Add note")
    await people.client("signins", person="ada", action="revoke")
    sent = await people.send_dialog("ada", post, opened, text="the customer calls back")
    assert await notes(people, alert) == []
    async with browser(people, "ada") as tab:
        address = link(sent)
        assert SIGNED_IN in (await tab.open(address)).text
        assert (await tab.open(address)).status == 404
    assert await notes(people, alert) == ["the customer calls back"]


async def test_a_form_that_is_sent_without_a_sign_in_goes_on_by_a_button(people: Desk) -> None:
    """Teams hands over no token with a form: no page is needed for that, and nothing that was written is lost."""
    alert, post = await people.posted()
    await press(people, "ada", post, "Investigate")
    opened = await people.open_dialog("ada", post, "Add note")
    await people.ask("ada", "signout")
    written = "the customer calls back " + '\u00e5 "quoted" ' * 60
    assert (await people.send_dialog("ada", post, opened, text=written)).text == signing_in.GO_ON_BY_BUTTON
    said = await button_in(people, post)
    assert list(said.card.buttons) == [signing_in.GO_ON_AS_ME]
    assert "card" not in said.card.button(signing_in.GO_ON_AS_ME)["data"], "it stands in another message"
    assert await notes(people, alert) == []
    assert "is saved" in (await press(people, "ada", said, signing_in.GO_ON_AS_ME)).text
    assert await notes(people, alert) == [written.strip()]


async def test_a_form_leads_to_the_page_where_no_button_can_be_posted(people: Desk) -> None:
    alert, post = await people.posted()
    await press(people, "ada", post, "Investigate")
    opened = await people.open_dialog("ada", post, "Add note")
    await people.ask("ada", "signout")
    await people.fault("connector", "POST", r"/activities", times=None, status=403)
    sent = await people.send_dialog("ada", post, opened, text="the customer calls back")
    await people.heal()
    async with browser(people, "ada") as tab:
        assert SIGNED_IN in (await tab.open(link(sent))).text
    assert await notes(people, alert) == ["the customer calls back"]


async def test_a_changed_verdict_goes_on_too(people: Desk) -> None:
    alert, post = await people.posted()
    decided = await press(people, "ada", post, "Mark as fraud")
    opened = await people.open_dialog("ada", post, "Change verdict", card=decided.card)
    await people.fault("graph", "PATCH", **MFA_AT_GRAPH)
    sent = await people.send_dialog("ada", post, opened, verdict="legitimate", reason="it was a test")
    assert people.at_partner_center(alert)["resolvedReason"] == "fraud"
    async with browser(people, "ada") as tab:
        assert SIGNED_IN in (await tab.open(link(sent))).text
    assert people.at_partner_center(alert)["resolvedReason"] == "legitimate"
    await people.deliver()
    assert "Legitimate by Ada Lindqvist" in (await people.card(alert)).card.text


@pytest.mark.usefixtures("product_seconds")
async def test_a_slow_refusal_is_told_in_the_thread(people: Desk) -> None:
    """The answer to the press was given before Graph said that it wants more."""
    alert, post = await people.posted()
    await press(people, "ada", post, "Investigate")
    await people.fault("graph", "PATCH", latency=4.5)
    await people.fault("graph", "PATCH", **MFA_AT_GRAPH)
    answer = await people.press("ada", post, "Mark as fraud")
    assert "has not confirmed" in answer.text
    await people.until(lambda: any(entry.status == 403 for entry in people.requests("graph", "PATCH")))
    line = f"Ada Lindqvist wanted {post.card.label} marked as fraud, but must sign in again first."
    async with asyncio.timeout(10):
        while not any(told.startswith(line) for told in await people.lines(post)):
            await people.deliver()
    assert people.at_partner_center(alert)["status"] == "investigating"
    assert (await people.press("ada", post, "Mark as fraud")).kind == "card"


async def notes(desk: Desk, alert: dict[str, object]) -> list[str]:
    async with desk.parts.store.read() as tx:
        key = (await desk.record(alert)).alert.key
        return [note.text for note in (await tx.alerts.notes([key])).get(key, ())]


async def test_a_token_that_proves_less_does_not_undo_the_page(people: Desk) -> None:
    _, _, address = await wanted(people)
    async with browser(people, "ada") as tab:
        await tab.open(address)
    card = await people.ask("ada", "whoami", "ada")
    await people.client(
        "signin", person="ada", conversationId=card.where, exchangeId="x", token=await sso(people, "ada")
    )
    _, post = await people.posted()
    assert (await people.press("ada", post, "Ignore")).kind == "card"


async def test_many_marked_at_once_stop_at_the_first_and_go_on_after_the_page(people: Desk) -> None:
    for _ in range(3):
        _, post = await people.posted()
    await press(people, "ada", post, "Investigate")  # from here on her token is kept
    shown = await people.ask("ada", "show active")
    title = next(title for title in shown.card.buttons if title.startswith("Mark these"))
    form = await people.open_dialog("ada", shown, title)
    await people.fault("graph", "PATCH", **MFA_AT_GRAPH)
    before, done = people.mark(), len(people.deeds())
    answer = await people.send_dialog("ada", shown, form, verdict="fraud", note="mining")
    assert "multi-factor authentication" in answer.text
    assert len(people.requests("graph", "PATCH", since=before)) == 1
    assert len(people.deeds()) == done
    async with browser(people, "ada") as tab:
        assert SIGNED_IN in (await tab.open(link(answer))).text
    await people.until(lambda: people.deeds()[done:])

    async def over() -> bool:
        async with people.parts.store.read() as tx:
            return not await tx.bulk.open_runs(1)

    await people.eventually(over)
    assert {deed["by"] for deed in people.deeds()[done:]} == {people.cloud.world.people["ada"].upn}
    people.clock.forward(10)
    await people.deliver()
    runs = [post for post in await people.posts() if post.has_card and "alerts as fraud" in post.text]
    assert len(runs) == 1, "what came to nothing was told to Ada alone"
