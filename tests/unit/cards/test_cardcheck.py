"""The checker finds what it is there to find."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from cards import alert_card, form_card
from tests.cardcheck import BadCard, check_card, walk
from tests.factories_cards import ALERT, FORM


def first(card: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(thing for _, thing in walk(card) if thing.get("type") == kind)


@pytest.mark.parametrize(
    ("kind", "change", "complaint"),
    [
        ("TextRun", {"colour": "Good"}, "TextRun does not declare"),
        ("TextRun", {"color": "green"}, "color"),
        ("TextRun", {"text": ""}, "without text"),
        ("RichTextBlock", {"inlines": []}, "without inlines"),
        ("RichTextBlock", {"wrap": True}, "RichTextBlock does not declare"),
        ("TextBlock", {"wrap": False}, "does not wrap"),
        ("TextBlock", {"style": "headline"}, "style"),
        ("Container", {"style": "danger"}, "style"),
        ("Column", {"targetWidth": "phone"}, "targetWidth"),
        ("ActionSet", {"type": "Actions"}, "knows no type 'Actions'"),
        ("ActionSet", {"spacing": "huge"}, "spacing"),
        ("Action.OpenUrl", {"mode": "hidden"}, "mode"),
        ("Action.Submit", {"msTeams": {}}, "does not declare"),
        ("AdaptiveCard", {"version": "1.6"}, "version"),
        ("AdaptiveCard", {"msteams": {"Width": "Full"}}, "does not declare"),
        ("AdaptiveCard", {"refresh": {"userIDs": []}}, "does not declare"),
        ("AdaptiveCard", {"refresh": {"userIds": ["x"] * 61}}, "more people"),
        ("AdaptiveCard", {"fallbackText": ""}, "fallbackText"),
        ("AdaptiveCard", {"speak": "x" * 50_000}, "bytes of UTF-16"),
    ],
)
def test_a_damaged_card_is_refused(kind: str, change: dict[str, Any], complaint: str) -> None:
    card = copy.deepcopy(alert_card(ALERT))
    check_card(card)
    first(card, kind).update(change)
    with pytest.raises(BadCard, match=complaint):
        check_card(card)


def test_a_fallback_has_to_carry_the_same() -> None:
    card = copy.deepcopy(alert_card(ALERT))
    del card["refresh"]
    first(card, "Action.Execute")["fallback"]["data"]["version"] = 8
    with pytest.raises(BadCard, match="other data"):
        check_card(card)
    del first(card, "Action.Execute")["fallback"]
    with pytest.raises(BadCard, match="without an Action"):
        check_card(card)


def test_too_many_buttons_are_refused() -> None:
    card = copy.deepcopy(alert_card(ALERT))
    for action in first(card, "ActionSet")["actions"]:
        action.pop("mode", None)
        action.get("fallback", {}).pop("mode", None)
    with pytest.raises(BadCard, match="9 primary actions"):
        check_card(card)


@pytest.mark.parametrize(("key", "complaint"), [("label", "without a label"), ("errorMessage", "without errorMessage")])
def test_inputs_have_to_explain_themselves(key: str, complaint: str) -> None:
    card = copy.deepcopy(form_card(FORM))
    del first(card, "Input.Text")[key]
    with pytest.raises(BadCard, match=complaint):
        check_card(card)
