"""Every card in every state: one that Teams knows, within its limits, and nothing of hostile text comes alive in it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cards import alert_card, details_card, form_card, info_card, list_card
from cards.actions import PAYLOADS
from cards.elements import Json
from cards.size import LIMIT, utf16_bytes
from cards.views import Button, Choice, Field, Line
from tests.cardcheck import check_card, mentions, walk
from tests.factories_cards import (
    ACT,
    ALERT,
    DETAILS,
    FORM,
    FRAUD,
    HOSTILE,
    INFO,
    LEGITIMATE,
    LIST,
    PENDING,
    SAMPLES,
    STATES,
    VIEWS,
    Build,
    Sample,
    overfull,
    texts_replaced,
)

each_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
each_card = pytest.mark.parametrize(
    ("build", "view"), [pytest.param(build, view, id=name) for name, build, view in VIEWS]
)

MEANT = {"data", "verb", "url", "id", "userIds", "type", "version", "$schema"}  # not read by people
LIVE = re.compile(r"(?i)https?:|<at\b|\{\{|\bwww\.|evil\.com")


def read_texts(card: Json) -> list[tuple[str, str, str]]:
    """(path, element type, text) of all that is shown or read aloud."""
    return [
        (f"{path}.{key}", thing.get("type", ""), value)
        for path, thing in walk(card)
        for key, value in thing.items()
        if key not in MEANT and isinstance(value, str)
    ]


def assert_tame(card: Json) -> None:
    for path, kind, read in read_texts(card):
        if path.startswith("card.msteams"):
            continue  # cardcheck compares the mentions with what stands in the card
        text = read
        for mention in mentions(card) if kind == "TextBlock" else ():
            text = text.replace(mention, "")
        assert not LIVE.search(text), path
        if kind != "TextRun":
            assert "[" not in text, path
        if kind == "TextBlock":
            assert not re.search(r"(?<!\\)(?:\\\\)*[*_~`]", text), path


def of_type(card: Json, kind: str) -> list[dict[str, Any]]:
    return [thing for _, thing in walk(card) if thing.get("type") == kind]


def texts(card: Json) -> str:
    return "\n".join(text for _, _, text in read_texts(card))


@each_sample
def test_the_card_is_one_that_teams_knows(sample: Sample) -> None:
    card = sample.card()
    check_card(card)
    assert json.loads(json.dumps(card)) == card


@each_sample
def test_nothing_hostile_comes_alive(sample: Sample) -> None:
    assert_tame(sample.card())


@each_sample
def test_usual_cards_are_far_below_the_limit(sample: Sample) -> None:
    if sample.name in {name for name, _, _ in (*VIEWS, *STATES)}:
        assert utf16_bytes(sample.card()) <= 2 * 20_000


@each_card
@pytest.mark.parametrize(
    "text", [HOSTILE * 20, "🔥" * 5000, '"\\' * 5000, "a\n" * 5000], ids=["hostile", "astral", "quotes", "lines"]
)
def test_over_full_cards_are_shortened_until_they_fit(build: Build, view: Any, text: str) -> None:
    card = build(texts_replaced(overfull(view), text))
    check_card(card)
    assert utf16_bytes(card) <= LIMIT


@each_card
def test_building_a_card_is_repeatable_and_leaves_the_view_alone(build: Build, view: Any) -> None:
    assert build(view) == build(view)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.one_of(st.sampled_from([HOSTILE, "[x](http://evil.com)", "<at>A</at>", "{{"]), st.text()), max_size=5)
)
def test_no_text_at_all_breaks_a_card(pieces: list[str]) -> None:
    text = "".join(pieces)
    for _, build, view in VIEWS:
        card = build(texts_replaced(view, text))
        check_card(card)
        assert_tame(card)


@given(st.lists(st.booleans(), max_size=20))
def test_at_most_three_buttons_stand_side_by_side_and_none_is_lost(secondary: list[bool]) -> None:
    given_buttons = [Button(f"B{n}", verb="alert.note", data=ACT, secondary=under) for n, under in enumerate(secondary)]
    card = info_card(replace(INFO, buttons=tuple(given_buttons)))
    check_card(card)
    sets = of_type(card, "ActionSet")
    if not given_buttons:
        assert sets == []
        return
    shown = sets[0]["actions"]
    primary = [action["title"] for action in shown if "mode" not in action]
    assert 1 <= len(primary) <= 3
    assert sorted(action["title"] for action in shown) == sorted(button.title for button in given_buttons)
    wanted = [button.title for button in given_buttons if not button.secondary]
    assert primary == (wanted[:3] or ["B0"])


def test_the_alert_card_says_all_that_one_needs() -> None:
    shown = texts(alert_card(ALERT))
    for fact in ALERT.facts:
        assert fact.label in shown
        assert fact.value in shown
    assert ALERT.deadline is not None
    for text in (ALERT.label, ALERT.title, ALERT.status.text, ALERT.deadline.text, *ALERT.resources, ALERT.hint):
        assert text in shown


def test_severity_is_a_word_and_a_shape_not_only_a_colour() -> None:
    run = of_type(alert_card(ALERT), "TextRun")[0]
    assert run == {"type": "TextRun", "text": "▲ High", "color": "Attention", "weight": "Bolder"}


def test_the_number_is_the_heading_of_the_card() -> None:
    headings = [block["text"] for block in of_type(alert_card(ALERT), "TextBlock") if block["style"] == "heading"]
    assert headings == ["A-1042", "Affected resources"]


def test_an_open_alert_has_its_colour_and_a_decided_one_is_calm() -> None:
    assert alert_card(ALERT)["body"][0]["style"] == "attention"
    assert alert_card(PENDING)["body"][0]["style"] == "accent"
    assert alert_card(FRAUD)["body"][0]["style"] == "emphasis"


@pytest.mark.parametrize(("view", "style"), [(FRAUD, "attention"), (LEGITIMATE, "good")])
def test_a_decision_stands_in_a_box_of_its_colour(view: Any, style: str) -> None:
    card = alert_card(view)
    boxes = [box for box in of_type(card, "Container") if box.get("roundedCorners")]
    assert [box["style"] for box in boxes] == [style]
    inside = texts(boxes[0])
    for line in (view.status, *view.decision):
        assert line.text in inside


def test_a_button_carries_the_same_data_for_old_clients() -> None:
    action = of_type(alert_card(ALERT), "Action.Execute")[1]
    assert action == {
        "type": "Action.Execute",
        "title": "Mark legitimate",
        "verb": "alert.legitimate",
        "data": ACT,
        "fallback": {"type": "Action.Submit", "title": "Mark legitimate", "data": {**ACT, "verb": "alert.legitimate"}},
    }


def test_a_dialog_button_asks_teams_for_a_dialog() -> None:
    submits = of_type(alert_card(ALERT), "Action.Submit")
    opening = next(action for action in submits if action["title"] == "Cancel subscription")
    assert opening["data"] == {**ACT, "verb": "subscription.cancel", "msteams": {"type": "task/fetch"}}


def test_a_form_sends_with_plain_submit_and_has_its_own_width() -> None:
    card = form_card(FORM)
    assert [action["data"]["verb"] for action in of_type(card, "Action.Submit")] == ["alert.reverdict"]
    assert of_type(card, "Action.Execute") == []
    assert "msteams" not in card


def test_many_choices_become_a_drop_down() -> None:
    few = Field("a", "A", choices=tuple(Choice(str(n), str(n)) for n in range(5)))
    many = Field("b", "B", choices=tuple(Choice(str(n), str(n)) for n in range(6)))
    styles = [field["style"] for field in of_type(form_card(replace(FORM, fields=(few, many))), "Input.ChoiceSet")]
    assert styles == ["expanded", "compact"]


def test_refresh_names_at_most_sixty_people() -> None:
    assert ALERT.refresh is not None
    people = tuple(f"29:{number}" for number in range(100))
    card = alert_card(replace(ALERT, refresh=replace(ALERT.refresh, user_ids=people)))
    assert card["refresh"]["userIds"] == list(people[:60])
    assert card["refresh"]["action"] == {"type": "Action.Execute", "verb": "alert.refresh", "data": ACT}


def test_refresh_for_nobody_is_still_in_the_menu() -> None:
    assert ALERT.refresh is not None
    card = alert_card(replace(ALERT, refresh=replace(ALERT.refresh, user_ids=())))
    assert card["refresh"]["userIds"] == []
    assert "refresh" not in alert_card(replace(ALERT, refresh=None))


def test_every_verb_on_a_card_has_a_model_that_takes_its_data() -> None:
    for sample in SAMPLES:
        for action in of_type(sample.card(), "Action.Execute"):
            PAYLOADS[action["verb"]].model_validate(action["data"])


def test_long_lists_of_resources_say_how_many_more() -> None:
    shown = texts(alert_card(replace(ALERT, resources=tuple(f"vm-{number}" for number in range(20)))))
    assert "vm-7" in shown
    assert "vm-8" not in shown
    assert "… +12" in shown


def test_a_row_of_a_list_is_pressed_as_a_whole_and_says_what_it_shows() -> None:
    card = list_card(LIST)
    rows = [thing for thing in of_type(card, "ColumnSet") if "selectAction" in thing]
    assert len(rows) == len(LIST.rows)
    assert rows[0]["selectAction"]["title"] == f"Open A-1042, High, {LIST.rows[0].title}, Active"


def test_an_empty_list_says_so() -> None:
    assert LIST.empty in texts(list_card(replace(LIST, rows=())))


def test_paragraphs_of_a_description_stay_paragraphs() -> None:
    runs = [run["text"] for run in of_type(details_card(DETAILS), "TextRun")]
    assert any(run.startswith("Virtual machines were created") and run.endswith("before.") for run in runs)
    assert any(run.startswith("We recommend") for run in runs)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "", "msteams://x", "//evil.com", "data:text/html,x"])
def test_a_button_opens_web_addresses_only(url: str) -> None:
    with pytest.raises(ValueError, match="web addresses only"):
        info_card(replace(INFO, buttons=(Button("Go", "url", url=url),)))


def test_a_tone_never_stands_without_its_words() -> None:
    card = info_card(replace(INFO, lines=(Line("", "attention"),)))
    assert all(run["text"].strip() for run in of_type(card, "TextRun"))
