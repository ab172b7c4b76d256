"""Asking for a subscription to be cancelled or reactivated: who may, what they see, and the plan that is pinned.

What the asker saw is looked up again when they ask, so that what is pinned is what is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.domain.alerts import AlertRecord, Verdict, severity_rank
from bot.domain.cancellations import MOST_ALERTS, SUFFIX, Cancellation, Consent, Kind, Plan
from bot.domain.links import subscription_link
from bot.domain.people import Partner, Person
from bot.domain.policy import Act
from bot.errors import AlertDeskError, Incomplete, NotChecked, Permanent, Refused, UserError
from bot.ports import Entitlement, Environment, Subscriptions
from bot.services.access import Access, actor
from bot.services.carrying_out import CarryingOut
from bot.services.plan_progress import PlanProgress, Where, entry
from bot.texts import cancelling as texts

LOOK_SECONDS = 2.5
"""A look at Partner Center that somebody waits for. What takes longer is given up, and nothing was done."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A subscription that somebody means, as Partner Center has it, and its alerts as we know them, open ones first.
    `origin` is the alert from which they came."""

    partner: Partner
    found: Entitlement
    origin: AlertRecord
    alerts: tuple[AlertRecord, ...]

    @property
    def open_alerts(self) -> tuple[AlertRecord, ...]:
        return tuple(record for record in self.alerts if record.alert.is_open)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The form as somebody filled it in."""

    kind: str
    reason: str
    consent: str
    consent_note: str
    confirm: str


class Asking:
    """`life` is that of a plan which nobody decides on, `portal_url` Azure's. `spawn` starts a task that the program
    waits for when it stops."""

    def __init__(
        self,
        env: Environment,
        access: Access,
        subscriptions: Subscriptions,
        progress: PlanProgress,
        carrying_out: CarryingOut,
        *,
        life: timedelta,
        portal_url: str,
        spawn: Callable[[Coroutine[Any, Any, Any]], asyncio.Task[Any]],
    ) -> None:
        self._env, self._access, self._subscriptions = env, access, subscriptions
        self._progress, self._carrying_out = progress, carrying_out
        self._life, self._portal_url, self._spawn = life, portal_url, spawn

    async def records(self, partners: frozenset[str], subscription_id: str) -> tuple[AlertRecord, ...]:
        """The alerts of a subscription, the open ones first, of the first of these partners that has any."""
        async with self._env.store.read() as tx:
            for partner in sorted(partners):
                if found := await tx.alerts.of_subscription(partner, subscription_id, MOST_ALERTS):
                    return found
        return ()

    async def subject(self, kind: str, origin: AlertRecord, person: Person, where: Where) -> tuple[Person, Subject]:
        """Look up what somebody who may ask means; (the identified person, what they mean).

        Raises NotAllowed, SignInNeeded, NotChecked, or UserError that says why nothing can be asked for.
        """
        alert = origin.alert
        partner = self._env.partners[alert.partner]
        known = await self._access.require(
            Act.ASK_CANCEL, person, partner, where.conversation, origin.label, where.activity_id
        )
        if not (alert.subscription_id and alert.customer_tenant_id):
            no_such = texts.of_drill if alert.is_drill else texts.no_subscription
            raise UserError(no_such(origin.label), code="no_subscription")
        async with self._env.store.read() as tx:
            alerts = await tx.alerts.of_subscription(alert.partner, alert.subscription_id, MOST_ALERTS)
            last = (await tx.cancellations.last_on(alert.partner, [alert.subscription_id])).get(
                alert.subscription_id.lower()
            )
        self._refuse_what_cannot_be(kind, origin, partner, last)
        found = await self._looked_up(partner, origin, known)
        wanted = "active" if kind == Kind.CANCEL else "inactive"
        if found.status != wanted:
            raise UserError(texts.wrong_status(kind, found.name, found.status), code="wrong_status")
        return known, Subject(partner, found, origin, alerts)

    def _refuse_what_cannot_be(
        self, kind: str, origin: AlertRecord, partner: Partner, last: Cancellation | None
    ) -> None:
        alert = origin.alert
        if partner.act_as == "app" and not partner.app_may_cancel:
            link = subscription_link(alert.customer_tenant_id, alert.subscription_id, self._portal_url)
            raise UserError(texts.in_portal(kind, origin.label, link), code="cancel_in_portal")
        if kind == Kind.CANCEL and alert.is_test:
            raise UserError(texts.test_alert(origin.label), code="test_alert")
        if kind == Kind.CANCEL and not alert.is_open and alert.resolved_reason.lower() != Verdict.FRAUD:
            raise UserError(texts.not_fraud(origin), code="not_fraud")
        if last is not None and last.is_open:
            raise UserError(texts.open_one(last), code="open_one")
        if last is not None and last.earliest_at is not None and last.earliest_at > self._env.clock.now():
            raise UserError(texts.too_early(last), code="too_early")

    async def _looked_up(self, partner: Partner, origin: AlertRecord, person: Person) -> Entitlement:
        """As the bot; as the person where the bot may not."""
        alert, as_whom = origin.alert, actor(person, partner)
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                try:
                    return await self._subscriptions.find(partner, alert.customer_tenant_id, alert.subscription_id)
                except Refused:
                    if as_whom is None:
                        raise
                return await self._subscriptions.find(partner, alert.customer_tenant_id, alert.subscription_id, as_whom)
        except TimeoutError:
            raise NotChecked(texts.NOT_LOOKED_UP, code="look_timeout") from None
        except Permanent as problem:
            reason = texts.problem(problem.code, problem.message, app=as_whom is None, look_up=True)
            raise UserError(texts.not_found(origin, reason), code=problem.code or "not_found") from problem
        except UserError:
            raise
        except AlertDeskError as problem:
            raise NotChecked(texts.NOT_LOOKED_UP, code=problem.code or "look_failed") from problem

    async def ask(
        self, wanted: Wanted, origin: AlertRecord, person: Person, where: Where, patience: float
    ) -> Cancellation:
        """Pin the plan, and call the approvers (waits at most `patience` seconds for that; it goes on afterwards).

        Raises as `subject` does, and Incomplete where the form is not filled in as it must be.
        """
        _refuse_incomplete(wanted, origin)
        known, subject = await self.subject(wanted.kind, origin, person, where)
        plan, standing = await self._pinned(wanted, subject, known, where)
        if standing is not None:
            raise UserError(texts.open_one(standing), code="open_one")
        with self._carrying_out.awaited(plan.number):
            task = self._spawn(self._carrying_out.step(plan.number))
            await asyncio.wait({task}, timeout=max(patience, 0.05))
        async with self._env.store.write() as tx:
            return await tx.cancellations.held(plan.number) or Cancellation(plan)

    async def _pinned(
        self, wanted: Wanted, subject: Subject, person: Person, where: Where
    ) -> tuple[Plan, Cancellation | None]:
        now = self._env.clock.now()
        rests_on = _rests_on(subject) if wanted.kind == Kind.CANCEL else (subject.origin.alert.id,)
        async with self._env.store.write() as tx:
            plan = Plan(
                number=await tx.cancellations.next_number(),
                kind=wanted.kind,
                partner=subject.partner.tenant_id,
                customer_tenant_id=subject.found.customer_tenant_id,
                customer_name=subject.origin.customer_name,
                reseller_name=subject.origin.reseller_name or subject.origin.alert.reseller_tenant_id,
                azure_plan_id=subject.found.plan_id,
                entitlement_id=subject.found.id,
                entitlement_name=subject.found.name,
                alerts=rests_on,
                by_id=person.aad_id,
                by_name=person.name,
                reason=wanted.reason.strip(),
                consent=wanted.consent,
                consent_note=wanted.consent_note.strip(),
                request_id=self._env.ids.guid(),
                asked_at=now,
                expires_at=now + self._life,
                conversation_id=where.conversation.id,
                activity_id=where.activity_id,
            )
            if (standing := await tx.cancellations.open(plan, now)) is not None:
                return plan, standing
            stands = await tx.cancellations.get(plan.number) or Cancellation(plan)
            detail = {
                "kind": plan.kind,
                "customer": plan.customer_tenant_id,
                "plan id": plan.azure_plan_id,
                "subscription name": plan.entitlement_name,
                "alerts": list(plan.alerts),
                "reason": plan.reason,
                "consent": plan.consent,
                "consent note": plan.consent_note,
                "MS-RequestId": plan.request_id,
                "expires": plan.expires_at.isoformat(),
                **where.noted,
            }
            await tx.audit.append(
                entry(plan, f"ask to {plan.kind}", "asked", (person.aad_id, person.name), detail), now
            )
            await self._progress.shown(tx, stands, texts.line(stands))
        return plan, None


def _rests_on(subject: Subject) -> tuple[str, ...]:
    """The alert from which it was asked, then the open ones, the worst and newest first."""
    others = sorted(
        (
            record
            for record in subject.open_alerts
            if record.number != subject.origin.number and not record.alert.is_test
        ),
        key=lambda record: (-severity_rank(record.alert.severity), -record.number),
    )
    return tuple(record.alert.id for record in (subject.origin, *others))


def _refuse_incomplete(wanted: Wanted, origin: AlertRecord) -> None:
    if texts.is_blank(wanted.reason):
        raise Incomplete(texts.no_reason(wanted.kind), code="no_reason")
    if wanted.kind == Kind.CANCEL:
        if wanted.consent not in tuple(Consent):
            raise Incomplete(texts.NO_CONSENT, code="no_consent")
        if wanted.consent != Consent.AGREED and texts.is_blank(wanted.consent_note):
            raise Incomplete(texts.NO_CONSENT_NOTE, code="no_consent_note")
    typed, whole = wanted.confirm.strip().lower(), origin.alert.subscription_id.lower()
    if not typed:
        raise Incomplete(texts.no_suffix(origin.alert.subscription_id), code="no_suffix")
    if len(typed) < SUFFIX or not whole.endswith(typed):
        raise Incomplete(texts.bad_suffix(origin.alert.subscription_id), code="bad_suffix")
