"""The connector's error answers, and what each means to us, in one table. Pure.

https://learn.microsoft.com/microsoftteams/platform/bots/build-conversational-capability#status-codes-from-bot-conversational-apis
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from bot.errors import AlertDeskError, Missing, Permanent, Refused, TooLarge, Transient, Unreachable
from bot.net.http import Response, retry_after

_BY_CODE: Mapping[str, tuple[type[Permanent], str]] = {
    "BotDisabledByAdmin": (Unreachable, "An administrator of the tenant has disabled the bot."),
    "BotNotInConversationRoster": (Unreachable, "The bot is not a member of the conversation."),
    "ConversationBlockedByUser": (Unreachable, "The person has blocked the bot."),
    "MessageWritesBlocked": (Unreachable, "The conversation takes no messages from the bot."),
    "ForbiddenOperationException": (Unreachable, "The person has not installed the app."),
    "ConversationNotFound": (Unreachable, "The conversation does not exist any more."),
    "ActivityNotFoundInConversation": (Missing, "The message does not exist any more."),
    "MemberNotFoundInConversation": (Missing, "There is no such member in the conversation."),
    "MessageSizeTooBig": (TooLarge, "The message is too large for Teams."),
    "BotNotRegistered": (Refused, "Teams does not know this bot: check APP_ID and the bot's registration."),
    "InvalidBotApiHost": (Refused, "Teams wants another service address for this tenant: check CLOUD."),
    "NotEnoughPermissions": (Refused, "The bot lacks a permission in this conversation."),
}
_WRITES_BLOCKED = 209
"""`errorCode` of an answer that carries the sub-code MessageWritesBlocked."""


def failure(answer: Response, method: str, now: datetime) -> AlertDeskError:
    """The error of ours for an answer that is no success.

    A POST that met 500, 502, 504 or a bare 503 may have been delivered all the same: `in_doubt`. Teams throttles (429),
    collides (412) and turns away with a time to come back (503 with Retry-After) before it does anything.
    """
    code, status = error_code(answer.body), answer.status
    pause = retry_after(answer.headers, now)
    name = code or f"HTTP{status}"
    if status in (412, 429) or (status == 503 and pause is not None):
        return Transient(f"Teams asks us to wait ({name}).", code=name, retry_after=pause)
    if status == 408 or (status >= 500 and status != 501):
        return Transient(
            f"Teams had trouble of its own ({name}).", code=name, retry_after=pause, in_doubt=method == "POST"
        )
    if status == 401:
        kind, advice = _BY_CODE["BotNotRegistered"]
        return kind(advice, code=name)
    if code in _BY_CODE:
        kind, advice = _BY_CODE[code]
        return kind(advice, code=code)
    if status == 413:
        kind, advice = _BY_CODE["MessageSizeTooBig"]
        return kind(advice, code=name)
    if status == 404:
        if method == "POST":
            return Unreachable("The conversation does not exist any more.", code=name)
        return Missing("Teams knows no such message or member.", code=name)
    if status == 403:
        return Refused(f"Teams does not let the bot do that ({name}).", code=name)
    return Permanent(f"Teams refused the request ({name}).", code=name)


def error_code(body: bytes) -> str:
    """The code of an error body in any of the shapes that Teams uses; empty where there is none.

    `{"error": {"code", "message", "innerHttpError"}}`, or `{"errorCode": 209, "message": "{\"subCode\": …}"}`.
    """
    document = _object(body)
    error = document.get("error")
    code = error.get("code") if isinstance(error, dict) else document.get("code")
    message = error.get("message") if isinstance(error, dict) else document.get("message")
    if document.get("errorCode") == _WRITES_BLOCKED:
        return "MessageWritesBlocked"
    if isinstance(message, str) and message.lstrip().startswith("{"):
        inner = _object(message.encode())
        code = inner.get("subCode") or code
    return code[:100] if isinstance(code, str) and code.isascii() and code.isprintable() else ""


def _object(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}
