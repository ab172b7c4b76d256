"""Saved filters as people type and press them: `save`, `saved`, `forget`, and the card that lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.chat.feature import CommandHandler, Typed, VerbHandler
from bot.chat.turn import CloseDialog, OpenDialog, Reply, Say, ShowCard, Turn, TurnKind
from bot.domain.saved_filters import LONGEST_NAME, SavedFilter
from bot.errors import UserError
from bot.services.saved_filters import SavedFilters
from bot.texts import en
from bot.texts import saved_filters as texts
from cards import actions
from cards.actions import ForgetFilter, SaveFilter
from cards.form import form_card
from cards.saved import saved_filters_card
from cards.views import Button, Fact, Field, FormView, Line, SavedFilterRow, SavedFiltersView

_LONGEST_TYPED = 60
"""Characters of a name that a button carries, so that one that is too long is told to be."""


class Saving:
    def __init__(self, saved: SavedFilters) -> None:
        self._saved = saved

    def commands(self, typed: Typed) -> Mapping[str, CommandHandler]:
        async def save(turn: Turn, rest: str) -> Reply:
            name, _, words = rest.strip().partition(" ")
            if not name or not words.strip():
                raise UserError(texts.SAVE_USAGE, code="no_words")
            data = {"name": _plain(name), "words": words.strip()}
            return await typed(turn, actions.FILTERS_SAVE, data)

        async def forget(turn: Turn, rest: str) -> Reply:
            if not rest.strip() or " " in rest.strip():
                raise UserError(texts.FORGET_USAGE, code="no_name")
            return await typed(turn, actions.FILTERS_FORGET, {"name": _plain(rest.strip())})

        return {"save": save, "saved": self._list, "forget": forget}

    def verbs(self) -> Mapping[str, VerbHandler]:
        return {actions.FILTERS_SAVE: self._save, actions.FILTERS_FORGET: self._forget}

    async def _list(self, turn: Turn, rest: str) -> Reply:
        if rest:
            raise UserError(en.takes_nothing("saved", rest), code="too_much")
        return await self._card(turn)

    async def _save(self, turn: Turn, act: SaveFilter) -> Reply:
        if turn.kind == TurnKind.DIALOG_OPEN:
            return OpenDialog(texts.FORM_TITLE, _form(turn, act))
        try:
            saved, replaced = await self._saved.save(
                act.name.strip().removeprefix("@"), act.words, turn.person, turn.conversation, turn.activity_id
            )
        except UserError as problem:
            if turn.kind != TurnKind.DIALOG_SUBMIT or problem.code != "bad_name":
                raise
            return OpenDialog(texts.FORM_TITLE, _form(turn, act, problem.message))
        said = texts.saved(saved.name, saved.words, replaced=replaced)
        return CloseDialog(said) if turn.kind == TurnKind.DIALOG_SUBMIT else Say(said)

    async def _forget(self, turn: Turn, act: ForgetFilter) -> Reply:
        await self._saved.forget(act.name, turn.person, turn.conversation, turn.activity_id)
        return await self._card(turn) if turn.kind == TurnKind.EXECUTE else Say(texts.forgotten(act.name))

    async def _card(self, turn: Turn) -> Reply:
        found = await self._saved.listed(turn.person, turn.conversation)
        title = texts.TITLE_OWN if turn.is_personal else texts.TITLE_HERE
        view = SavedFiltersView(
            title=title,
            lead=texts.LEAD,
            rows=tuple(_row(saved, turn) for saved in found),
            empty=texts.EMPTY_OWN if turn.is_personal else texts.EMPTY_HERE,
            fallback_text=texts.fallback(len(found)),
        )
        return ShowCard(saved_filters_card(view), summary=title)


def save_button(words: str) -> Button:
    """Opens the form that keeps what a list shows."""
    return Button(texts.SAVE_THESE, "dialog", actions.FILTERS_SAVE, {"words": words}, secondary=True)


def _row(saved: SavedFilter, turn: Turn) -> SavedFilterRow:
    name = f"@{saved.name}"
    day = en.when(saved.at)
    return SavedFilterRow(
        name=name,
        words=saved.words,
        by=day if turn.is_personal else f"{texts.by(saved.by_name)}, {day}",
        show=Button(f"{en.SHOW} {name}", verb=actions.LIST_PAGE, data={"words": saved.words}),
        forget=Button(texts.FORGET, verb=actions.FILTERS_FORGET, data={"name": saved.name}),
    )


def _form(turn: Turn, act: SaveFilter, problem: str = "") -> Mapping[str, Any]:
    lines = (*((Line(problem, "attention", strong=True),) if problem else ()),)
    return form_card(
        FormView(
            title=texts.FORM_TITLE,
            lines=(*lines, Line(texts.FORM_OWN if turn.is_personal else texts.FORM_HERE)),
            facts=(Fact(texts.FILTER, act.words),),
            fields=(
                Field(
                    "name",
                    texts.NAME_FIELD,
                    required=True,
                    error=texts.NAME_REQUIRED,
                    placeholder=texts.NAME_PLACEHOLDER,
                    max_length=LONGEST_NAME,
                    value=act.name,
                ),
            ),
            submit=Button(en.SAVE, "submit", actions.FILTERS_SAVE, {"words": act.words}),
            fallback_text=texts.SAVE_USAGE,
        )
    )


def _plain(name: str) -> str:
    return name.removeprefix("@")[:_LONGEST_TYPED]
