"""The door to `adaptivecards`: the wire's names, nothing unknown, plain children."""

from __future__ import annotations

import json
from typing import Any

import pytest
from adaptivecards.baseobject import PropertyType

from cards.elements import (
    ActionSet,
    Card,
    ChartSeries,
    ChartSlice,
    ChartValue,
    Choice,
    ChoiceSet,
    Column,
    ColumnSet,
    Container,
    DonutChart,
    Execute,
    HorizontalBarChart,
    LineChart,
    OpenUrl,
    Refresh,
    RichTextBlock,
    Strict,
    Submit,
    Table,
    TableCell,
    TableColumn,
    TableRow,
    TextBlock,
    TextInput,
    TextRun,
    VerticalBarChart,
)
from tests.cardcheck import CLASSES, check_card, declared_keys


def everything() -> Card:
    """A card with each element that there is."""
    submit = Submit(title="Send", data={"verb": "v", "n": 1})
    execute = Execute(title="Do", verb="v", data={"n": 1}, fallback=submit)
    head = TextBlock(text="Head", style="heading", wrap=True, target_width="atLeast:Narrow")
    cells = [TableCell(items=[RichTextBlock(inlines=[TextRun(text="cell", is_subtle=True, font_type="Monospace")])])]
    table = Table(
        columns=[TableColumn(width=1)],
        rows=[TableRow(cells=cells)],
        first_row_as_headers=True,
        show_grid_lines=False,
        fallback=TextBlock(text="cell", wrap=True),
    )
    return Card(
        fallback_text="All",
        speak="All",
        msteams={"width": "Full"},
        refresh=Refresh(action=Execute(verb="r", data={}), user_ids=["29:a"]),
        body=[
            Container(style="emphasis", bleed=True, rounded_corners=True, items=[head], select_action=execute),
            ColumnSet(columns=[Column(width="stretch", items=[table])], separator=True, spacing="Medium"),
            TextInput(id="t", label="T", is_required=True, error_message="!", max_length=5, is_multiline=True),
            ChoiceSet(id="c", label="C", choices=[Choice(title="One", value="1")], style="compact", wrap=True),
            LineChart(
                title="Days",
                color_set="categorical",
                x_axis_title="Day",
                y_axis_title="Hours",
                data=[ChartSeries(legend="A", color="good", values=[ChartValue(x="2026-03-01", y=1.5)])],
                fallback=table,
            ),
            DonutChart(title="Parts", data=[ChartSlice(legend="A", value=1, color="good")], fallback=table),
            VerticalBarChart(
                title="Bars", data=[ChartValue(x="A", y=1, color="good")], show_bar_values=True, fallback=table
            ),
            HorizontalBarChart(
                title="Bars", data=[ChartValue(x="A", y=1)], display_mode="AbsoluteWithAxis", fallback=table
            ),
            ActionSet(actions=[execute, submit, OpenUrl(title="Go", url="https://x.example", mode="secondary")]),
        ],
    )


def test_a_card_of_every_element_is_one_that_microsofts_classes_know() -> None:
    card = everything().render()
    check_card(card)
    assert card["version"] == "1.5"
    assert card["$schema"] == "http://adaptivecards.io/schemas/adaptive-card.json"
    assert card["refresh"] == {"action": {"type": "Action.Execute", "verb": "r", "data": {}}, "userIds": ["29:a"]}


def test_what_is_rendered_is_json_without_any_object_of_ours() -> None:
    card = everything().render()
    assert json.loads(json.dumps(card)) == card


def classes() -> list[type[Strict]]:
    found: list[type[Strict]] = []
    waiting = [Strict]
    while waiting:
        found += (below := waiting.pop().__subclasses__())
        waiting += below
    return found


@pytest.mark.parametrize("element", classes(), ids=lambda element: element.__name__)
def test_every_class_refuses_a_misspelt_keyword(element: type[Strict]) -> None:
    with pytest.raises(TypeError, match="no property 'wrapp'"):
        element(wrapp=True)


@pytest.mark.parametrize("element", classes(), ids=lambda element: element.__name__)
def test_every_property_that_we_add_is_one_that_microsofts_class_declares(element: type[Strict]) -> None:
    kind = element().render().get("type")
    if kind not in CLASSES:
        return  # those without a type of their own are seen in the card of everything
    ours = [vars(base) for base in element.__mro__ if base.__module__ == Strict.__module__]
    added = {part.key_name for own in ours for part in own.values() if isinstance(part, PropertyType)}
    assert added <= declared_keys(CLASSES[kind])


@pytest.mark.parametrize(
    ("element", "properties"),
    [
        (TextBlock, {"text": 5}),
        (TextBlock, {"text": "x", "wrap": "yes"}),
        (Execute, {"title": "x", "data": [1]}),
        (Card, {"refresh": {"action": {}}}),
        (Container, {"select_action": "press"}),
    ],
)
def test_a_value_of_another_type_is_refused(element: type[Strict], properties: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        element(**properties)


def test_none_leaves_a_property_out() -> None:
    assert TextRun(text="x", color=None).render() == {"type": "TextRun", "text": "x"}


def test_the_data_of_an_action_is_copied() -> None:
    given: dict[str, Any] = {"trail": ["a"]}
    made = Submit(data=given).render()
    given["trail"].append("b")
    given["more"] = 1
    assert made["data"] == {"trail": ["a"]}
