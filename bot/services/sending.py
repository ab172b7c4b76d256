"""Sends what was approved, once, or finds out why not.

Write down, then do, then look: before anything is sent the row says so; after doubt the subscription is read, and the
same request is sent again under the same MS-RequestId, only within 15 minutes of the approval and with everything
verified once more. What can be neither known nor sent again ends as `unsure`, and is watched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.domain.cancellations import Cancellation, Event, Found, Kind, Objection, objections, other_status
from bot.domain.people import Partner, Person
from bot.domain.policy import Act, lacking
from bot.errors import AlertDeskError, ConfigError, PendingOperation, SignInNeeded, Transient
from bot.ports import Directory, Entitlement, Environment, Receipt, Subscriptions, Transaction
from bot.services.access import actor
from bot.services.memory import Memory
from bot.services.plan_check import PlanCheck
from bot.services.plan_progress import Also, PlanProgress, entry, noted
from bot.services.telling import Telling
from bot.texts import cancelling as texts

LEASE_SECONDS = 60.0
AGAIN = timedelta(seconds=5)
_TRIES = 3
_LONGEST_PAUSE = 5.0
_NEED_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Sent:
    """The request as it stands after a try to send it; `sign_in` where Partner Center wants the approver's."""

    cancellation: Cancellation
    sign_in: SignInNeeded | None = None


class Sending:
    """`poll` is how often a subscription is looked at afterwards."""

    def __init__(
        self,
        env: Environment,
        subscriptions: Subscriptions,
        directory: Directory,
        check: PlanCheck,
        progress: PlanProgress,
        telling: Telling,
        *,
        poll: timedelta,
    ) -> None:
        self._env, self._subscriptions, self._directory = env, subscriptions, directory
        self._check, self._progress, self._telling, self._poll = check, progress, telling, poll
        self._needs: Memory[tuple[str, str], SignInNeeded] = Memory(_NEED_SECONDS)

    def need_of(self, person_id: str, partner: Partner) -> SignInNeeded | None:
        """What Partner Center wanted of this person's sign-in when they approved last; once, as they are led to it."""
        return self._needs.take((partner.tenant_id, person_id), self._env.clock.monotonic())

    async def answered(self, c: Cancellation) -> None:
        """Who approved `c` is led to the sign-in by the answer to that: neither a message nor their next press is."""
        self.need_of(c.approver_id, self._env.partners[c.plan.partner])
        async with self._env.store.write() as tx:
            await self._telling.answered(tx, c)

    async def send(self, c: Cancellation, *, verified: bool, waits: Callable[[], bool] = lambda: False) -> Sent:
        """Bring an approved request to Partner Center, or find out why not. The caller holds its lease.

        `verified`: all that it rests on was verified a moment ago. `waits` says whether the approver is still there for
        the answer; one that wants their sign-in has then to be followed by `answered`.
        """
        partner = self._env.partners.get(c.plan.partner)
        if partner is None:
            if self._env.clock.now() >= c.send_until:
                return await self._not_sent_in_time(c)
            raise Transient("the partner is not set up")
        approver = Person(c.approver_id, "", c.approver_name, partner.roles_in)
        as_whom = actor(approver, partner)
        # A process that stood still since then looks again, as whoever takes it up from a dead one does.
        verified = verified and c.due_at is not None and self._env.clock.now() < c.due_at
        for attempt in range(_TRIES):
            if c.sent and await self._shows(c, partner, as_whom):
                return await self._taken(c, {"found": c.plan.wanted_status}, at=None)
            if self._env.clock.now() >= c.send_until:
                return await self._not_sent_in_time(c)
            if not verified:
                try:
                    found, seen = await self._objections(c, partner, approver, as_whom)
                except SignInNeeded as need:
                    return await self._wants_sign_in(c, need, in_doubt=c.sent > 0, waits=waits)
                if found:
                    return await self._void(c, found, seen)
            verified = False
            sending = await self._record_sending(c)
            if sending is None:
                return Sent(await self._progress.now(c))
            c = sending
            try:
                receipt = await self._change(partner, c, as_whom)
            except SignInNeeded as need:
                self._needs.put((partner.tenant_id, approver.aad_id), need, self._env.clock.monotonic())
                return await self._wants_sign_in(c, need, in_doubt=c.sent > 1, waits=waits)
            except Transient as trouble:
                back = await self._not_answered(c, trouble)
                if back is None:  # somebody else has taken it up meanwhile: it is theirs
                    return Sent(await self._progress.now(c))
                c = back
                pause = trouble.retry_after if trouble.retry_after is not None else 0.5 * 2**attempt
                if pause > _LONGEST_PAUSE or attempt == _TRIES - 1:
                    return await self._send_later(c, trouble, pause)
                await self._env.clock.sleep(pause)
            except AlertDeskError as no:  # Partner Center's no, or Entra's: without a token nothing left the house
                return await self._refused(c, no, app=as_whom is None)
            else:
                came_back = {"status": receipt.status, "MS-CorrelationId": receipt.correlation_id}
                return await self._taken(c, {"answer": "accepted", **came_back}, at=self._env.clock.now())
        raise AssertionError("the last try returns")

    async def _shows(self, c: Cancellation, partner: Partner, as_whom: Person | None) -> bool:
        """After doubt: whether the subscription has changed. One that is not found (it may have moved) has not. What
        cannot be read is tried again, but not for ever."""
        try:
            return await self._check.status(partner, c.plan, as_whom) == c.plan.wanted_status
        except AlertDeskError:
            if self._env.clock.now() < c.send_until:
                raise
            return False

    async def _record_sending(self, c: Cancellation) -> Cancellation | None:
        until = self._env.clock.now() + timedelta(seconds=LEASE_SECONDS)
        async with self._env.store.write() as tx:
            stands = await tx.cancellations.change(c, replace(c, sent=c.sent + 1, due_at=until))
            if stands is not None:
                detail = {"MS-RequestId": c.plan.request_id, "try": stands.sent, "plan id": c.plan.azure_plan_id}
                by = (c.approver_id, c.approver_name)
                await tx.audit.append(entry(c.plan, c.plan.kind, "sending", by, detail), self._env.clock.now())
        return stands

    async def _not_answered(self, c: Cancellation, trouble: Transient) -> Cancellation | None:
        """What came back is on record too; what never left does not count as sent."""
        outcome = "in doubt" if trouble.in_doubt else "not taken"
        detail = {"MS-RequestId": c.plan.request_id, "code": trouble.code, "message": trouble.message}
        row = entry(c.plan, c.plan.kind, outcome, (c.approver_id, c.approver_name), detail)
        after = c if trouble.in_doubt else replace(c, sent=c.sent - 1)
        stands = await self._progress.keep(c, after, redraw=False, row=row)
        if stands is None:
            await self._progress.note(row)
        return stands

    async def _change(self, partner: Partner, c: Cancellation, as_whom: Person | None) -> Receipt:
        """Whoever stood still for too long (a process, or its whole machine) does not send it any more: others have
        taken it up by then, or it may not be sent at all."""
        plan, until = c.plan, min(c.due_at or c.send_until, c.send_until)
        target = Entitlement(
            plan.customer_tenant_id, plan.azure_plan_id, plan.entitlement_id, plan.entitlement_name, plan.present_status
        )
        send = self._subscriptions.cancel if plan.kind == Kind.CANCEL else self._subscriptions.reactivate
        return await send(partner, target, plan.request_id, as_whom, until=until)

    async def _objections(
        self, c: Cancellation, partner: Partner, approver: Person, as_whom: Person | None
    ) -> tuple[tuple[Found, ...], Mapping[str, Any]]:
        """All over again, the approver's roles included; and what was seen. Raises SignInNeeded where the approver must
        sign in first."""
        roles = await self._directory.roles(partner, approver.aad_id, as_whom)
        seen = await self._check.seen(partner, c.plan, as_whom)
        found = objections(c.plan, replace(seen, at=c.approved_at or seen.at))  # approved in time counts
        missing = lacking(Act.DECIDE_CANCEL, roles)
        if missing:
            found = (*found, Found(Objection.APPROVER_ROLE, approver.name))
        if partner.act_as == "app" and not partner.app_may_cancel:
            found = (*found, Found(Objection.APP_MAY_NOT))
        detail = {**noted(seen), "approver lacks": sorted(missing)}
        if not found:
            by = (approver.aad_id, approver.name)
            await self._progress.note(entry(c.plan, "verify", "unchanged", by, detail))
        return found, detail

    async def _taken(self, c: Cancellation, detail: Mapping[str, Any], *, at: datetime | None) -> Sent:
        """`at`: when Partner Center said so; None where that was lost, and the subscription shows it."""
        now = self._env.clock.now()
        after = replace(c.after(Event.ACCEPT), accepted_at=at, due_at=now, attempts=0, outcome="", code="")
        return Sent(await self._moved(c, after, "accepted", detail))

    async def _refused(self, c: Cancellation, no: AlertDeskError, *, app: bool) -> Sent:
        """A plain no, unless something was sent before whose answer was lost: then the no may be about that one."""
        detail, why = {"code": no.code, "message": no.message}, texts.problem(no.code, no.message, app=app)
        if c.sent > 1:
            return Sent(await self._lost(c, texts.refused_after_doubt(why), detail))
        now = self._env.clock.now()
        after = replace(
            c.after(Event.REFUSE),
            ended_at=now,
            due_at=None,
            sent=0,
            outcome=why,
            code=no.code,
            earliest_at=now + no.earliest if isinstance(no, PendingOperation) and no.earliest else None,
        )
        theirs = isinstance(no, ConfigError) or texts.for_operators(no.code, app=app)
        also = self._telling.operators if theirs else None
        return Sent(await self._moved(c, after, "refused", detail, also=also))

    async def _wants_sign_in(
        self, c: Cancellation, need: SignInNeeded, *, in_doubt: bool, waits: Callable[[], bool]
    ) -> Sent:
        """It waits for a decision again, and for those who may decide to be called, if they were not yet."""
        detail = {"code": need.code, "message": need.message}
        if in_doubt:
            return Sent(await self._lost(c, texts.sign_in_after_doubt(c.approver_name), detail))
        after = replace(
            c.after(Event.SIGN_IN),
            sent=0,
            approver_id="",
            approver_name="",
            approved_at=None,
            outcome=texts.approver_must_sign_in(c.approver_name),
            due_at=c.plan.half_time if c.notified else self._env.clock.now(),
        )

        async def tell(tx: Transaction, stands: Cancellation) -> None:
            await self._telling.approver(tx, c.approver_id, stands, waits=waits())

        return Sent(await self._moved(c, after, "sign in wanted", detail, also=tell), need)

    async def _void(self, c: Cancellation, found: tuple[Found, ...], seen: Mapping[str, Any]) -> Sent:
        changed = texts.what_changed(found)
        detail = {"changed": changed, **seen}
        if c.sent:
            return Sent(await self._lost(c, changed, detail))
        status, now = other_status(found), self._env.clock.now()
        after = replace(c.after(Event.CHANGE), ended_at=now, due_at=None, outcome=changed, seen_status=status)
        return Sent(await self._moved(c, after, "void", detail))

    async def _not_sent_in_time(self, c: Cancellation) -> Sent:
        if c.sent:
            return Sent(await self._lost(c, texts.too_late_to_repeat(), {}))
        after = replace(c.after(Event.LAPSE), ended_at=self._env.clock.now(), due_at=None)
        return Sent(await self._moved(c, after, "lapsed", {}))

    async def _lost(self, c: Cancellation, why: str, detail: Mapping[str, Any]) -> Cancellation:
        """It may have been taken or not: only the subscription itself can tell."""
        now = self._env.clock.now()
        after = replace(c.after(Event.LOSE), outcome=why, due_at=now + self._poll)
        return await self._moved(c, after, "unsure", detail, also=self._telling.trouble)

    async def _send_later(self, c: Cancellation, trouble: Transient, pause: float) -> Sent:
        at = self._env.clock.now() + timedelta(seconds=max(pause, AGAIN.total_seconds()))
        after = replace(c, outcome=texts.problem(trouble.code, trouble.message), due_at=min(at, c.send_until))
        return Sent(await self._progress.keep(c, after, redraw=True) or await self._progress.now(c))

    async def _moved(
        self,
        before: Cancellation,
        after: Cancellation,
        outcome: str,
        detail: Mapping[str, Any],
        also: Also | None = None,
    ) -> Cancellation:
        """What came back is on record also where somebody was faster, and it changes nothing."""
        by, detail = (before.approver_id, before.approver_name), {"MS-RequestId": before.plan.request_id, **detail}
        stands = await self._progress.move(before, after, before.plan.kind, outcome, by=by, detail=detail, also=also)
        if stands is None:
            late = entry(before.plan, before.plan.kind, "overtaken", by, {**detail, "outcome": outcome})
            await self._progress.note(late)
        return stands or await self._progress.now(before)
