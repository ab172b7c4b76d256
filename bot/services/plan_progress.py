"""Writes a request's progress down: its state, the audit row, the cards and the lines, all in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.audit import AuditEntry
from bot.domain.cancellations import Cancellation, Plan
from bot.domain.people import Conversation
from bot.ports import Environment, Transaction
from bot.services.cards import CardWork
from bot.texts import cancelling as texts

MOST_ALERT_CARDS = 200
"""So many alerts of one subscription are drawn anew when its request moves on; more than that nobody reads."""


@dataclass(frozen=True, slots=True)
class Where:
    """The turn in which somebody acts, for the record."""

    conversation: Conversation
    activity_id: str

    @property
    def noted(self) -> dict[str, str]:
        return {"conversation": self.conversation.id, "activity": self.activity_id}


class PlanProgress:
    def __init__(self, env: Environment, cards: CardWork) -> None:
        self._env, self._cards = env, cards

    async def move(
        self,
        before: Cancellation,
        after: Cancellation,
        act: str,
        outcome: str,
        *,
        by: tuple[str, str] = ("", ""),
        detail: Mapping[str, Any] | None = None,
        line: str | None = None,
    ) -> Cancellation | None:
        """The request as it then stands; None where somebody was faster, and then nothing was written.

        `by` is (id, name) of a person, empty for the bot itself. `line` is said in the alert's threads; None: what the
        new state says of itself.
        """
        async with self._env.store.write() as tx:
            stands = await tx.cancellations.change(before, after)
            if stands is None:
                return None
            await tx.audit.append(entry(stands.plan, act, outcome, by, detail), self._env.clock.now())
            await self.shown(tx, stands, texts.line(stands) if line is None else line)
        return stands

    async def keep(self, before: Cancellation, after: Cancellation, *, redraw: bool) -> Cancellation | None:
        """Progress that is no step: nothing to audit, nothing to say."""
        async with self._env.store.write() as tx:
            stands = await tx.cancellations.change(before, after)
            if stands is not None and redraw:
                await self._cards.redraw_request(tx, stands)
        return stands

    async def now(self, c: Cancellation) -> Cancellation:
        """As it stands: somebody else was faster."""
        async with self._env.store.read() as tx:
            return await tx.cancellations.get(c.number) or c

    async def shown(self, tx: Transaction, c: Cancellation, line: str) -> None:
        """Draw the request's cards anew, and those of all alerts of its subscription; say the line in the thread of
        the alert from which it was asked."""
        await self._cards.redraw_request(tx, c)
        plan = c.plan
        records = await tx.alerts.of_subscription(plan.partner, plan.entitlement_id, MOST_ALERT_CARDS)
        await tx.alerts.touch([record.alert.key for record in records], self._env.clock.now())
        origin = plan.alerts[0] if plan.alerts else ""
        for record in records:
            await self._cards.changed(tx, record.alert.key, line if record.alert.id == origin else "")


def entry(
    plan: Plan, act: str, outcome: str, by: tuple[str, str] = ("", ""), detail: Mapping[str, Any] | None = None
) -> AuditEntry:
    """An audit row about a request. The plan's digest is in each, so that they all speak of the very same one."""
    about = {"request": plan.label, "plan": plan.digest, "subscription": plan.entitlement_id, **(detail or {})}
    return AuditEntry(plan.partner, act, outcome, by[0], by[1], plan.label, about)
