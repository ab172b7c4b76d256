"""The elements of a card: the library's own classes and what `adaptivecards` 0.4.1 lacks, behind one strict door.

The library keeps an unknown keyword as a plain Python attribute, so a misspelt one is silently missing on the wire.
Here each class takes the wire's property names in snake case (`isSubtle` is `is_subtle`), refuses any other, and holds
its children as plain dicts, so that `render()` is JSON at once. The only importer of `adaptivecards`; knows no view.

Shapes: https://adaptivecards.io/explorer/ and https://adaptivecards.microsoft.com/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from adaptivecards import adaptivecard, containers, elements
from adaptivecards.baseobject import BareObject, PropertyType

Json = dict[str, Any]


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind is str or kind is bool or kind is int:
        return value
    if kind is list or kind is tuple:
        return [part._data if isinstance(part, BareObject) else _plain(part) for part in value]
    if isinstance(value, BareObject):
        return value._data
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return value


def _snake(wire_name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", wire_name).lower()


class Strict(BareObject):
    """A thing of a card. A keyword that is None is left out; one that the class does not declare is a TypeError."""

    # A subclass sets `element_type`, as the library's do; one without has no `type` on the wire.
    _properties: ClassVar[dict[str, PropertyType]] = {}
    _constants: ClassVar[Json] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        declared = (part for base in reversed(cls.__mro__) for part in vars(base).values())
        if (kind := getattr(cls, "element_type", None)) is not None:
            cls._constants = {"type": kind}
        cls._properties = {_snake(part.key_name): part for part in declared if isinstance(part, PropertyType)}

    def __init__(self, **properties: Any) -> None:
        # In place of the library's constructors, which do the same more slowly, and a card has a hundred elements.
        self._data: Json = dict(self._constants)
        for name, value in properties.items():
            if value is None:
                continue
            if (declared := self._properties.get(name)) is None:
                raise TypeError(f"{type(self).__name__} has no property {name!r}; it has {sorted(self._properties)}")
            if type(value) is not declared.type and not isinstance(value, declared.type):
                raise TypeError(f"{declared.key_name} of {type(self).__name__} is a {declared.type}, not {value!r}")
            self._data[declared.key_name] = _plain(value)


class Action(Strict):
    id = PropertyType(type=str)
    title = PropertyType(type=str)
    tooltip = PropertyType(type=str)
    mode = PropertyType(type=str)  # "secondary": in the overflow menu
    fallback = PropertyType(type=BareObject)


class Execute(Action):
    """Universal Action: the client sends invoke `adaptiveCard/action` with `verb` and `data`."""

    element_type = "Action.Execute"
    verb = PropertyType(type=str)
    data = PropertyType(type=Mapping)


class Submit(Action):
    element_type = "Action.Submit"
    data = PropertyType(type=Mapping)


class OpenUrl(Action):
    element_type = "Action.OpenUrl"
    url = PropertyType(type=str)


class Refresh(Strict):
    action = PropertyType(type=Execute)
    user_ids = PropertyType(type=list, key_name="userIds")


class Block(Strict):
    """What every element in a body has, beyond the library's `Element`."""

    target_width = PropertyType(type=str, key_name="targetWidth")
    fallback = PropertyType(type=(str, BareObject))


class TextBlock(Block, elements.TextBlock):
    style = PropertyType(type=str)  # "heading"


class TextRun(Strict, elements.TextRun):
    pass


class RichTextBlock(Block, elements.RichTextBlock):
    pass


class Container(Block, containers.Container):
    select_action = PropertyType(type=Action, key_name="selectAction")
    rounded_corners = PropertyType(type=bool, key_name="roundedCorners")


class ColumnSet(Block, containers.ColumnSet):
    select_action = PropertyType(type=Action, key_name="selectAction")


class Column(Block, containers.Column):
    select_action = PropertyType(type=Action, key_name="selectAction")


class ActionSet(Block, containers.ActionSet):
    pass


class Table(Block):
    """`columns`: TableColumn each; `rows`: TableRow each. Blank on some phones, so give it a `fallback`."""

    element_type = "Table"
    columns = PropertyType(type=list)
    rows = PropertyType(type=list)
    first_row_as_headers = PropertyType(type=bool, key_name="firstRowAsHeaders")
    show_grid_lines = PropertyType(type=bool, key_name="showGridLines")
    grid_style = PropertyType(type=str, key_name="gridStyle")
    separator = PropertyType(type=bool)
    spacing = PropertyType(type=str)


class TableColumn(Strict):
    width = PropertyType(type=(int, str))


class TableRow(Strict):
    element_type = "TableRow"
    cells = PropertyType(type=list)
    style = PropertyType(type=str)


class TableCell(Strict):
    element_type = "TableCell"
    items = PropertyType(type=list)
    style = PropertyType(type=str)


class Chart(Block):
    """What all charts have. Teams on iOS draws none, and does not take the `fallback` either.
    https://adaptivecards.microsoft.com/?topic=Chart.Line"""

    title = PropertyType(type=str)
    color_set = PropertyType(type=str, key_name="colorSet")
    data = PropertyType(type=list)
    spacing = PropertyType(type=str)


class LineChart(Chart):
    """`data`: ChartSeries each."""

    element_type = "Chart.Line"
    x_axis_title = PropertyType(type=str, key_name="xAxisTitle")
    y_axis_title = PropertyType(type=str, key_name="yAxisTitle")


class DonutChart(Chart):
    """`data`: ChartSlice each."""

    element_type = "Chart.Donut"


class VerticalBarChart(Chart):
    """`data`: ChartValue each."""

    element_type = "Chart.VerticalBar"
    show_bar_values = PropertyType(type=bool, key_name="showBarValues")


class HorizontalBarChart(Chart):
    """`data`: ChartValue each."""

    element_type = "Chart.HorizontalBar"
    display_mode = PropertyType(type=str, key_name="displayMode")


class ChartSeries(Strict):
    legend = PropertyType(type=str)
    values = PropertyType(type=list)  # ChartValue each
    color = PropertyType(type=str)


class ChartValue(Strict):
    x = PropertyType(type=str)
    y = PropertyType(type=(int, float))
    color = PropertyType(type=str)


class ChartSlice(Strict):
    legend = PropertyType(type=str)
    value = PropertyType(type=(int, float))
    color = PropertyType(type=str)


class Input(Block):
    id = PropertyType(type=str)
    label = PropertyType(type=str)
    is_required = PropertyType(type=bool, key_name="isRequired")
    error_message = PropertyType(type=str, key_name="errorMessage")
    placeholder = PropertyType(type=str)
    value = PropertyType(type=str)
    separator = PropertyType(type=bool)
    spacing = PropertyType(type=str)


class TextInput(Input):
    element_type = "Input.Text"
    is_multiline = PropertyType(type=bool, key_name="isMultiline")
    max_length = PropertyType(type=int, key_name="maxLength")


class ChoiceSet(Input):
    element_type = "Input.ChoiceSet"
    choices = PropertyType(type=list)  # Choice each
    style = PropertyType(type=str)  # "compact" or "expanded"
    wrap = PropertyType(type=bool)


class Choice(Strict):
    title = PropertyType(type=str)
    value = PropertyType(type=str)


class Card(Strict, adaptivecard.AdaptiveCard):
    """Version 1.5: the newest that Teams takes from bots.
    https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-reference#adaptive-card"""

    _constants: ClassVar[Json] = {**adaptivecard.AdaptiveCard().render(), "version": "1.5"}
    refresh = PropertyType(type=Refresh)
    msteams = PropertyType(type=Mapping)
