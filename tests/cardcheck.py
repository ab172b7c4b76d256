"""Is this card one that Teams knows? Every element is checked with Microsoft's own class for its `type`.

`microsoft-teams-cards` admits unknown keys and does not look into children, so each level is walked here, its keys are
compared with what the class declares, and its values are validated one element at a time.
"""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Iterator
from typing import Any, Literal

from microsoft_teams.cards import core
from pydantic import BaseModel, ValidationError

from cards.size import LIMIT, utf16_bytes

MAX_PRIMARY = 6  # Teams shows so many buttons of a set
MAX_REFRESHERS = 60

# Things whose place on the wire says what they are; they carry no `type`.
_UNTYPED: dict[tuple[str, str], type[BaseModel]] = {
    ("AdaptiveCard", "refresh"): core.RefreshDefinition,
    ("AdaptiveCard", "msteams"): core.TeamsCardProperties,
    ("Input.ChoiceSet", "choices"): core.Choice,
    ("Table", "columns"): core.ColumnDefinition,
    ("FactSet", "facts"): core.Fact,
    ("mention", "mentioned"): core.MentionedEntity,
    ("Chart.Line", "data"): core.LineChartData,
    ("LineChartData", "values"): core.LineChartValue,
    ("Chart.Donut", "data"): core.DonutChartData,
    ("Chart.VerticalBar", "data"): core.VerticalBarChartDataValue,
    ("Chart.HorizontalBar", "data"): core.HorizontalBarChartDataValue,
}


def _classes() -> dict[str, type[BaseModel]]:
    found: dict[str, type[BaseModel]] = {}
    for _, model in inspect.getmembers(core, lambda part: inspect.isclass(part) and issubclass(part, BaseModel)):
        field = model.model_fields.get("type")
        if field is not None and typing.get_origin(field.annotation) is Literal:
            found[typing.get_args(field.annotation)[0]] = model
    return found


CLASSES = _classes()


class BadCard(AssertionError):
    """What is wrong with a card, and where."""


def check_card(card: dict[str, Any]) -> None:
    """Raises BadCard for anything in it that Teams would drop, refuse or draw badly."""
    json.dumps(card, allow_nan=False)
    _require(card.get("type") == "AdaptiveCard", "card", "it is no AdaptiveCard")
    _require(card.get("version") == "1.5", "card", "its version is not 1.5")
    _require(bool(card.get("fallbackText")), "card", "it has no fallbackText")
    _require(bool(card.get("body")), "card", "it has no body")
    _require(utf16_bytes(card) <= LIMIT, "card", f"it has {utf16_bytes(card)} bytes of UTF-16")
    _check(card, "card")
    for path, thing in walk(card):
        _house_rules(path, thing)
    _check_mentions(card)


def mentions(card: dict[str, Any]) -> tuple[str, ...]:
    """The texts of the card's mentions, each once."""
    return tuple(entity["text"] for entity in card.get("msteams", {}).get("entities", ()))


def _check_mentions(card: dict[str, Any]) -> None:
    """Each names somebody, and stands in exactly one text of the card, letter for letter.
    https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format#mention-support-within-adaptive-cards"""
    shown = " ".join(thing["text"] for _, thing in walk(card.get("body", [])) if thing.get("type") == "TextBlock")
    texts = mentions(card)
    _require(len(set(texts)) == len(texts), "card.msteams", "two mentions that read alike")
    for text, entity in zip(texts, card.get("msteams", {}).get("entities", ()), strict=True):
        _require(shown.count(text) == 1, "card.msteams", f"{text!r} stands in the card {shown.count(text)} times")
        _require(bool(entity["mentioned"]["id"]), "card.msteams", f"{text!r} names nobody")
        _require(text == f"<at>{entity['mentioned']['name']}</at>", "card.msteams", f"{text!r} is named otherwise")


def walk(thing: Any, path: str = "card") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every typed or untyped object of the card with its path; what `data` holds is left out."""
    if isinstance(thing, dict):
        yield path, thing
        for key, value in thing.items():
            if not _is_ours(thing, key):
                yield from walk(value, f"{path}.{key}")
    elif isinstance(thing, list):
        for index, value in enumerate(thing):
            yield from walk(value, f"{path}[{index}]")


def _is_ours(thing: dict[str, Any], key: str) -> bool:
    """What an action carries is ours alone: whatever is JSON. The data of a chart is drawn."""
    return key == "data" and not str(thing.get("type")).startswith("Chart.")


def declared_keys(model: type[BaseModel]) -> set[str]:
    """The names that the class gives its properties on the wire."""
    return {field.serialization_alias or field.alias or name for name, field in model.model_fields.items()}


def _check(thing: dict[str, Any], path: str, model: type[BaseModel] | None = None) -> None:
    kind = thing.get("type", "")
    model = model or CLASSES.get(kind)
    if model is None:
        raise BadCard(f"{path}: Teams knows no type {kind!r}")
    allowed = declared_keys(model) | ({"$schema"} if path == "card" else set())
    _require(
        thing.keys() <= allowed, path, f"{kind or model.__name__} does not declare {sorted(thing.keys() - allowed)}"
    )
    for key, value in thing.items():
        if _is_ours(thing, key):
            continue
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(child, dict):
                where = f"{path}.{key}[{index}]" if isinstance(value, list) else f"{path}.{key}"
                _check(child, where, _UNTYPED.get((kind or model.__name__, key)))
    _validate(thing, path, model)


def _validate(thing: dict[str, Any], path: str, model: type[BaseModel]) -> None:
    own = {key: value for key, value in thing.items() if key not in {"$schema", "msteams"}}
    if model is core.TeamsCardProperties and own.get("width") == "Full":
        own["width"] = "full"  # Microsoft's documents write "Full", its model "full"; clients take both
    try:
        model.model_validate(own)
    except ValidationError as wrong:
        raise BadCard(f"{path}: {wrong}") from wrong


def _house_rules(path: str, thing: dict[str, Any]) -> None:
    kind = thing.get("type")
    if kind == "TextBlock":
        _require(thing.get("wrap") is True, path, "a TextBlock that does not wrap is cut off on a phone")
    if kind in {"TextBlock", "TextRun"}:
        _require(bool(thing.get("text")), path, f"a {kind} without text")
    if kind == "RichTextBlock":
        _require(bool(thing.get("inlines")), path, "a RichTextBlock without inlines")
    if kind == "ActionSet":
        primary = [action for action in thing["actions"] if action.get("mode") != "secondary"]
        _require(bool(thing["actions"]), path, "an ActionSet without actions")
        _require(len(primary) <= MAX_PRIMARY, path, f"{len(primary)} primary actions")
    if kind == "Action.Execute" and not path.endswith(".refresh.action"):
        fallback = thing.get("fallback") or {}
        _require(
            fallback.get("type") == "Action.Submit", path, "an Action.Execute without an Action.Submit as fallback"
        )
        same = {**thing.get("data", {}), "verb": thing.get("verb")}
        _require(fallback.get("data") == same, path, "a fallback that carries other data")
        _require(fallback.get("mode") == thing.get("mode"), path, "a fallback of another mode")
    if str(kind).startswith("Action.") and not path.endswith(".refresh.action"):
        _require(bool(thing.get("title")), path, "an action without a title")
    if str(kind).startswith("Input."):
        _require(bool(thing.get("label")), path, "an input without a label")
        _require(
            not thing.get("isRequired") or bool(thing.get("errorMessage")),
            path,
            "a required input without errorMessage",
        )
    if str(kind).startswith("Chart."):
        _require(bool(thing.get("data")), path, "a chart without data")
        _require(bool(thing.get("fallback")), path, "a chart without what stands for it where none is drawn")
    if "userIds" in thing:
        _require(len(thing["userIds"]) <= MAX_REFRESHERS, path, "more people than refresh can take")


def _require(holds: bool, path: str, complaint: str) -> None:
    if not holds:
        raise BadCard(f"{path}: {complaint}")
