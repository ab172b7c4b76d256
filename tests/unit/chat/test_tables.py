"""Tables that must be complete: every command and verb has a handler, every handler its help, text or payload."""

from __future__ import annotations

from bot.chat import grammar
from bot.texts.help import COMMANDS
from cards.actions import PAYLOADS, AlertAct, ListPage
from tests.support.house import House


async def test_every_command_that_help_names_has_a_handler_and_no_other(house: House) -> None:
    named = {command.name.split()[0] for command in COMMANDS}
    assert set(house.commands.handlers) == named == set(grammar._NAMES)
    assert set(grammar._ALIASES.values()) <= named


async def test_every_verb_has_a_handler_and_a_payload(house: House) -> None:
    assert set(house.verbs.handlers) == set(PAYLOADS)


def test_a_payload_ignores_what_clients_add_and_believes_no_state() -> None:
    given = {"alert": 7, "msteams": {"type": "x"}, "role": "admin", "status": "resolved", "verb": "alert.fraud"}
    assert AlertAct.model_validate(given).model_dump() == {"alert": 7, "version": 0, "card": ""}
    assert ListPage.model_validate({}).model_dump() == {"words": "", "page": 1, "trail": []}
