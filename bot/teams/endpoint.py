"""The whole way in for one POST /api/messages, free of any web framework: bytes in, status, body and headers out.

Whatever a sender does wrong is 4xx. 503 says that *we* cannot check it just now, so that Teams sends it again.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.chat.turn import Turn
from bot.errors import Transient
from bot.teams.activity import BadActivity, UnknownInvoke, parse, translate
from bot.teams.adapter import TeamsAdapter
from bot.teams.answers import answer, not_here, problem
from bot.teams.inbound import AGAIN_IN, TokenCheck, Unverified

MOST_BYTES = 256 * 1024

HttpAnswer = tuple[int, bytes | None, Mapping[str, str]]
_JSON = {"content-type": "application/json; charset=utf-8"}
_EMPTY: Mapping[str, str] = {}


class TeamsEndpoint:
    def __init__(self, check: TokenCheck, adapter: TeamsAdapter) -> None:
        self._check = check
        self._adapter = adapter

    async def handle(self, authorization: str | None, content_type: str | None, body: bytes) -> HttpAnswer:
        """Messages and events are 202 once they are done with, invokes 200 with their answer, unknown invokes 501."""
        if len(body) > MOST_BYTES:
            return 413, problem("TooLarge", f"An activity has {MOST_BYTES} bytes at most."), _JSON
        if (content_type or "").partition(";")[0].strip().lower() != "application/json":
            return 415, problem("UnsupportedMediaType", "An activity is application/json."), _JSON
        try:
            caller = await self._check.verify(authorization)
            activity = parse(body)
            self._check.admit(caller, activity.channel_id, activity.service_url)
            meaning = translate(activity)
        except Unverified as error:
            return error.status, problem(error.code, error.message), {**_JSON, **_advice(error)}
        except BadActivity as error:
            return 400, problem(error.code, error.message), _JSON
        if isinstance(meaning, UnknownInvoke):
            return 501, not_here(meaning.name), _JSON
        try:
            reply = await self._adapter.process(activity, meaning)
        except Transient as error:
            return (
                503,
                problem("TryAgain", "The bot could not take this in just now. Send it again."),
                {
                    **_JSON,
                    "retry-after": f"{max(1.0, error.retry_after or AGAIN_IN):.0f}",
                },
            )
        if activity.type != "invoke" or not isinstance(meaning, Turn):
            return 202, None, _EMPTY
        status, answered = answer(meaning, reply)
        return status, answered, _JSON if answered is not None else _EMPTY

    async def close(self) -> None:
        await self._check.close()


def _advice(error: Unverified) -> Mapping[str, str]:
    if error.status == 401:
        return {"www-authenticate": "Bearer"}
    return {"retry-after": f"{error.retry_after:.0f}"} if error.retry_after is not None else {}
