"""Reads, live, everything that a plan rests on, just before it is approved or sent. What it finds is judged in
bot/domain/cancellations.py."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from bot.domain.alerts import Alert, AlertKey
from bot.domain.cancellations import Plan, Seen
from bot.domain.people import NO_ROLES, Partner, Person, Roles
from bot.errors import Missing, NoAccount, NotAllowed, NotChecked, Refused, SignInNeeded
from bot.ports import AlertSource, Directory, Entitlement, Environment, Subscriptions
from bot.texts import cancelling as texts

LIVE_ALERTS = 20
"""So many alerts are read at Partner Center itself; of the others the last poll counts."""
_AT_ONCE = 8


class PlanCheck:
    def __init__(
        self, env: Environment, subscriptions: Subscriptions, source: AlertSource, directory: Directory
    ) -> None:
        self._env, self._subscriptions, self._source, self._directory = env, subscriptions, source, directory

    async def seen(self, partner: Partner, plan: Plan, actor: Person | None) -> Seen:
        """With the token of the `actor` who decides (None: the bot's own).

        Raises SignInNeeded where Partner Center wants more of them, NotChecked or Transient where something could not
        be read: nothing is assumed.
        """
        found, alerts, requester = await asyncio.gather(
            self._entitlement(partner, plan, actor),
            self._alerts(partner, plan, actor),
            self._requester(partner, plan),
        )
        return Seen(
            azure_plan_id=found.plan_id if found else "",
            entitlement_name=found.name if found else "",
            entitlement_status=found.status if found else "",
            alerts=alerts,
            requester=requester,
            at=self._env.clock.now(),
        )

    async def status(self, partner: Partner, plan: Plan, actor: Person | None) -> str:
        """The entitlement's status now, read as the bot, or as the actor where the bot may not; empty: it is not
        there (any more)."""
        known = Entitlement(plan.customer_tenant_id, plan.azure_plan_id, plan.entitlement_id, plan.entitlement_name, "")
        try:
            return (await self._subscriptions.get(partner, known)).status
        except Missing:
            return ""
        except Refused:
            if actor is None:
                raise
        try:
            return (await self._subscriptions.get(partner, known, actor)).status
        except Missing:
            return ""

    async def _entitlement(self, partner: Partner, plan: Plan, actor: Person | None) -> Entitlement | None:
        try:
            return await self._subscriptions.find(partner, plan.customer_tenant_id, plan.entitlement_id, actor)
        except Missing:
            return None

    async def _alerts(self, partner: Partner, plan: Plan, actor: Person | None) -> Mapping[str, Alert]:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def read(alert_id: str) -> Alert | None:
            async with gate:
                try:
                    return await self._source.get(partner, alert_id)
                except Missing:
                    return None
                except Refused:
                    if actor is None:
                        raise
                try:
                    return await self._source.get(partner, alert_id, actor)
                except Missing:
                    return None

        live, rest = plan.alerts[:LIVE_ALERTS], plan.alerts[LIVE_ALERTS:]
        read_now = await asyncio.gather(*map(read, live))
        async with self._env.store.read() as tx:
            stored = await tx.alerts.many(AlertKey(plan.partner, alert_id) for alert_id in rest)
        return {
            **{record.alert.id: record.alert for record in stored.values()},
            **{alert.id: alert for alert in read_now if alert is not None},
        }

    async def _requester(self, partner: Partner, plan: Plan) -> Roles:
        """As the bot, or with the requester's own token that is kept: they are not here to give another."""
        try:
            return await self._directory.roles(partner, plan.by_id)
        except Refused:
            if partner.act_as != "user":
                raise
        requester = Person(plan.by_id, "", plan.by_name, partner.roles_in)
        try:
            return await self._directory.roles(partner, plan.by_id, requester)
        except NoAccount:
            return NO_ROLES
        except (SignInNeeded, NotAllowed) as need:  # their token is of no use now, which says nothing of their roles
            raise NotChecked(texts.requester_unchecked(plan.by_name), code=need.code) from need
