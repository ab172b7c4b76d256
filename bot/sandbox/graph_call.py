"""One call to Graph: the caller's claims, permission checks, headers and the error envelope of all endpoints."""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlencode

from aiohttp import web

from bot.sandbox import envelopes
from bot.sandbox.tokens import Claims, TokenProblem, check_bearer

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud
    from bot.sandbox.world import Person

Item = TypeVar("Item")
GRAPH_APP = "00000003-0000-0000-c000-000000000000"
NO_PRIVILEGE = "Insufficient privileges to complete the operation."


ENDED = (
    "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: "
    "TokenIssuedBeforeRevocationTimestamp"
)


class GraphError(Exception):
    """An answer in Graph's error envelope. `claims` is what a new token must meet, for a claims challenge."""

    def __init__(self, status: int, code: str, message: str, claims: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.claims = status, code, message, claims


@dataclass(frozen=True)
class Call:
    """A request whose token was checked."""

    cloud: Cloud
    request: web.Request
    claims: Claims

    @property
    def person(self) -> Person | None:
        """Who calls with a delegated token; None for an app-only one."""
        return self.cloud.world.find_person(self.claims.object_id)

    @property
    def caller(self) -> str:
        """What `updatedBy` says: the user principal name, or the application's name."""
        person = self.person
        return person.directory_upn if person else self.cloud.world.app.name

    def require(self, *any_of: str) -> None:
        """The token must carry one of these permissions. Raises GraphError (403)."""
        held = self.claims.roles if self.claims.is_app else self.claims.scopes
        if not held & set(any_of):
            raise GraphError(403, "Authorization_RequestDenied", NO_PRIVILEGE)

    def options(self, *allowed: str) -> dict[str, str]:
        """The OData options of the query. Raises GraphError (400) for one that is not supported, or twice there."""
        query = self.request.query
        for name in query:
            if name not in allowed:
                raise GraphError(400, "BadRequest", f"Query option '{name}' is not allowed on this request.")
            if len(query.getall(name)) > 1:
                raise GraphError(400, "BadRequest", f"Query option '{name}' was specified more than once.")
        return dict(query)

    async def json_body(self) -> dict[str, Any]:
        """The body as a JSON object. Raises GraphError (400, 415)."""
        if self.request.content_type != "application/json":
            raise GraphError(415, "UnsupportedMediaType", "A JSON body with Content-Type application/json is needed.")
        try:
            body = json.loads(await self.request.read())
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise GraphError(
                400,
                "BadRequest",
                "Unable to read JSON request payload; it should be a JSON object.",
            )
        return body

    def page(self, items: Sequence[tuple[int, Item]], size: int) -> tuple[list[Item], str | None]:
        """The page that `$skiptoken` asks for, and the absolute `@odata.nextLink` or None.

        `items` are numbered in the order of their making; the token holds the last number given out, so pages neither
        repeat nor skip an item when others change in between.
        """
        after = _position(self.request.query.get("$skiptoken"))
        rest = [entry for entry in items if entry[0] > after]
        shown = rest[:size]
        if len(rest) <= size:
            return [item for _, item in shown], None
        token = base64.urlsafe_b64encode(f"after:{shown[-1][0]}".encode()).decode()
        query = [(name, value) for name, value in self.request.query.items() if name != "$skiptoken"]
        link = urlencode([*query, ("$skiptoken", token)], quote_via=quote, safe="$")
        return [item for _, item in shown], f"{self.request.url.origin()}{self.request.path}?{link}"

    def context(self, path: str) -> str:
        version = self.request.path.split("/")[2]
        return f"{self.request.url.origin()}/graph/{version}/$metadata#{path}"


Work = Callable[[Call], Awaitable[dict[str, Any]]]


def endpoint(cloud: Cloud, work: Work) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler that checks the token, runs `work` and gives its answer, or the error in Graph's envelope."""

    async def handle(request: web.Request) -> web.Response:
        ids = envelopes.graph_trace(request.headers)
        try:
            claims = check_bearer(cloud, request, audience="graph")
            _evaluate(cloud, claims)
            return web.json_response(await work(Call(cloud, request, claims)), headers=ids)
        except TokenProblem as problem:
            status, code, message = problem.status, problem.code, problem.message
            if status == 401:
                ids["WWW-Authenticate"] = (
                    f'Bearer realm="", authorization_uri="{cloud.base_url}/entra/common/oauth2/authorize"'
                )
        except GraphError as error:
            status, code, message = error.status, error.code, error.message
            if error.claims:
                ids["WWW-Authenticate"] = _challenge(cloud, error)
        body = envelopes.graph(code, message, ids["request-id"], ids["client-request-id"], cloud.now())
        return web.json_response(body, status=status, headers=ids)

    return handle


def _evaluate(cloud: Cloud, claims: Claims) -> None:
    """Continuous access evaluation: tokens of a person that were ended, or whose account is gone, are challenged where
    the client said that it handles challenges; those of other clients stay good until they expire.

    https://learn.microsoft.com/entra/identity-platform/app-resilience-continuous-access-evaluation
    """
    if claims.object_id is None or not claims.takes_challenges:
        return
    moment = cloud.entra.ended_at(claims.object_id, claims.issue)
    if moment is None and claims.object_id in cloud.world.removed:
        moment = int(time.time())
    if moment is not None:
        wanted = json.dumps({"access_token": {"nbf": {"essential": True, "value": str(moment)}}}, separators=(",", ":"))
        raise GraphError(401, "InvalidAuthenticationToken", ENDED, wanted)


def _challenge(cloud: Cloud, error: GraphError) -> str:
    """https://learn.microsoft.com/entra/identity-platform/claims-challenge#claims-challenge-header-format"""
    authority = f"{cloud.base_url}/entra/common/oauth2/authorize"
    claims = base64.b64encode(error.claims.encode()).decode()
    return (
        f'Bearer realm="", authorization_uri="{authority}", client_id="{GRAPH_APP}", '
        f'errorDescription="{error.message}", error="insufficient_claims", claims="{claims}"'
    )


def _position(token: str | None) -> int:
    if token is None:
        return -1
    try:
        kind, _, number = base64.urlsafe_b64decode(token).decode().partition(":")
        if kind == "after":
            return int(number)
    except (binascii.Error, ValueError):
        pass
    raise GraphError(400, "BadRequest", "Skip token is invalid.")
