"""Microsoft Graph below B/graph: puts its parts together and answers as Graph does for what is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.sandbox import graph_alerts, graph_directory, graph_score
from bot.sandbox.graph_call import Call, GraphError, endpoint

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud


def routes(cloud: Cloud) -> list[web.RouteDef]:
    """Alerts and score (beta only), people and groups (v1.0 and beta), and Graph's answer to any other path."""
    return [
        *graph_alerts.routes(cloud),
        *graph_score.routes(cloud),
        *graph_directory.routes(cloud),
        web.route("*", "/graph/{version}/{rest:.*}", endpoint(cloud, _unknown)),
    ]


async def _unknown(call: Call) -> dict[str, Any]:
    """An unknown segment is 400; the alerts exist in beta only, in v1.0 `partner` is such a segment."""
    version, rest = call.request.match_info["version"], call.request.match_info["rest"].split("/")
    if version not in ("v1.0", "beta"):
        raise GraphError(400, "BadRequest", "Invalid version")
    wrong = "partner" if rest[:2] == ["security", "partner"] and version == "v1.0" else rest[-1]
    raise GraphError(400, "BadRequest", f"Resource not found for the segment '{wrong}'.")
