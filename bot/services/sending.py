"""Sends what was approved, once, or finds out why not.

Write down, then do, then look: before anything is sent the row says so; after doubt the subscription is read, and the
same request is sent again under the same MS-RequestId, only within 15 minutes of the approval and with everything
verified once more. What can be neither known nor sent again ends as `unsure`, and is watched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.domain.cancellations import Cancellation, Event, Found, Kind, Objection, objections
from bot.domain.people import Partner, Person
from bot.domain.policy import Act, lacking
from bot.errors import AlertDeskError, PendingOperation, Permanent, SignInNeeded, Transient
from bot.ports import Directory, Entitlement, Environment, Subscriptions
from bot.services.access import actor
from bot.services.plan_check import PlanCheck
from bot.services.plan_progress import PlanProgress, entry
from bot.services.telling import Telling
from bot.texts import cancelling as texts

LEASE_SECONDS = 60.0
AGAIN = timedelta(seconds=5)
_TRIES = 3
_LONGEST_PAUSE = 5.0


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

    async def send(self, c: Cancellation, *, verified: bool) -> Sent:
        """Bring an approved request to Partner Center, or find out why not. The caller holds its lease.

        `verified`: all that it rests on was verified a moment ago, by whoever approved it.
        """
        partner = self._env.partners.get(c.plan.partner)
        if partner is None:
            raise Transient("the partner is not set up at present")
        approver = Person(c.approver_id, "", c.approver_name, partner.roles_in)
        as_whom = actor(approver, partner)
        for attempt in range(_TRIES):
            if c.sent and await self._shows(c, partner, as_whom):
                return await self._taken(c, {"found": c.plan.wanted_status})
            if self._env.clock.now() >= c.send_until:
                return await self._not_sent_in_time(c)
            if not verified and (found := await self._objections(c, partner, approver, as_whom)):
                return await self._void(c, found)
            verified = False
            sending = await self._record_sending(c)
            if sending is None:
                return Sent(await self._progress.now(c))
            c = sending
            try:
                await self._change(partner, c, as_whom)
            except SignInNeeded as need:
                return await self._wants_sign_in(c, need)
            except Transient as trouble:
                if not trouble.in_doubt:
                    back = await self._progress.keep(c, replace(c, sent=c.sent - 1), redraw=False)
                    if back is None:  # somebody else has taken it up meanwhile: it is theirs
                        return Sent(await self._progress.now(c))
                    c = back
                pause = trouble.retry_after if trouble.retry_after is not None else 0.5 * 2**attempt
                if pause > _LONGEST_PAUSE or attempt == _TRIES - 1:
                    return await self._send_later(c, trouble, pause)
                await self._env.clock.sleep(pause)
            except Permanent as no:
                return await self._refused(c, no)
            else:
                return await self._taken(c, {"answer": "accepted"})
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

    async def _change(self, partner: Partner, c: Cancellation, as_whom: Person | None) -> None:
        plan = c.plan
        target = Entitlement(
            plan.customer_tenant_id, plan.azure_plan_id, plan.entitlement_id, plan.entitlement_name, plan.present_status
        )
        send = self._subscriptions.cancel if plan.kind == Kind.CANCEL else self._subscriptions.reactivate
        await send(partner, target, plan.request_id, as_whom)

    async def _objections(
        self, c: Cancellation, partner: Partner, approver: Person, as_whom: Person | None
    ) -> tuple[Found, ...]:
        """All over again, the approver's roles included."""
        try:
            roles = await self._directory.roles(partner, approver.aad_id, as_whom)
            seen = await self._check.seen(partner, c.plan, as_whom)
        except SignInNeeded:
            return (Found(Objection.APPROVER_ROLE, approver.name),)
        found = objections(c.plan, replace(seen, at=c.approved_at or seen.at))  # approved in time counts
        if lacking(Act.DECIDE_CANCEL, roles):
            found = (*found, Found(Objection.APPROVER_ROLE, approver.name))
        return found

    async def _taken(self, c: Cancellation, detail: Mapping[str, str]) -> Sent:
        now = self._env.clock.now()
        after = replace(c.after(Event.ACCEPT), accepted_at=now, due_at=now, attempts=0, outcome="", code="")
        return Sent(await self._moved(c, after, "accepted", detail))

    async def _refused(self, c: Cancellation, no: Permanent) -> Sent:
        """A plain no, unless something was sent before whose answer was lost: then the no may be about that one."""
        detail = {"code": no.code, "message": no.message}
        if c.sent > 1:
            return Sent(await self._lost(c, texts.refused_after_doubt(texts.problem(no.code, no.message)), detail))
        now = self._env.clock.now()
        after = replace(
            c.after(Event.REFUSE),
            ended_at=now,
            due_at=None,
            sent=0,
            outcome=texts.problem(no.code, no.message),
            code=no.code,
            earliest_at=now + no.earliest if isinstance(no, PendingOperation) and no.earliest else None,
        )
        return Sent(await self._moved(c, after, "refused", detail))

    async def _wants_sign_in(self, c: Cancellation, need: SignInNeeded) -> Sent:
        detail = {"code": need.code, "message": need.message}
        if c.sent > 1:
            return Sent(await self._lost(c, texts.sign_in_after_doubt(c.approver_name), detail))
        after = replace(
            c.after(Event.SIGN_IN),
            sent=0,
            approver_id="",
            approver_name="",
            approved_at=None,
            outcome=texts.approver_must_sign_in(c.approver_name),
            due_at=min(c.plan.half_time, c.plan.expires_at),
        )
        return Sent(await self._moved(c, after, "sign in wanted", detail), need)

    async def _void(self, c: Cancellation, found: tuple[Found, ...]) -> Sent:
        changed = texts.what_changed(found)
        detail = {"changed": changed}
        if c.sent:
            return Sent(await self._lost(c, changed, detail))
        after = replace(c.after(Event.CHANGE), ended_at=self._env.clock.now(), due_at=None, outcome=changed)
        return Sent(await self._moved(c, after, "void", detail))

    async def _not_sent_in_time(self, c: Cancellation) -> Sent:
        if c.sent:
            return Sent(await self._lost(c, texts.too_late_to_repeat(), {}))
        after = replace(c.after(Event.LAPSE), ended_at=self._env.clock.now(), due_at=None)
        return Sent(await self._moved(c, after, "lapsed", {}))

    async def _lost(self, c: Cancellation, why: str, detail: Mapping[str, str]) -> Cancellation:
        """It may have been taken or not: only the subscription itself can tell."""
        now = self._env.clock.now()
        after = replace(c.after(Event.LOSE), outcome=why, due_at=now + self._poll)
        stands = await self._moved(c, after, "unsure", detail)
        await self._telling.trouble(stands)
        return stands

    async def _send_later(self, c: Cancellation, trouble: Transient, pause: float) -> Sent:
        at = self._env.clock.now() + timedelta(seconds=max(pause, AGAIN.total_seconds()))
        after = replace(c, outcome=texts.problem(trouble.code, trouble.message), due_at=min(at, c.send_until))
        return Sent(await self._progress.keep(c, after, redraw=True) or await self._progress.now(c))

    async def _moved(
        self, before: Cancellation, after: Cancellation, outcome: str, detail: Mapping[str, str]
    ) -> Cancellation:
        stands = await self._progress.move(
            before,
            after,
            before.plan.kind,
            outcome,
            by=(before.approver_id, before.approver_name),
            detail={"MS-RequestId": before.plan.request_id, **detail},
        )
        return stands or await self._progress.now(before)
