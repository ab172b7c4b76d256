"""bot.microsoft.protocol: envelopes and links, each documented error once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import AlertDeskError, Missing, MissingMfa, PendingOperation, Permanent, Refused, Transient
from bot.microsoft.protocol import (
    BadRequest,
    Forbidden,
    graph_error,
    listed,
    next_link,
    partner_center_error,
    partner_center_link,
)
from bot.net.http import Response
from tests.support.outbound import START

BASE = "https://graph.microsoft.com"


def answer(status: int, body: Any = None, **headers: str) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


def envelope(code: str, inner: dict[str, Any] | None = None, key: str = "innerError") -> dict[str, Any]:
    return {"error": {"code": code, "message": "words <at>x</at>", key: inner or {"request-id": "r-1"}}}


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (400, envelope("BadRequest"), BadRequest, "BadRequest"),
        (401, envelope("InvalidAuthenticationToken"), Refused, "ALERTDESK_GRAPH_URL"),
        (403, envelope("Authorization_RequestDenied"), Forbidden, "PartnerSecurity.ReadWrite.All"),
        (403, envelope("UnknownError"), Forbidden, "role in Partner Center"),
        (403, envelope("Unauthorized_MissingMFA"), MissingMfa, "multi-factor"),
        (403, {"Error": {"Code": "Unauthorized_MissingMFA", "Message": "x"}}, MissingMfa, "multi-factor"),
        (403, {"Code": "unauthorized_missingmfa"}, MissingMfa, "multi-factor"),
        (403, envelope("Forbidden", {"code": "Unauthorized_MissingMFA"}, "innererror"), MissingMfa, "multi-factor"),
        (401, envelope("900421"), MissingMfa, "multi-factor"),
        (404, envelope("ResourceNotFound"), Missing, "no such thing"),
        (410, None, Missing, "no such thing"),
        (409, envelope("Conflict"), Permanent, "Conflict"),
        (302, b"", Permanent, "302"),
        (429, envelope("TooManyRequests"), Transient, "later"),
        (500, b"<html>oops</html>", Transient, "500"),
        (503, None, Transient, "503"),
        (400, {"error": "odd"}, BadRequest, "400"),
        (400, [1], BadRequest, "400"),
        (403, {"error": {"code": "x y\n<b>", "innerError": 7}}, Forbidden, "403"),
    ],
)
def test_graph_errors(status: int, body: Any, kind: type[AlertDeskError], says: str) -> None:
    error = graph_error(answer(status, body), START)
    assert type(error) is kind
    assert says in error.message
    assert "words" not in error.message
    assert "<" not in error.message


def test_graph_error_names_the_code_and_the_request() -> None:
    error = graph_error(answer(403, envelope("Authorization_RequestDenied")), START)
    assert error.code == "Authorization_RequestDenied"
    assert "request r-1" in error.message
    assert "request r-2" in graph_error(answer(500, b"", request_id="r-2"), START).message


def test_conditional_access_has_its_own_advice() -> None:
    challenge = 'Bearer realm="", error="insufficient_claims", claims="eyJ9"'
    error = graph_error(answer(401, envelope("InvalidAuthenticationToken"), www_authenticate=challenge), START)
    assert isinstance(error, Refused)
    assert "Conditional Access" in error.message


@pytest.mark.parametrize(
    ("status", "headers", "doubt"),
    [
        (429, {}, False),
        (429, {"retry_after": "5"}, False),
        (503, {"retry_after": "5"}, False),
        (503, {}, True),
        (500, {}, True),
        (502, {"retry_after": "5"}, True),
        (504, {}, True),
        (408, {}, True),
    ],
)
def test_doubt_follows_a_deed_only(status: int, headers: dict[str, str], doubt: bool) -> None:
    for read in (graph_error, partner_center_error):
        deed = read(answer(status, None, **headers), START, deed=True)
        assert isinstance(deed, Transient)
        assert deed.in_doubt is doubt
        assert deed.retry_after == (5.0 if headers else None)
        reading = read(answer(status, None, **headers), START)
        assert isinstance(reading, Transient)
        assert not reading.in_doubt


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "says"),
    [
        (400, {"code": "900118", "description": "d"}, BadRequest, "900118", "900118"),
        (400, {"code": 800002}, BadRequest, "800002", "800002"),
        (401, {"code": "900420"}, Refused, "900420", "ALERTDESK_PARTNER_CENTER_URL"),
        (401, {"code": 900421}, MissingMfa, "900421", "multi-factor"),
        (403, {"code": "900159"}, Forbidden, "900159", "commerce"),
        (403, {"code": "900308"}, Forbidden, "900308", "Admin agent"),
        (403, {"code": "900329"}, Forbidden, "900329", "a person must sign in"),
        (404, {"code": "800111"}, Missing, "800111", "no such"),
        (403, {"code": 900150}, Forbidden, "900150", "Admin agent"),
        (403, {"code": "900335"}, Forbidden, "900335", "Admin agent"),
        (400, {"code": "900308"}, Forbidden, "900308", "Admin agent"),
        (400, {"code": 800111}, Missing, "800111", "no such"),
        (409, {"code": "900278"}, PendingOperation, "900278", "under way"),
        (400, {"code": "900278"}, PendingOperation, "900278", "under way"),
        (409, b"", PendingOperation, "409", "under way"),
        (400, {"code": "900307"}, BadRequest, "900307", "900307"),
        (404, {"code": "800012"}, BadRequest, "800012", "800012"),
        (400, {"code": "800011"}, BadRequest, "800011", "800011"),
        (400, {"code": "900337"}, BadRequest, "900337", "900337"),
        (401, {"error": {"Code": 900421}}, MissingMfa, "900421", "multi-factor"),
        (403, {"errorCode": 900308, "error": "text"}, Forbidden, "900308", "Admin agent"),
        (402, {"code": ["900308"]}, Permanent, "402", "402"),
        (408, {"code": "900308"}, Transient, "900308", "later"),
        (500, {"code": "800111"}, Transient, "800111", "later"),
        (429, {"statusCode": 429, "message": "Rate limit is exceeded. Try again in 57 seconds."}, Transient, "429", ""),
        (503, b"gateway", Transient, "503", ""),
    ],
)
def test_partner_center_errors(status: int, body: Any, kind: type[AlertDeskError], code: str, says: str) -> None:
    error = partner_center_error(answer(status, body), START)
    assert type(error) is kind
    assert error.code == code
    assert says in error.message


@pytest.mark.parametrize("code", ["", "900307"])
def test_an_answer_names_its_status_once(code: str) -> None:
    told = partner_center_error(answer(400, {"code": code} if code else b""), START).message
    assert told == f"Partner Center answered 400{f' ({code})' if code else ''}."


@pytest.mark.parametrize(
    ("headers", "earliest"), [({}, timedelta(hours=24)), ({"retry_after": "90"}, timedelta(seconds=90))]
)
def test_a_pending_operation_says_when_to_ask_again(headers: dict[str, str], earliest: timedelta) -> None:
    error = partner_center_error(answer(409, {"code": "900278"}, **headers), START, deed=True)
    assert isinstance(error, PendingOperation)
    assert error.earliest == earliest


@pytest.mark.parametrize(
    ("body", "headers", "wait"),
    [
        ({"statusCode": 429, "message": "Rate limit is exceeded. Try again in 57 seconds."}, {}, 57.0),
        ({"code": "429", "description": "Too many. try again in 1 second"}, {}, 1.0),
        ({"message": "Rate limit is exceeded. Try again in 57 seconds."}, {"retry_after": "5"}, 5.0),
        ({"message": "Try again in -3 seconds or in 99999999 seconds."}, {}, None),
        ({"message": ["Try again in"]}, {}, None),
        (None, {}, None),
    ],
)
def test_throttling_is_no_doubt_and_says_how_long(body: Any, headers: dict[str, str], wait: float | None) -> None:
    error = partner_center_error(answer(429, body, **headers), START, deed=True)
    assert isinstance(error, Transient)
    assert (error.retry_after, error.in_doubt) == (wait, False)


def test_a_person_is_told_of_their_own_role() -> None:
    for code in ("900150", "900308", "900335"):
        assert "Global Administrator" in partner_center_error(answer(403, {"code": code}), START, person=True).message
    assert "commerce" in partner_center_error(answer(403, {"code": "900159"}), START, person=True).message


@given(st.integers(300, 599), st.binary(max_size=60), st.booleans())
def test_any_answer_becomes_an_error_of_ours(status: int, body: bytes, deed: bool) -> None:
    for read in (graph_error, partner_center_error):
        assert isinstance(read(Response(status, {}, body), START, deed=deed), AlertDeskError)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["error", "Error", "code", "innerError"]), inner)
        ),
    )
)
def test_any_json_becomes_an_error_of_ours(body: Any) -> None:
    for read in (graph_error, partner_center_error):
        assert isinstance(read(answer(403, body), START), Refused)


@pytest.mark.parametrize(
    "link",
    [
        f"{BASE}/beta/security/partner/securityAlerts?$skiptoken=a%2Fb",
        f"{BASE}/v1.0/x",
        "HTTPS://GRAPH.microsoft.com/beta/x",
    ],
)
def test_links_below_the_base_are_followed(link: str) -> None:
    assert next_link(BASE, link) == link


@pytest.mark.parametrize(
    "link",
    [
        "http://graph.microsoft.com/beta/x",
        "https://graph.microsoft.com.evil.org/beta/x",
        "https://graph.microsoft.com:444/beta/x",
        "https://me@graph.microsoft.com/beta/x",
        "https://me:word@graph.microsoft.com/beta/x",
        "https://evil.org/?https://graph.microsoft.com/",
        "//graph.microsoft.com/beta/x",
        "/beta/x",
        "https://graph.microsoft.com:x/beta",
        "https://[",
        "",
        None,
        7,
        {"uri": "x"},
    ],
)
def test_foreign_links_are_not_followed(link: object) -> None:
    with pytest.raises(Permanent):
        next_link(BASE, link)


@pytest.mark.parametrize(
    "path", ["/graphic/x", "/graph/../partnercenter/x", "/graph/%2e%2e/x", "/graph/..%5Cx", "/graph"]
)
def test_links_stay_below_the_base_path(path: str) -> None:
    base = "http://127.0.0.1:99/graph"
    assert next_link(base, f"{base}/beta/x") == f"{base}/beta/x"
    with pytest.raises(Permanent):
        next_link(base, f"http://127.0.0.1:99{path}")


@pytest.mark.parametrize(
    "uri",
    [
        "/customers?size=500&seekOperation=Next",
        "/v1/customers?size=500&seekOperation=Next",
        "/v1/v1/customers?size=500&seekOperation=Next",
        "https://api.example.com/pc/v1/customers?size=500&seekOperation=Next",
        "https://api.example.com/pc/v1/v1/customers?size=500&seekOperation=Next",
    ],
)
def test_partner_center_links_in_every_spelling(uri: str) -> None:
    base = "https://api.example.com/pc"
    headers = [{"key": "MS-ContinuationToken", "value": "t"}, {"key": "Authorization", "value": "evil"}, None]
    assert partner_center_link(base, {"uri": uri, "method": "GET", "headers": headers}) == (
        f"{base}/v1/customers?size=500&seekOperation=Next",
        {"MS-ContinuationToken": "t"},
    )


@pytest.mark.parametrize("link", [None, "x", {}, {"uri": ""}, {"uri": "https://evil.org/v1/x"}, {"uri": "/v1/../x"}])
def test_partner_center_links_that_lead_elsewhere(link: object) -> None:
    with pytest.raises(Permanent):
        partner_center_link("https://api.example.com", link)


@pytest.mark.parametrize("body", [None, [], {}, {"value": None}, {"value": {}}, "value"])
def test_a_missing_list_is_nonsense(body: object) -> None:
    with pytest.raises(Transient, match="nonsense"):
        listed(body, "value")
    assert listed({"value": [1]}, "value") == [1]
