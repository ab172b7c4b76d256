"""Tiles and the response clock through SQL are what domain/response_clock.py says, whatever becomes of alerts."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from bot.domain.alerts import Alert
from bot.domain.response_clock import HORIZON, WINDOW, Answers, standing
from bot.store import SqlStore
from bot.store.engine import migration_engine
from bot.store.migrations.versions import v0008_answer_tallies
from tests.contract.store_samples import CONTOSO, FABRIKAM, NOW, an_alert, at

PARTNERS = (CONTOSO, FABRIKAM)
UNTIL = NOW + timedelta(hours=7, minutes=3)


def made(rng: random.Random, number: int) -> Alert:
    """Around everything that a window begins or ends with: to the microsecond, in other clocks, of unknown words."""
    edges = (timedelta(0), WINDOW, WINDOW - timedelta(hours=7, minutes=3), timedelta(days=7), WINDOW - HORIZON)
    near = NOW - rng.choice(edges) + timedelta(microseconds=rng.choice((-1, 0, 1, rng.randrange(10**10))))
    detected = rng.choice((near, NOW - timedelta(seconds=rng.uniform(-600, 40 * 86_400))))
    took = rng.choice((-60, 0, 0.5, 3600, 3600.000001, 86_400, 86_401, rng.uniform(0, 10**6)))
    resolved = rng.random() < 0.6
    resolved_at = rng.choice((near, detected + timedelta(seconds=took)))
    return an_alert(
        f"alert-{number}",
        partner=rng.choice(PARTNERS),
        detected_at=detected,
        status="Resolved" if resolved else rng.choice(("active", "investigating", "unknownFutureValue")),
        # An open alert may carry a time of resolution, and a resolved one none.
        resolved_at=resolved_at if rng.random() < (0.9 if resolved else 0.1) else None,
        resolved_reason=rng.choice(("fraud", "legitimate", "", "Neuer Wert")) if resolved else "",
        severity=rng.choice(("high", "HIGH", "medium", "low", "informational", "catastrophic")),
        alert_type=f"Type{min(rng.randrange(20), rng.randrange(20))}",
        is_test=rng.random() < 0.1,
    )


async def same(store: SqlStore, alerts: list[Alert], now: datetime = NOW, until: datetime = UNTIL) -> None:
    async with store.read() as tx:
        found = await tx.figures.standing(PARTNERS, now, until)
    assert found == standing(alerts, PARTNERS, now, until)


@pytest.mark.parametrize("seed", range(3))
async def test_figures_are_those_of_the_same_alerts(store: SqlStore, seed: int) -> None:
    rng = random.Random(seed)
    alerts = [made(rng, number) for number in range(300)]
    async with store.write() as tx:
        for alert in alerts:
            await tx.alerts.add(alert, NOW, None)
    await same(store, alerts)
    for _ in range(5):
        now = NOW + timedelta(seconds=rng.uniform(0, 10 * 86_400))
        await same(store, alerts, now, now + timedelta(seconds=rng.uniform(0, HORIZON.total_seconds())))
    await same(store, alerts, NOW, NOW)
    await same(store, alerts, NOW, NOW + HORIZON)


async def test_figures_follow_every_change(store: SqlStore) -> None:
    rng = random.Random(5)
    alerts = [made(rng, number) for number in range(60)]
    async with store.write() as tx:
        for alert in alerts:
            await tx.alerts.add(alert, NOW, None)
    for _ in range(60):
        place = rng.randrange(len(alerts))
        before = alerts[place]
        alerts[place] = replace(made(rng, 0), partner=before.partner, id=before.id)
        async with store.write() as tx:
            await tx.alerts.change(before.key, alerts[place], NOW, None)
            await tx.alerts.touch([before.key], NOW)
    await same(store, alerts)


async def test_merging_changes_no_figure_and_leaves_one_row_an_hour(store: SqlStore, database_url: str) -> None:
    rng = random.Random(6)
    alerts = [made(rng, number) for number in range(200)]
    async with store.write() as tx:
        for alert in alerts:
            await tx.alerts.add(alert, NOW, None)
    merged = -1
    while merged:
        async with store.write() as tx:
            merged = await tx.figures.merge(NOW, 7)
        await same(store, alerts)
    assert (await rows(database_url))[1] == 1
    for place in range(50):
        before = alerts[place]
        alerts[place] = replace(made(rng, 0), partner=before.partner, id=before.id)
        async with store.write() as tx:
            await tx.alerts.change(before.key, alerts[place], NOW, None)
    await same(store, alerts)


async def test_what_no_window_reaches_is_forgotten(store: SqlStore, database_url: str) -> None:
    old = an_alert(status="resolved", detected_at=at(-60), resolved_at=NOW)
    async with store.write() as tx:
        await tx.alerts.add(old, NOW, None)
        assert await tx.figures.merge(NOW + WINDOW, 10) == 0
        assert await tx.figures.merge(NOW + WINDOW + timedelta(days=2), 10) == 1
    assert (await rows(database_url))[0] == 0


async def test_two_who_change_and_two_who_merge_at_once_lose_nothing(store: SqlStore, other_store: SqlStore) -> None:
    open_, other = an_alert(), an_alert("alert-2")
    async with store.write() as tx:
        for alert in (open_, other):
            await tx.alerts.add(alert, NOW, None)
    done = [replace(each, status="resolved", resolved_at=at(30), resolved_reason="fraud") for each in (open_, other)]
    async with store.write() as tx:
        await tx.alerts.change(done[0].key, done[0], NOW, None)
    async with other_store.write() as tx:
        await tx.figures.merge(at(31), 100)
        await tx.alerts.change(done[1].key, done[1], NOW, None)
    async with store.write() as tx:
        await tx.figures.merge(at(31), 100)
        found = await tx.figures.standing(PARTNERS, at(31), at(60))
    assert found.together.answers == Answers(2, 3600, 2, 2)


async def test_what_was_answered_before_the_upgrade_is_counted_by_it(store: SqlStore, database_url: str) -> None:
    rng = random.Random(7)
    alerts = [made(rng, number) for number in range(150)]
    async with store.write() as tx:
        for alert in alerts:
            await tx.alerts.add(alert, NOW, None)
    engine = migration_engine(database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM answer_tallies")
        connection.exec_driver_sql(v0008_answer_tallies.counted(on_sqlite=connection.dialect.name == "sqlite"))
    engine.dispose()
    await same(store, alerts)


async def rows(url: str) -> tuple[int, int]:
    """How many tallies there are, and the most of one hour."""
    engine = migration_engine(url)
    with engine.connect() as connection:
        counted = connection.execute(text("SELECT COUNT(*) AS n FROM answer_tallies GROUP BY partner, hour")).all()
    engine.dispose()
    return sum(row.n for row in counted), max((row.n for row in counted), default=0)
