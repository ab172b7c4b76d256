"""What is said in digests, about credit requests and in evidence packs: plain, and true for none, one and many."""

from __future__ import annotations

import ast
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType

import pytest

from bot.domain.digest import Digest, Schedule
from bot.domain.refund import Filing
from bot.texts import digest, evidence, refund
from tests.factories import NOW
from tests.factories_digest import clock
from tests.unit.texts.test_texts import MARKUP, PLACEHOLDER, ROOT, constants, public

MODULES = (digest, evidence, refund)
FILED = Filing("26112300", "ada", "Ada", NOW)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_no_sentence_is_markup_and_none_is_left_over(module: ModuleType) -> None:
    found = [text for value in public(module).values() for text in constants(value)]
    assert len(found) > 10
    assert [text for text in found if MARKUP.search(PLACEHOLDER.sub("", text)) or text != text.strip()] == []
    used = {
        node.attr
        for path in (ROOT / "bot").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and "texts" in node.value.id
    }
    source = ast.parse(Path(str(module.__file__)).read_text())
    own = {node.id for node in ast.walk(source) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    assert [name for name in public(module) if name not in used | own] == []


def test_when_a_digest_comes() -> None:
    made = Digest("c", Schedule("weekly", "UTC", 8 * 60 + 5, 2), NOW, "ada", "")
    assert digest.at(made.schedule) == "Wednesdays at 08:05, UTC"
    assert digest.standing(made) == "Wednesdays at 08:05, UTC. Next: 01 Mar 2026, 12:30 UTC"
    assert "another time zone" in digest.set_to(made)
    assert digest.removed(["daily", "weekly"]) == "From now on I send no daily and no weekly digest here."


@pytest.mark.parametrize(("days", "said"), [(0, "today is the last day"), (1, "1 day left"), (9, "9 days left")])
def test_days_that_are_left(days: int, said: str) -> None:
    assert refund.left(days) == said
    assert refund.heading("Contoso", clock(days), NOW) == f"Contoso: {said}"


def test_how_a_credit_request_stands() -> None:
    first = datetime(2026, 11, 7, 9, tzinfo=UTC)
    running = clock(first_usage_at=first)
    assert refund.standing(running, datetime(2026, 11, 18, tzinfo=UTC)) == (
        "Credit request: day 12 of 60, until 05 Jan 2027"
    )
    assert "were over on 05 Jan 2027" in refund.standing(running, datetime(2027, 1, 6, tzinfo=UTC))
    filed = clock(filed=FILED)
    assert refund.standing(filed, NOW) == refund.until(filed)
    assert "ticket 26112300 filed, says Ada" in refund.standing(filed, NOW)
    assert "one request is filed (ticket 26112300)" in refund.until(clock(customer_filed=FILED))
    assert refund.heading("Contoso", filed, NOW) == "Contoso"


@pytest.mark.parametrize(("shown", "total", "said"), [(0, 0, "None open"), (1, 1, "1 open"), (10, 312, "of 312")])
def test_how_many_run(shown: int, total: int, said: str) -> None:
    assert said in refund.count(shown, total)


@pytest.mark.parametrize("alerts", [1, 2])
def test_one_alert_and_two(alerts: int) -> None:
    wanted = "1 alert" if alerts == 1 else "2 alerts"
    assert wanted in evidence.consent(alerts, "A-7")
    assert f"{wanted} marked as fraud" in refund.detail(clock(alerts=alerts))


def test_an_incomplete_pack_says_so() -> None:
    assert evidence.counted(3, 3) == "3, which is all"
    assert evidence.counted(500, 4_812).startswith("500 of 4,812")
    assert evidence.what("A-7") == "the evidence about alert A-7"
    assert evidence.last_day(date(2026, 4, 26)) == "The last day to file is 2026-04-26 (day 60)."


def test_nobody_is_promised_a_credit() -> None:
    for said in (refund.LEAD, refund.filed(clock(), "1"), evidence.CREDIT_PAID):
        assert "Microsoft" in said
        assert "decision" in said or "discretion" in said
