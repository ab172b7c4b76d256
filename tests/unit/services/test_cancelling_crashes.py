"""The process dies at every single point between asking and the end, before and after each call took effect. Another
replica goes on: one cancel or none, and the request says truthfully which."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.alerts import Alert
from bot.domain.audit import first_fault
from bot.domain.cancellations import SEND_WITHIN, STUCK_AFTER, Cancellation, Kind, State
from bot.domain.delivery import ItemKind
from bot.errors import Refused, UserError
from bot.services.asking import Wanted
from bot.services.deciding import How
from bot.services.plan_progress import Where
from bot.texts import cancelling as texts
from tests.factories import ADA, CHANNEL, MAX, NORTHWIND, alert, conversation, entitlement, guid, personal
from tests.fakes import LOST_BEFORE
from tests.support.house import OPERATORS, House
from tests.support.lives import PATIENT, Act, Life, Stage
from tests.unit.conftest import AUDIT_KEY

HERE = Where(conversation(), "activity-1")
TAKES = 45.0
"""Seconds until a cancel shows, so that the subscription is looked at more than once."""
AT_LEAST = 40
"""So many points there are on the whole way; fewer, and the test would have lost its teeth."""
NOT_DONE = "Nothing was cancelled."


@pytest.fixture
async def stage(house: House) -> Stage:
    await house.route()
    house.set_up(act_as="user", approvers_group_id="group")
    house.directory.group = (MAX,)
    house.channel.chats[MAX.aad_id] = personal(MAX)
    house.subscriptions.takes = TAKES
    return Stage(house)


class Run:
    """One subscription, one way from asking to the end, and one death on it."""

    def __init__(self, stage: Stage, count: int) -> None:
        self.stage, self.house = stage, stage.house
        self.subscription = guid(5000 + count)
        self.alert: Alert = alert(f"alert-{count}", subscription_id=self.subscription)

    async def prepare(self) -> None:
        (record,) = await self.house.take_in(self.alert)
        async with self.house.store.write() as tx:
            await self.house.cards.announce(tx, record)
        await self.house.deliver()
        self.house.subscriptions.put(entitlement(id=self.subscription))

    async def dies_after(self, passes: int) -> Act:
        first = self.stage.life("one")
        act = await first.begin(self._whole_way(first), passes)
        await first.end()
        return act

    async def _whole_way(self, life: Life) -> None:
        await self.ask(life)
        await self.approve(life)
        await self.goes_on(life)

    async def ask(self, life: Life) -> None:
        wanted = Wanted(Kind.CANCEL, "Miners on every machine", "agreed", "", self.subscription[-6:])
        await life.asking.ask(wanted, await self.house.record(self.alert), ADA, HERE, PATIENT)

    async def approve(self, life: Life) -> None:
        c = await self.stands()
        await life.deciding.approve(c, MAX, HERE, digest=c.plan.digest, seen=10**6, patience=PATIENT)

    async def goes_on(self, life: Life) -> None:
        """The worker looks after the request whenever it is due, until nothing is left to do."""
        while (due := (await self.stands()).due_at) is not None:
            self.house.clock.forward(max(0.0, (due - self.house.clock.now()).total_seconds()))
            await life.carrying_out.step((await self.stands()).number)
            await self.house.verdicts.resume()

    async def found(self) -> Cancellation | None:
        async with self.house.store.read() as tx:
            return (await tx.cancellations.last_on(NORTHWIND, [self.subscription])).get(self.subscription)

    async def stands(self) -> Cancellation:
        found = await self.found()
        assert found is not None
        return found

    @property
    def cancels(self) -> list[str]:
        """The request ids of the cancels that Partner Center took."""
        return [request_id for _, of, request_id, _ in self.house.subscriptions.accepted if of == self.subscription]

    async def tells(self, c: Cancellation) -> bool:
        await self.house.deliver()
        return texts.line(c) in self.house.channel.texts(CHANNEL)

    @property
    def is_fraud(self) -> bool:
        return self.house.source.alerts[self.alert.key].resolved_reason == "fraud"


async def each_death(stage: Stage) -> AsyncIterator[tuple[Run, str]]:
    """A run for each point at which a process can die, and the point's name; the last one reaches the end alive."""
    passes = 0
    while True:
        run = Run(stage, passes)
        await run.prepare()
        act = await run.dies_after(passes)
        if len(act.points) <= passes:
            assert passes >= AT_LEAST
            assert (await run.stands()).state == State.DONE
            return
        yield run, f"point {passes}, {act.points[passes]}"
        passes += 1


async def _ends_as_it_was(run: Run, point: str) -> str:
    """Whatever the end: it is one, it is true, it is said, and at most one cancel was taken under the plan's id."""
    c = await run.stands()
    assert c.due_at is None, point
    assert not c.is_open, point
    assert run.cancels in ([], [c.plan.request_id]), point
    assert (c.state == State.DONE) == bool(run.cancels), (point, c.state)
    assert run.is_fraud == bool(run.cancels), point
    assert await run.tells(c), (point, texts.line(c))
    if c.state not in (State.DONE, State.FAILED):
        assert NOT_DONE in texts.line(c), point
    return c.state


async def test_soon_taken_up_by_another_it_is_one_cancel_from_the_approval_on(stage: Stage) -> None:
    ends = set()
    async for run, point in each_death(stage):
        died = await run.found()
        if died is None:
            assert run.cancels == [], point
            continue
        await run.goes_on(stage.life("two"))
        end = await _ends_as_it_was(run, point)
        assert end == (State.EXPIRED if died.state == State.ASKED else State.DONE), (point, died.state)
        ends.add(end)
    assert ends == {State.EXPIRED, State.DONE}
    assert first_fault(AUDIT_KEY, await stage.house.audit()) is None


async def test_taken_up_too_late_nothing_is_sent_any_more(stage: Stage) -> None:
    ends = set()
    async for run, point in each_death(stage):
        died, taken = await run.found(), list(run.cancels)
        if died is None:
            continue
        stage.house.clock.forward((SEND_WITHIN + timedelta(minutes=1)).total_seconds())
        await run.goes_on(stage.life("two"))
        assert run.cancels == taken, point
        end = await _ends_as_it_was(run, point)
        if died.state == State.APPROVED and not taken:
            assert end == (State.FAILED if died.sent else State.LAPSED), point
        ends.add(end)
    assert ends == {State.EXPIRED, State.DONE, State.LAPSED, State.FAILED}


async def test_people_who_press_again_after_each_death_make_one_cancel(stage: Stage) -> None:
    async for run, point in each_death(stage):
        second = stage.life("two")
        with suppress(UserError):  # open already, or cancelled already
            await run.ask(second)
        await run.approve(second)
        await run.goes_on(second)
        assert len(run.cancels) == 1, point
        assert await _ends_as_it_was(run, point) == State.DONE, point


async def _lost_and_unreadable(stage: Stage) -> tuple[Run, Act]:
    """Approved and sent; the answer is lost, and from then on nobody may read the subscription."""
    run = Run(stage, 1)
    await run.prepare()
    life = stage.life("one")
    await run.ask(life)
    c = await run.stands()
    approving = life.deciding.approve(c, MAX, HERE, digest=c.plan.digest, seen=10**6, patience=PATIENT)
    act = await life.begin(approving, "before cancel")
    stage.house.subscriptions.troubles.append(LOST_BEFORE)
    stage.house.subscriptions.read_troubles.extend([Refused("no")] * 10_000)
    await act.resume()
    return run, act


async def test_who_approved_is_not_told_that_nothing_was_done_where_nobody_knows(stage: Stage) -> None:
    run, act = await _lost_and_unreadable(stage)
    answer = act.task.result()
    assert (answer.how, answer.cancellation.state, answer.cancellation.sent) == (How.LATE, State.APPROVED, 1)
    assert answer.cancellation == await run.stands()


async def test_what_nobody_may_read_any_more_is_not_in_limbo(stage: Stage) -> None:
    run, _ = await _lost_and_unreadable(stage)
    second = stage.life("two")
    until = stage.house.clock.now() + SEND_WITHIN + STUCK_AFTER + timedelta(minutes=2)
    states = set()
    while stage.house.clock.now() < until:
        stage.house.clock.forward(30)
        await second.carrying_out.step_due()
        states.add((await run.stands()).state)
    assert states == {State.APPROVED, State.UNSURE, State.FAILED}
    assert (await run.stands()).due_at is None
    assert run.cancels == []


async def test_whoever_has_to_look_is_told_at_whatever_point_the_process_dies(stage: Stage) -> None:
    await stage.house.know(conversation(OPERATORS))
    run = Run(stage, 1)
    await run.prepare()
    first = stage.life("one")
    await run.ask(first)
    stage.house.subscriptions.takes = 10**9
    await run.approve(first)
    stage.house.clock.forward(STUCK_AFTER.total_seconds())
    await stage.house.waiting()
    passes = 0
    while (c := await run.stands()).state != State.STUCK:
        life = stage.life(f"life {passes}")
        await life.begin(life.carrying_out.step(c.number), passes)
        await life.end()
        stage.house.clock.forward(61)  # its lease runs out
        passes += 1
    told = {item.conversation_id for item in await stage.house.waiting() if item.kind == ItemKind.NOTICE}
    assert {personal(MAX).id, OPERATORS} <= told


async def test_a_subscription_that_is_not_found_any_more_was_not_cancelled(stage: Stage) -> None:
    run = Run(stage, 1)
    await run.prepare()
    life = stage.life("one")
    await run.ask(life)
    stage.house.subscriptions.takes = 10**9
    await run.approve(life)
    del stage.house.subscriptions.known[run.subscription]
    for _ in range(8):
        stage.house.clock.forward(STUCK_AFTER.total_seconds() / 6)
        await life.carrying_out.step_due()
    assert (await run.stands()).state == State.STUCK


async def test_who_finds_it_void_while_another_writes_progress_ends_it_all_the_same(stage: Stage) -> None:
    run = Run(stage, 1)
    await run.prepare()
    life = stage.life("one")
    await run.ask(life)
    before = await run.stands()
    async with stage.house.store.write() as tx:
        assert await tx.cancellations.change(before, replace(before, attempts=1)) is not None
    stage.house.subscriptions.change(run.subscription, name="Renamed")
    answer = await life.deciding.approve(before, MAX, HERE, digest="", seen=10**6, patience=PATIENT)
    assert (answer.how, answer.cancellation.state) == (How.DECIDED, State.VOID)
    assert (await run.stands()).state == State.VOID
