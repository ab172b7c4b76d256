"""A subscription about which people, replicas, Partner Center and time do as a list of steps says; and what must hold
whatever they do. Steps are values, so that Hypothesis can make lists of them and shorten what fails."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot.domain.audit import AuditRow, first_fault
from bot.domain.cancellations import NEXT, SEND_WITHIN, Cancellation, Kind, State
from bot.domain.people import NO_ROLES, Person
from bot.errors import AlertDeskError, Missing, PendingOperation, Permanent, Refused, SignInNeeded, Transient
from bot.ports import Entitlement, Transaction
from bot.services.asking import Wanted
from bot.services.plan_progress import Where
from tests.factories import (
    ADA,
    AZURE_PLAN,
    GIL,
    MAX,
    NORTHWIND,
    SUBSCRIPTION,
    alert,
    conversation,
    entitlement,
    personal,
)
from tests.fakes import DROPPED_AFTER, DROPPED_BEFORE, LOST_BEFORE, Trouble
from tests.support.house import House
from tests.support.lives import PATIENT, Life, Passes, Stage

ONE, OTHER = alert(), alert("alert-two", name="Mass deployment", severity="medium")
ZOE = replace(MAX, aad_id="2e000000-0000-4000-8000-00000000000e", mri="29:zoe", name="Zoe")
PEOPLE = {person.name: person for person in (ADA, MAX, ZOE, GIL)}
ROLES = {"both": (True, True), "agent": (True, False), "none": (False, False)}
TROUBLES = {
    "dropped after": DROPPED_AFTER,
    "dropped before": DROPPED_BEFORE,
    "lost before": LOST_BEFORE,
    "throttled": Trouble(Transient("429", code="429", retry_after=57)),
    "refused": Trouble(Refused("no", code="900308")),
    "pending": Trouble(PendingOperation("409", code="900278", earliest=timedelta(hours=1))),
    "sign in": Trouble(SignInNeeded("MFA", code="900421", interactive=True)),
}
READ_TROUBLES: dict[str, AlertDeskError] = {
    "away": Transient("away"),
    "refused": Refused("no"),
    "missing": Missing("no such subscription", code="800111"),
    "odd": Permanent("nonsense"),
}
NOTHING_CHANGED = frozenset(
    {State.REJECTED, State.WITHDRAWN, State.EXPIRED, State.VOID, State.REFUSED, State.LAPSED},
)
STEPS = frozenset((before, after) for (before, _), after in NEXT.items())
AFTERWARDS = (*[1.0] * 2, *[61.0] * 10, *[600.0] * 7, *[3600.0] * 26)
"""Seconds between looks of the worker when all is over: more than a day."""


@dataclass(frozen=True)
class Begin:
    """Somebody, or the worker, begins something in a replica, which halts after so many points (None: never).
    `old`: they have the request before them as it was asked."""

    act: str  # ask | approve | reject | withdraw | work
    who: str = "Max"
    replica: int = 0
    passes: Passes = None
    old: bool = False


@dataclass(frozen=True)
class GoOn:
    """What halts goes on, for so many points."""

    which: int = 0
    passes: Passes = None


@dataclass(frozen=True)
class Crash:
    replica: int = 0


@dataclass(frozen=True)
class Wait:
    seconds: float


@dataclass(frozen=True)
class Roles:
    who: str
    roles: str


@dataclass(frozen=True)
class Portal:
    """Somebody changes something at Partner Center: of the subscription, or (a verdict) of the alert."""

    field: str  # status | name | plan_id | verdict
    value: str


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the next change."""

    trouble: str


@dataclass(frozen=True)
class Unreadable:
    """What goes wrong with the next look at the subscription."""

    trouble: str


Step = Begin | GoOn | Crash | Wait | Roles | Portal | Fault | Unreadable


class Interleaving:
    """Takes the steps, one after the other, and checks after each that nothing happened that must not."""

    def __init__(self, house: House, audit_key: bytes) -> None:
        self.house, self._audit_key = house, audit_key
        self.stage = Stage(house, self._before_commit)
        self._count = 0
        self.replicas = [self._replica(), self._replica()]
        self.history: dict[int, list[Cancellation]] = {}
        self._held: dict[str, list[int]] = {name: [] for name in PEOPLE}  # steps in which they held both roles
        self._begun: dict[str, int] = {}  # by the activity: the step in which it was
        self._step = 0
        self._looked: list[str] = []  # the subscription's statuses that were read
        self._was_read_before: dict[int, int] = {}  # by request: how many when it was approved

    def _replica(self) -> Life:
        self._count += 1
        return self.stage.life(f"replica {self._count}")

    async def prepare(self) -> None:
        house = self.house
        await house.route()
        for record in await house.take_in(ONE, OTHER):
            async with house.store.write() as tx:
                await house.cards.announce(tx, record)
        house.set_up(act_as="user", approvers_group_id="group")
        house.subscriptions.put(entitlement())
        house.channel.join(conversation(), ZOE, NORTHWIND)
        for someone in (MAX, ZOE):
            house.channel.chats[someone.aad_id] = personal(someone)
        house.directory.group = (MAX, ZOE)
        for name, roles in {"Ada": "agent", "Max": "both", "Zoe": "both"}.items():
            self._grant(name, roles)
        find = house.subscriptions.get

        async def look(*values: Any, **named: Any) -> Entitlement:
            found: Entitlement = await find(*values, **named)
            self._looked.append(found.status)
            return found

        house.subscriptions.get = look  # type: ignore[method-assign]

    # Steps -----------------------------------------------------------------------------------------------------------

    async def take(self, step: Step) -> None:
        self._step += 1
        match step:
            case Begin():
                life = self.replicas[step.replica]
                await life.begin(self._work(step, life), step.passes)
            case GoOn(which, passes):
                halted = [act for life in self.replicas for act in life.halted]
                if halted:
                    await halted[which % len(halted)].resume(passes)
            case Crash(replica):
                await self.replicas[replica].end()
                self.replicas[replica] = self._replica()
            case Wait(seconds):
                self.house.clock.forward(seconds)
            case Roles(who, roles):
                self._grant(who, roles)
            case Portal("verdict", value):
                self.house.source.in_the_portal(ONE.key, "resolved" if value else "active", value)
            case Portal(what, value):
                self.house.subscriptions.change(SUBSCRIPTION, **{what: value})
            case Fault(trouble):
                self.house.subscriptions.troubles.append(TROUBLES[trouble])
            case Unreadable(trouble):
                self.house.subscriptions.read_troubles.append(READ_TROUBLES[trouble])
        for name in PEOPLE:
            if self._roles_of(name) == ROLES["both"]:
                self._held[name].append(self._step)
        await self._nothing_forbidden()

    def _grant(self, name: str, roles: str) -> None:
        agent, administrator = ROLES[roles]
        self.house.directory.grant(NORTHWIND, PEOPLE[name], admin_agent=agent, global_admin=administrator)
        if roles == "both":
            self._held[name].append(self._step)

    def _roles_of(self, name: str) -> tuple[bool, bool]:
        held = self.house.directory.held.get((NORTHWIND, PEOPLE[name].aad_id), NO_ROLES)
        return held.admin_agent, held.global_administrator

    def _work(self, step: Begin, life: Life) -> Coroutine[Any, Any, Any]:
        where = Where(conversation(), f"activity-{self._step}")
        self._begun[where.activity_id] = self._step
        person = PEOPLE[step.who]
        match step.act:
            case "work":
                return life.carrying_out.step_due()
            case "ask":
                return self._ask(life, person, where)
        return self._decide(step, life, person, where)

    async def _ask(self, life: Life, person: Person, where: Where) -> None:
        wanted = Wanted(Kind.CANCEL, "Miners on every machine", "agreed", "", SUBSCRIPTION[-6:])
        await life.asking.ask(wanted, await self.house.record(ONE), person, where, PATIENT)

    async def _decide(self, step: Begin, life: Life, person: Person, where: Where) -> None:
        if not self.history:
            return
        number = max(self.history)
        c = self.history[number][0] if step.old else await self._stands(number)
        match step.act:
            case "approve":
                await life.deciding.approve(c, person, where, digest=c.plan.digest, seen=10**6, patience=PATIENT)
            case "reject":
                await life.deciding.reject(c, person, where, "not now")
            case "withdraw":
                await life.deciding.withdraw(c, person, where, "")

    async def _stands(self, number: int) -> Cancellation:
        async with self.house.store.read() as tx:
            found = await tx.cancellations.get(number)
        assert found is not None
        return found

    async def finish(self, *, crash: bool) -> None:
        """Whatever halts dies or goes on; then more than a day goes by, in which a worker looks after things."""
        for life in self.replicas:
            for act in () if crash else life.halted:
                await act.resume()
            await life.end()
        last = self._replica()
        for seconds in AFTERWARDS:
            self.house.clock.forward(seconds)
            await last.begin(last.carrying_out.step_due())
            await self.house.verdicts.resume()
        self._step += 1
        await self._nothing_forbidden()
        for number in self.history:
            c = await self._stands(number)
            assert not c.is_open, f"{c.label} is in limbo: {c.state}"
            assert c.due_at is None, f"{c.label} ({c.state}) never comes to rest"
        assert first_fault(self._audit_key, await self.house.audit()) is None

    # What must hold --------------------------------------------------------------------------------------------------

    async def _before_commit(self, tx: Transaction) -> None:
        """Each state that is ever committed, in order."""
        open_ones = 0
        for c in await tx.cancellations.latest(frozenset({NORTHWIND}), 50):
            open_ones += c.is_open
            past = self.history.setdefault(c.number, [])
            if past and past[-1].version == c.version:
                continue
            if not past:
                assert c.state == State.ASKED
            elif past[-1].state != c.state:
                assert (past[-1].state, c.state) in STEPS, f"{c.label}: from {past[-1].state} to {c.state}"
            assert not past or past[-1].plan == c.plan
            if c.state == State.APPROVED and past[-1].state != State.APPROVED:
                self._was_read_before[c.number] = len(self._looked)
            if c.state == State.DONE and past[-1].state != State.DONE:
                since = self._looked[self._was_read_before[c.number] :]
                assert c.plan.wanted_status in since, f"{c.label} is done, and nobody saw the subscription changed"
            past.append(c)
        assert open_ones <= 1

    async def _nothing_forbidden(self) -> None:
        rows = await self.house.audit()
        plans = {past[0].plan.request_id: past[-1] for past in self.history.values()}
        there = self.house.subscriptions
        assert set(there.request_ids) <= set(plans), "a request id that is no plan's"
        taken = [request_id for _, _, request_id, _ in there.accepted]
        assert len(taken) == len(set(taken)), "one plan was taken twice"
        for request_id, at in there.reached_at:
            approvals = [c.approved_at for c in self.history[plans[request_id].number] if c.approved_at is not None]
            assert any(at < approved + SEND_WITHIN for approved in approvals), "sent long after its approval"
        for kind, of, request_id, sender in there.accepted:
            c = plans[request_id]
            assert (kind, of) == (c.plan.kind, c.plan.entitlement_id)
            assert c.plan.azure_plan_id == AZURE_PLAN
            self._is_approved(c, sender, rows)
            assert c.state not in NOTHING_CHANGED, f"{c.label} says {c.state}, but its cancel was taken"

    def _is_approved(self, c: Cancellation, sender: str, rows: list[AuditRow]) -> None:
        approvals = [
            row.entry
            for row in rows
            if (row.entry.act, row.entry.outcome, row.entry.subject) == ("approve", "done", c.label)
        ]
        assert sender in [entry.actor_id for entry in approvals], f"{c.label} was sent for somebody who did not approve"
        for entry in approvals:
            assert entry.actor_id != c.plan.by_id, "who asked has approved"
            assert entry.detail["plan"] == c.plan.digest
            began = self._begun[entry.detail["activity"]]
            assert any(began - 1 <= step for step in self._held[entry.actor_name]), "without both roles"
