"""As whom the alerts of a partner are read: the application, a person who signed in for it, or whichever works."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from bot.domain.people import Partner
from bot.errors import ConfigError, MissingMfa, Refused
from bot.microsoft.reader import DelegatedReader
from bot.microsoft.service import Caller, Service
from bot.net.http import Response
from bot.telemetry.log import get_logger
from bot.texts import tokens as texts

CHECK_BACK_SECONDS = 86_400.0
"""How long a partner of reader "auto" is read with a person's sign-in before the application tries itself again."""

log = get_logger("reading")


class Reading:
    """`delegated` is None where no sign-in can be kept (no ENCRYPTION_KEY); then the application reads, or nobody."""

    def __init__(self, graph: Service, delegated: DelegatedReader | None) -> None:
        self._graph, self._delegated = graph, delegated
        self._switched: dict[str, tuple[float, str]] = {}

    def remark(self, partner: Partner) -> str:
        """What operators should know of how this partner is read now; empty where it is as they asked."""
        since = self._switched.get(partner.tenant_id)
        return texts.reads_delegated(partner.name, since[1]) if since is not None else ""

    async def read(
        self, partner: Partner, url: str, *, headers: Mapping[str, str], timeout: float = 10.0, attempts: int = 1
    ) -> Response:
        """GET with the partner's reader. Raises as `Service.call` does; Refused says what an operator must do."""

        async def get(caller: Caller) -> Response:
            return await self._graph.call(
                "GET", url, caller=caller, headers=headers, timeout=timeout, attempts=attempts
            )

        if partner.reader == "delegated":
            return await get(self._person(partner))
        tenant, now = partner.tenant_id, self._graph.clock.monotonic()
        switched = self._switched.get(tenant)
        if switched is not None and now < switched[0] + CHECK_BACK_SECONDS:
            try:
                return await get(self._person(partner))
            except Refused:  # their sign-in is over: the application may be let in by now
                self._switched.pop(tenant, None)
        try:
            answer = await get(self._graph.app(tenant))
        except MissingMfa as error:
            if partner.reader != "auto" or self._delegated is None:
                raise
            answer = await self._instead(partner, error, get)
            self._switched[tenant] = (now, error.code)
            if switched is None:
                log.warning("reader_delegated", partner=tenant, code=error.code)
            return answer
        if switched is not None:
            self._switched.pop(tenant, None)
            log.info("reader_app", partner=tenant)
        return answer

    async def _instead(
        self, partner: Partner, error: MissingMfa, get: Callable[[Caller], Awaitable[Response]]
    ) -> Response:
        try:
            return await get(self._person(partner))
        except Refused as problem:
            raise MissingMfa(
                f"{problem.message} (The application's own token was refused: {error.code}.)", code=error.code
            ) from problem

    def _person(self, partner: Partner) -> Caller:
        if self._delegated is None:
            raise ConfigError(f"{partner.name} is to be read with a sign-in, which needs ALERTDESK_ENCRYPTION_KEY.")
        return self._delegated.caller(partner)
