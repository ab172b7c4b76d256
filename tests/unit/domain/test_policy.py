"""Who may do what: every cell of the table, written out."""

from __future__ import annotations

import pytest

from bot.domain.people import Roles
from bot.domain.policy import NEEDS, Act, Role, lacking

NOBODY, ADMIN_AGENT = Roles(), Roles(admin_agent=True)
GLOBAL_ADMIN, BOTH = Roles(global_administrator=True), Roles(admin_agent=True, global_administrator=True)

# (act, nobody, Admin Agent alone, Global Administrator alone, both)
TABLE = [
    (Act.MARK, "no", "yes", "no", "yes"),
    (Act.REVERDICT, "no", "yes", "no", "yes"),
    (Act.INVESTIGATE, "no", "yes", "no", "yes"),
    (Act.BULK, "no", "yes", "no", "yes"),
    (Act.NOTE, "no", "yes", "no", "yes"),
    (Act.ASSIGN, "no", "yes", "no", "yes"),
    (Act.SNOOZE, "no", "yes", "no", "yes"),
    (Act.DRILL, "no", "yes", "no", "yes"),
    (Act.ROUTE, "no", "yes", "no", "yes"),
    (Act.DIGEST, "no", "yes", "no", "yes"),
    (Act.REFUND, "no", "yes", "no", "yes"),
    (Act.DUTY, "no", "yes", "no", "yes"),
    (Act.SAVE, "no", "yes", "no", "yes"),
    (Act.EVIDENCE, "no", "yes", "no", "yes"),
    (Act.ASK_CANCEL, "no", "yes", "no", "yes"),
    (Act.DECIDE_CANCEL, "no", "no", "no", "yes"),
]
CELLS = [
    (act, roles, cell == "yes")
    for act, *cells in TABLE
    for roles, cell in zip((NOBODY, ADMIN_AGENT, GLOBAL_ADMIN, BOTH), cells, strict=True)
]


def test_the_table_here_names_every_act() -> None:
    assert {act for act, *_ in TABLE} == set(Act) == set(NEEDS)


@pytest.mark.parametrize(("act", "roles", "may"), CELLS)
def test_a_cell(act: Act, roles: Roles, may: bool) -> None:
    assert (not lacking(act, roles)) is may


@pytest.mark.parametrize("act", Act)
def test_what_is_lacking_is_named(act: Act) -> None:
    assert lacking(act, NOBODY) == NEEDS[act]
    assert lacking(act, GLOBAL_ADMIN) == {Role.ADMIN_AGENT}
    assert lacking(act, ADMIN_AGENT) == NEEDS[act] - {Role.ADMIN_AGENT}


def test_nobody_without_a_role_may_do_anything() -> None:
    assert all(lacking(act, NOBODY) for act in Act)
