"""The envelopes of Microsoft Graph and Partner Center, read without I/O: errors and the links to next pages.

Branches on codes, never on messages (but takes from one how long to wait, where Partner Center says it nowhere else).
No message of the other side is passed on: it can be hostile or hold secrets.
https://learn.microsoft.com/graph/errors · https://learn.microsoft.com/partner-center/developer/error-codes
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from bot.errors import AlertDeskError, Missing, MissingMfa, PendingOperation, Permanent, Refused, Transient
from bot.net.http import Response, retry_after

PARTNER_CENTER = "Partner Center"
_PASSING = frozenset({408, 429})
WRONG_AUDIENCE = "900420"
"""Partner Center does not take this token at all. No sign-in mends that."""
_MFA_CODES = frozenset({"unauthorized_missingmfa", "900421"})
_MFA_ADVICE = (
    "it wants a multi-factor claim, which an application's own token never has. Add the application in Partner Center "
    "(Settings, User management, Microsoft Entra applications) with the Admin agent role; where it still refuses, "
    "this tenant can only be read for a person who signs in with multi-factor authentication"
)
_PERSON_FORBIDDEN = (
    "this person may not do it there: they must be an Admin agent in Partner Center, and an administrator must have "
    "consented to the application's delegated permissions"
)
_GRAPH_FORBIDDEN: Mapping[str, str] = {
    "authorization_requestdenied": "the application lacks a permission: an administrator of the tenant must consent "
    "to PartnerSecurity.ReadWrite.All, User.ReadBasic.All and GroupMember.Read.All",
    "insufficient_claims": "a Conditional Access policy of the tenant demands more than this token has: ask its "
    "administrators to except the application",
}
_APP_WITHOUT_ROLE = "the application lacks a role: add it in Partner Center's user management as Admin agent"
_PERSON_WITHOUT_ROLE = "this person may not do it there: it takes a Global Administrator with the Admin agent role"
_PARTNER_CENTER_ADVICE: Mapping[str, str] = {
    WRONG_AUDIENCE: "the token is for another audience: check ALERTDESK_PARTNER_CENTER_URL",
    "900159": "there is no commerce relationship with that customer",
    "900150": _APP_WITHOUT_ROLE,
    "900308": _APP_WITHOUT_ROLE,
    "900335": _APP_WITHOUT_ROLE,
    "900329": "it takes no application's own token for this: a person must sign in",
}
_FOR_ANYBODY = frozenset({WRONG_AUDIENCE, "900159"})
_LACKS_ROLE = frozenset({"900150", "900308", "900335"})
_MEANT: Mapping[str, int] = {
    **dict.fromkeys(("900150", "900308", "900335", "900159", "900329"), 403),
    "800111": 404,
    **dict.fromkeys(("900307", "800002", "900118", "800012", "800011", "900337"), 400),
    "900278": 409,
}
"""Partner Center's codes with the status that is documented for each. The code counts where the two differ."""
_PENDING = timedelta(hours=24)
"""How long a change may take there. https://learn.microsoft.com/partner-center/developer/error-codes (900278)"""
_WAIT = re.compile(r"[Tt]ry again in (\d{1,6}) seconds?\b")


class BadRequest(Permanent):
    """400, for callers in this package that know another way to ask."""


class Forbidden(Refused):
    """403, for callers in this package that can do without the answer."""


def graph_error(response: Response, now: datetime, *, deed: bool = False, person: bool = False) -> AlertDeskError:
    """The error for an answer of Graph that is no success. `deed`: the request was to change something; `person`: it
    carried a person's token.

    Takes both spellings of the envelope that are seen: `error.innerError.code` and `Error.Code`.
    """
    inside = _lowered(_body(response))
    envelope = _lowered(inside.get("error", inside))
    inner = _lowered(envelope.get("innererror"))
    code = _code(envelope.get("code"))
    codes = [found for found in (code, _code(inner.get("code"))) if found]
    if "insufficient_claims" in response.headers.get("www-authenticate", ""):
        codes.append("insufficient_claims")
    reference = _code(inner.get("request-id")) or _code(response.headers.get("request-id"))
    known = (_GRAPH_FORBIDDEN[found.lower()] for found in codes if found.lower() in _GRAPH_FORBIDDEN)
    advice = _PERSON_FORBIDDEN if person else next(known, "")
    if response.status == 401:
        advice = advice or "it does not take this token: check ALERTDESK_CLOUD and ALERTDESK_GRAPH_URL"
    advice = advice or "the application may not do this there: check its permissions and its role in Partner Center"
    wait = retry_after(response.headers, now)
    return _error("Microsoft Graph", response, codes, reference, advice, wait=wait, deed=deed, meant=response.status)


def partner_center_error(
    response: Response, now: datetime, *, deed: bool = False, person: bool = False
) -> AlertDeskError:
    """The error for an answer of Partner Center that is no success. Older services nest its body or call it otherwise.

    https://learn.microsoft.com/partner-center/developer/api-throttling-guidance says how long to wait in words alone.
    """
    outer = _lowered(_body(response))
    body = _lowered(outer.get("error")) or outer
    code = _code(body.get("code")) or _code(body.get("errorcode"))
    reference = correlation_id(response)
    advice = _PARTNER_CENTER_ADVICE.get(code, "check the application's role in Partner Center's user management")
    if person and code not in _FOR_ANYBODY:
        advice = _PERSON_WITHOUT_ROLE if code in _LACKS_ROLE else _PERSON_FORBIDDEN
    final = 400 <= response.status < 500 and response.status not in _PASSING
    meant = _MEANT.get(code, response.status) if final else response.status
    wait = retry_after(response.headers, now)
    if wait is None and response.status == 429:
        told = _WAIT.search(f"{body.get('message', '')} {body.get('description', '')}")
        wait = float(told[1]) if told is not None else None
    codes = [code] if code else []
    return _error(PARTNER_CENTER, response, codes, reference, advice, wait=wait, deed=deed, meant=meant)


def correlation_id(response: Response) -> str:
    """By which Partner Center's support finds a call; empty where the answer names none."""
    return _code(response.headers.get("ms-correlationid"))


def next_link(base: str, link: object) -> str:
    """The link to the next page, if it leads below `base`, else Permanent: our token must not follow a foreign link."""
    if isinstance(link, str) and _below(base, link):
        return link
    raise Permanent("The next page's address leads elsewhere; the list cannot be read on.", code="ForeignLink")


def partner_center_link(base: str, link: object) -> tuple[str, Mapping[str, str]]:
    """(address, headers) of Partner Center's `links.next`, whose `uri` comes absolute, below /v1, without, or doubled.
    https://learn.microsoft.com/partner-center/developer/get-a-list-of-customers"""
    parts = _lowered(link)
    uri = parts.get("uri")
    if not isinstance(uri, str) or not uri:
        raise Permanent("The next page has no address; the list cannot be read on.", code="ForeignLink")
    if not uri.startswith("/"):
        uri = next_link(base, uri).removeprefix(base)
    while uri.startswith("/v1/"):
        uri = uri.removeprefix("/v1")
    given = parts.get("headers")
    pairs = [_lowered(pair) for pair in given] if isinstance(given, list) else []
    headers = {
        name: str(pair["value"])
        for pair in pairs
        if (name := str(pair.get("key", ""))).lower() == "ms-continuationtoken" and pair.get("value")
    }
    return next_link(base, f"{base}/v1{uri}"), headers


def listed(body: object, name: str) -> list[Any]:
    """The list `name` of an answer. Raises Transient where there is none: the answer is nonsense."""
    found = body.get(name) if isinstance(body, Mapping) else None
    if not isinstance(found, list):
        raise Transient(f"The other side answered nonsense: there is no list '{name}' in it.")
    return found


def _error(
    who: str,
    response: Response,
    codes: list[str],
    reference: str,
    advice: str,
    *,
    wait: float | None,
    deed: bool,
    meant: int,
) -> AlertDeskError:
    """`wait`: seconds that the other side asked for. `meant`: the status that its code stands for."""
    status = response.status
    code = codes[0] if codes else str(status)
    told = ", ".join([*codes[:1], *([f"request {reference}"] if reference else [])])
    start = f"{who} answered {status} ({told})" if told else f"{who} answered {status}"
    if any(found.lower() in _MFA_CODES for found in codes):
        return MissingMfa(f"{start}: {_MFA_ADVICE}.", code=code)
    if status in _PASSING or status >= 500:
        throttled = status == 429 or (status == 503 and wait is not None)
        return Transient(f"{start}; try again later.", code=code, retry_after=wait, in_doubt=deed and not throttled)
    if meant in (404, 410):
        return Missing(f"{start}: there is no such thing.", code=code)
    if meant in (401, 403):
        return (Forbidden if meant == 403 else Refused)(f"{start}: {advice}.", code=code)
    if meant == 409 and who == PARTNER_CENTER:
        earliest = timedelta(seconds=wait) if wait is not None else _PENDING
        return PendingOperation(f"{start}: an earlier change is still under way.", code=code, earliest=earliest)
    return (BadRequest if meant == 400 else Permanent)(f"{start}.", code=code)


def _body(response: Response) -> object:
    try:
        return response.json()
    except Transient:  # a gateway's own page; the status still counts
        return None


def _lowered(value: object) -> dict[str, Any]:
    return {str(name).lower(): inside for name, inside in value.items()} if isinstance(value, Mapping) else {}


def _code(value: object) -> str:
    text = str(value) if isinstance(value, str | int) else ""
    return text if re.fullmatch(r"[A-Za-z0-9_.\-]{1,100}", text) else ""


def _below(base: str, link: str) -> bool:
    try:
        trusted, asked = urlsplit(base), urlsplit(link)
        same = (trusted.scheme, trusted.hostname, trusted.port) == (asked.scheme, asked.hostname, asked.port)
    except ValueError:
        return False
    if not same or asked.username is not None or asked.password is not None:
        return False
    return asked.path.startswith(f"{trusted.path.rstrip('/')}/") and not any(_steps_up(asked.path))


def _steps_up(path: str) -> Iterator[bool]:
    for segment in unquote(path).replace("\\", "/").split("/"):
        yield segment in (".", "..")
