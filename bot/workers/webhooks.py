"""Looks once, at start, whether Partner Center still sends a partner's events to where this bot no longer is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.domain.people import Partner
from bot.domain.webhooks import address, is_stale
from bot.errors import AlertDeskError
from bot.ports import Environment
from bot.services.operators import Operators
from bot.telemetry.log import get_logger
from bot.texts import webhook as texts

log = get_logger("webhook")


async def warn_of_stale(
    env: Environment,
    registered_url: Callable[[Partner], Awaitable[str]],
    operators: Operators,
    public_base: str,
) -> None:
    """`registered_url` is where Partner Center sends, empty for nowhere. What cannot be looked at is only logged."""
    for partner in env.partners.values():
        ours = address(public_base, partner.tenant_id)
        try:
            url = await registered_url(partner)
        except AlertDeskError as problem:
            log.info("webhook_not_looked_at", partner=partner.tenant_id, code=problem.code, problem=problem.message)
            continue
        if is_stale(url, ours):
            log.warning("webhook_stale", partner=partner.tenant_id, registered=url, ours=ours)
            await operators.tell(f"webhook of {partner.tenant_id}", texts.stale(partner.name, url, ours))
