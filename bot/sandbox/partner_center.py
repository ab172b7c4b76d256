"""Partner Center below B/partnercenter/v1: puts its parts together and answers as it does for what is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.sandbox import partner_customers, partner_entitlements
from bot.sandbox.partner_call import PartnerCall, PartnerError, endpoint

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud


def routes(cloud: Cloud) -> list[web.RouteDef]:
    return [
        *partner_customers.routes(cloud),
        *partner_entitlements.routes(cloud),
        web.route("*", "/partnercenter/v1/{rest:.*}", endpoint(cloud, _unknown)),
    ]


async def _unknown(call: PartnerCall) -> web.Response:
    raise PartnerError(404, 1000, f"Not found: {call.request.method} {call.request.path}")
