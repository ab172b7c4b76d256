"""What a team made of an alert, its latest note, what was decided before, and who is known where: on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.alerts import Alert, AlertRecord, Decision, Note, Work
from bot.domain.people import Person
from bot.domain.recurrence import NO_BACKGROUND, Background, Earlier
from bot.errors import Missing
from bot.store import SqlStore
from tests.contract.store_samples import CONTOSO, FABRIKAM, NOW, SUBSCRIPTION, an_alert, at


async def add(store: SqlStore, alert: Alert, verdict: str = "", by: str = "Ada") -> AlertRecord:
    decision = Decision(verdict, by, "ada-id", alert.resolved_at or NOW, "", "teams") if verdict else None
    async with store.write() as tx:
        return await tx.alerts.add(alert, NOW, decision)


def decided(alert_id: str, minutes: float, **changes: Any) -> Alert:
    values = {"status": "resolved", "detected_at": at(minutes), "resolved_at": at(minutes + 5)}
    return an_alert(alert_id, **(values | changes))


async def test_what_the_team_made_of_it_comes_back_and_raises_the_version(store: SqlStore) -> None:
    record = await add(store, an_alert())
    work = Work("ada-id", "Ada", NOW + timedelta(hours=1), "Max", "Zoë")
    async with store.write() as tx:
        changed = await tx.alerts.set_work(record.alert.key, work, NOW)
        assert changed == replace(record, work=work, version=record.version + 1, changed_at=NOW)
        again = await tx.alerts.change(record.alert.key, replace(record.alert, severity="low"), NOW, None)
        assert again.work == work  # news from Partner Center leave it as it is
        with pytest.raises(Missing):
            await tx.alerts.set_work(an_alert("nope").key, work, NOW)


async def test_the_latest_note(store: SqlStore) -> None:
    one, other = await add(store, an_alert("one")), await add(store, an_alert("two"))
    async with store.write() as tx:
        assert await tx.alerts.background(one, 5) == NO_BACKGROUND
        for text in ("first", "second"):
            await tx.alerts.add_note(one.alert.key, Note(NOW, "ada-id", "Ada", text))
        await tx.alerts.add_note(other.alert.key, Note(NOW, "max-id", "Max", "elsewhere"))
        assert await tx.alerts.background(one, 0) == Background(Note(NOW, "ada-id", "Ada", "second"))


async def test_history_is_what_was_decided_before_on_the_same_subscription(store: SqlStore) -> None:
    record = await add(store, an_alert("this", detected_at=at(0), subscription_id=SUBSCRIPTION.upper()))
    old = await add(store, decided("old", -200, name="Mining", alert_type="a"), "fraud", "Max")
    new = await add(store, decided("new", -100, alert_type="B"), "legitimate")
    await add(store, decided("later", 1), "fraud")
    await add(store, decided("same moment", 0), "fraud")
    await add(store, decided("test", -50, is_test=True), "fraud")
    await add(store, decided("elsewhere", -50, subscription_id="another"), "fraud")
    await add(store, decided("theirs", -50, partner=FABRIKAM), "fraud")
    await add(store, an_alert("open", detected_at=at(-50)))
    async with store.read() as tx:
        found = (await tx.alerts.background(record, 10)).history
        assert [each.number for each in found] == [new.number, old.number]
        assert found[1] == Earlier(old.number, "Mining", "a", at(-200), "fraud", "Max", at(-195))
        assert [each.number for each in (await tx.alerts.background(record, 1)).history] == [new.number]
        assert await tx.alerts.background(record, 0) == NO_BACKGROUND
        nowhere = replace(record, alert=replace(record.alert, subscription_id=""))
        assert await tx.alerts.background(nowhere, 10) == NO_BACKGROUND


async def test_who_is_known_somewhere(store: SqlStore) -> None:
    ada, max_ = Person("ada-id", "29:ada", "Ada", CONTOSO, "ada@x"), Person("max-id", "29:max", "Max")
    async with store.write() as tx:
        await tx.people.stand([Person("gil-id", "29:gil", "Gil")], "channel")
        await tx.people.seen(max_, "channel", at(-5))
        await tx.people.seen(ada, "channel", at(-1))
        await tx.people.seen(Person("zoe-id", "29:zoe", "Zoë"), "elsewhere", NOW)
        known = await tx.people.known_in("channel", 5)
        assert [person.name for person in known] == ["Ada", "Max", "Gil"]
        assert known[0] == ada
        assert tuple(person.mri for person in known) == await tx.people.responders("channel", 5)
        assert len(await tx.people.known_in("channel", 1)) == 1
