"""The way back: a cancelled subscription is reactivated by the same form, the same persons and the documented call."""

from __future__ import annotations

from bot.texts.partner_center import ANSWERS
from tests.support.cancelling import (
    Asked,
    approve,
    ask,
    asked,
    card_of,
    changes,
    now,
    request_id,
    sent,
    signed_in,
    subject,
    tend,
)
from tests.support.desk import Desk


async def state(desk: Desk, request: Asked) -> str:
    return (await now(desk, request)).state


async def _cancelled(desk: Desk) -> Asked:
    await signed_in(desk, "ada", "max")
    await desk.switch(cancel_seconds=0.0, cancel_answers_200=True)  # as the article has it
    request = await ask(desk, await subject(desk))
    await approve(desk, request)
    await tend(desk)
    assert await state(desk, request) == "done"
    assert [call.status for call in sent(desk)] == [200]
    await tend(desk, 35)
    return request


async def test_the_way_back(people: Desk) -> None:
    """reactivate: the same form, the same two persons, the documented call."""
    first = await _cancelled(people)
    about = first.subject
    post = await people.card(about.alert)
    details = (await people.press("ada", post, "Details")).card
    assert "Cancel subscription" not in details.buttons
    form = await people.open_dialog("ada", post, "Reactivate subscription", card=details)
    assert "becomes active again" in form.text
    refused = await people.send_dialog("ada", post, form, reason="Secured", confirm="000000")
    assert "last 6 characters" in refused.text
    told = await people.send_dialog("ada", post, form, reason="All keys are rotated", confirm=about.suffix)
    request = await asked(people, about, told.text)
    assert f"R-2 is asked for: to reactivate “{about.entitlement.name}”" in told.text
    assert "is your own request" in (await people.press("ada", await card_of(people, request), "Approve")).text
    await people.switch(cancel_seconds=300.0)
    answer = await approve(people, request)
    assert "Accepted, under way" in answer.text
    (call,) = sent(people, verb="reactivate")
    assert call.body is None
    assert request_id(call) == request.plan.plan.request_id != first.plan.plan.request_id
    await tend(people, 60)
    assert "The subscription is being reactivated (R-2)" in (await people.card(about.alert)).text
    await tend(people, 300)
    assert await state(people, request) == "done"
    shown = (await people.card(about.alert)).card
    assert "Subscription reactivated " in shown.text
    assert "was reactivated at" in (await people.lines(about.post))[-1]
    assert len(people.deeds()) == 1, "nothing is marked"
    assert [deed["kind"] for deed in people.cloud.world.deeds if deed["kind"] != "alert"] == ["cancel", "reactivate"]


async def test_the_way_back_typed_refused_and_voided(people: Desk) -> None:
    about = (await _cancelled(people)).subject
    typed = f"reactivate {about.entitlement.id} confirm:{about.suffix} All keys are rotated"
    request = await asked(people, about, (await people.ask("ada", typed)).text)
    await people.fault("partnercenter", "POST", "reactivate$", status=400, code="900337")
    assert f"Partner Center answered 900337: {ANSWERS['900337']}" in (await approve(people, request)).text
    await people.deliver()
    assert "The subscription stays cancelled (R-2)" in (await people.card(about.alert)).text
    await tend(people, 35)
    request = await asked(people, about, (await people.ask("ada", typed)).text)
    await people.fault("partnercenter", "POST", "reactivate$", status=403, code="900335")
    assert f"Partner Center answered 900335: {ANSWERS['900335']}" in (await approve(people, request)).text
    await tend(people, 35)
    request = await asked(people, about, (await people.ask("ada", typed)).text)
    await people.control(f"entitlements/{about.entitlement.id}", {"status": "active"})
    assert "status is another one now (active)" in (await approve(people, request)).text
    said = await people.ask("ada", typed)
    assert "only an inactive subscription can be reactivated" in said.text
    assert changes(people, "reactivate") == []
