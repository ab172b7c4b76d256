"""The forms about cancelling: what they show, what they ask, and that what they send is what the verbs take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bot.chat.forms import ask_form, reject_form
from bot.chat.presenter import Place
from bot.domain.cancellations import SUFFIX, Consent
from bot.texts.request_card import alert_item
from cards.actions import CANCELLATION_ASK, CANCELLATION_REJECT, AskAct, RequestAct, SubscriptionAct
from tests.cardcheck import check_card, walk
from tests.factories import AZURE_PLAN, FABRIKAM, NORTHWIND, SUBSCRIPTION, entitlement
from tests.factories_requests import ALERTS, about, found_fraud, request

ALONE = Place("https://portal.azure.com", {NORTHWIND: "Northwind"})
TWO = Place("https://portal.azure.com", {NORTHWIND: "Northwind", FABRIKAM: "Fabrikam"})


def parts(card: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    return [thing for _, thing in walk(card) if str(thing.get("type", "")).startswith(kind)]


def read(card: Mapping[str, Any]) -> str:
    return "\n".join(thing["text"] for _, thing in walk(card) if "text" in thing)


def asked(kind: str = "cancel", place: Place = ALONE) -> dict[str, Any]:
    act = SubscriptionAct(alert=1042, card="card-one")
    form = dict(ask_form(kind, entitlement(name="Production web shop"), about(0), ALERTS, act, place))
    check_card(form)
    return form


def test_who_asks_sees_what_it_will_do() -> None:
    text = read(asked(place=TWO))
    for part in (
        "Cancel Azure subscription",
        "Production web shop",
        "Contoso Ltd",
        "Northwind",
        SUBSCRIPTION,
        AZURE_PLAN,
        "deallocated",
        "retention period",
        "A customer with access can reactivate it",
        "4 open alerts are resolved as fraud",
        "Its open alerts (4)",
        *map(alert_item, ALERTS),
        "vm-0 (virtualMachines, rg-batch)",
        "and 1 more",
    ):
        assert part in text, part


def test_the_form_asks_for_reason_consent_and_the_end_of_the_id() -> None:
    inputs = {field["id"]: field for field in parts(asked(), "Input.")}
    assert list(inputs) == ["reason", "consent", "consent_note", "confirm"]
    assert [field.get("isRequired", False) for field in inputs.values()] == [True, True, False, True]
    assert [choice["value"] for choice in inputs["consent"]["choices"]] == list(Consent)
    assert (inputs["confirm"]["maxLength"], f"last {SUFFIX} characters" in inputs["confirm"]["label"]) == (SUFFIX, True)


def test_what_is_sent_is_what_asking_takes() -> None:
    (submit,) = parts(asked(), "Action.")
    sent = {
        **submit["data"],
        "reason": "r",
        "consent": "refused",
        "consent_note": "n",
        "confirm": SUBSCRIPTION[-SUFFIX:],
    }
    assert submit["type"] == "Action.Submit"
    assert sent.pop("verb") == CANCELLATION_ASK
    act = AskAct.model_validate(sent)
    assert (act.kind, act.alert, act.subscription, act.card) == ("cancel", 1042, SUBSCRIPTION, "card-one")
    assert act.model_dump() == sent


def test_reactivating_asks_for_less_and_says_so_in_its_own_words() -> None:
    form = asked("reactivate")
    assert [field["id"] for field in parts(form, "Input.")] == ["reason", "confirm"]
    (submit,) = parts(form, "Action.")
    assert (submit["title"], submit["data"]["kind"]) == ("Ask to reactivate", "reactivate")
    assert "becomes active again" in read(form)
    assert "fraud" not in read(form)


def test_what_is_decided_already_is_no_open_alert_but_names_resources_as_on_the_requests_card() -> None:
    act = SubscriptionAct(alert=1042)
    text = read(dict(ask_form("cancel", entitlement(), about(0), (about(0), found_fraud(9)), act, ALONE)))
    assert "1 open alert is resolved as fraud" in text
    assert "vm-9 (virtualMachines, rg-batch)" in text


def test_a_named_subscription_needs_no_alert() -> None:
    act = SubscriptionAct(subscription=SUBSCRIPTION)
    form = dict(ask_form("cancel", entitlement(), about(0), (), act, ALONE))
    check_card(form)
    (submit,) = parts(form, "Action.")
    assert submit["data"] == {"kind": "cancel", "subscription": SUBSCRIPTION, "verb": CANCELLATION_ASK}


@pytest.mark.parametrize("kind", ["cancel", "reactivate"])
def test_what_does_not_do_comes_back_as_it_was_filled_in(kind: str) -> None:
    typed = {"reason": "mining\nfor days", "consent": "unreachable", "consent_note": "", "confirm": "abcdef"}
    act = AskAct.model_validate({"alert": 1042, "card": "card-one", "kind": kind, **typed})
    form = dict(ask_form(kind, None, about(0), ALERTS, act, TWO, "Those are not the last 6 characters."))
    check_card(form)
    assert "Those are not the last 6 characters." in read(form)
    fields = parts(form, "Input.")
    assert {field["id"]: field.get("value", "") for field in fields} == {
        name: text for name, text in typed.items() if kind == "cancel" or "consent" not in name
    }
    assert parts(form, "Action.") == parts(asked(kind), "Action.")
    act = RequestAct(request=12, reason="load test")
    again = dict(reject_form(request(), act, "I could not check your roles just now."))
    check_card(again)
    assert "I could not check your roles just now." in read(again)


def test_rejecting_asks_why_and_carries_what_the_card_showed() -> None:
    act = RequestAct(request=12, card="request-card-one", plan="digest", reason="load test")
    form = dict(reject_form(request(), act))
    check_card(form)
    (field,) = parts(form, "Input.")
    assert (field["id"], field["isRequired"], field["value"]) == ("reason", True, "load test")
    (submit,) = parts(form, "Action.")
    assert submit["data"] == {
        "request": 12,
        "card": "request-card-one",
        "plan": "digest",
        "verb": CANCELLATION_REJECT,
    }
    assert "Ada" in read(form)
