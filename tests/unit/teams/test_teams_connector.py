from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from bot.domain.delivery import Mention
from bot.domain.people import Person
from bot.errors import AlertDeskError, Missing, Permanent, Refused, TooLarge, Transient, Unreachable
from bot.ports import Message
from bot.teams.connector import MOST_BYTES, BotBearer, Connector, utf16_size
from bot.teams.failures import error_code
from bot.teams.limits import DOCUMENTED, SendLimits
from tests.support.teams_world import (
    ADA,
    BOT_ID,
    CHANNEL,
    CHANNEL_ID,
    PERSONAL,
    SERVICE_HOSTS,
    SERVICE_URL,
    TENANT,
    FakeClock,
    FakeTokens,
    http,
)

SCOPE = "https://api.botframework.com/.default"
HELLO = Message(text="hello")
A_CARD = {"type": "AdaptiveCard", "version": "1.5", "body": []}
ADA_PERSON = Person(aad_id=ADA, mri="29:ada", name="Ada")

Handler = Callable[[httpx.Request], httpx.Response]


class Teams:
    """A connector with scripted answers; the last one repeats."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(found, Exception):
            raise found
        return httpx.Response(found.status_code, headers=found.headers, content=found.content)

    @property
    def body(self) -> Any:
        return json.loads(self.requests[-1].content)


def connector(
    teams: Teams, *, clock: FakeClock | None = None, tokens: FakeTokens | None = None, max_wait: float = 2.0
) -> Connector:
    clock = clock or FakeClock()
    bearer = BotBearer(tokens or FakeTokens(), TENANT, SCOPE)
    limits = SendLimits.from_mapping(DOCUMENTED)
    return Connector(http(teams, clock), clock, bearer, limits, SERVICE_HOSTS, max_wait=max_wait)


def ok(document: Any = None, status: int = 201) -> httpx.Response:
    return httpx.Response(status, json={"id": "17"} if document is None else document)


def error(status: int, code: str = "", **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code, "message": "m"}}, headers=headers)


# What is sent ------------------------------------------------------------------------------------------------------


async def test_a_root_post_goes_to_the_bare_channel() -> None:
    teams, tokens = Teams(ok()), FakeTokens()
    assert await connector(teams, tokens=tokens).send(CHANNEL, HELLO) == "17"
    request = teams.requests[0]
    assert request.method == "POST"
    assert unquote(request.url.path).endswith(f"/v3/conversations/{CHANNEL_ID}/activities")
    assert str(request.url).startswith(SERVICE_URL + "v3/")
    assert request.headers["authorization"] == "Bearer token-0"
    assert tokens.asked == [(TENANT, SCOPE, False)]
    assert teams.body == {"type": "message", "text": "hello", "textFormat": "plain"}


async def test_a_text_that_mentions_somebody_carries_the_entity_with_the_same_letters() -> None:
    teams = Teams(httpx.Response(201, json={"id": "1"}))
    await connector(teams).send(CHANNEL, Message(text="A-1 <is> yours", mentions=(Mention("29:max", "Max"),)), "7")
    assert teams.body == {
        "type": "message",
        "text": "<at>Max</at>: A-1 &lt;is&gt; yours",
        "textFormat": "xml",
        "entities": [{"type": "mention", "text": "<at>Max</at>", "mentioned": {"id": "29:max", "name": "Max"}}],
    }


async def test_a_reply_goes_to_the_thread() -> None:
    teams = Teams(ok())
    await connector(teams).send(CHANNEL, HELLO, thread="1795")
    assert teams.requests[0].url.raw_path.decode().endswith("/19%3Aalerts%40thread.tacv2%3Bmessageid%3D1795/activities")


async def test_a_card_goes_as_an_attachment_without_text() -> None:
    teams = Teams(ok())
    await connector(teams).send(CHANNEL, Message(card=A_CARD, summary="A-1: new alert"))
    assert teams.body == {
        "type": "message",
        "summary": "A-1: new alert",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": A_CARD}],
    }


async def test_own_attachments_of_teams_go_as_they_are() -> None:
    teams = Teams(ok())
    attachment = {"contentType": "application/vnd.microsoft.teams.card.file.consent", "name": "a.csv", "content": {}}
    await connector(teams).send(PERSONAL, Message(attachments=(attachment,)))
    assert teams.body["attachments"] == [attachment]


async def test_an_id_cannot_leave_its_place_in_the_address() -> None:
    teams = Teams(ok())
    await connector(teams).update(replace(CHANNEL, id="../../x?y#z"), "../8", HELLO)
    assert teams.requests[0].url.raw_path.decode().endswith("/v3/conversations/..%2F..%2Fx%3Fy%23z/activities/..%2F8")


async def test_update_and_delete() -> None:
    teams = Teams(ok(status=200))
    await connector(teams).update(CHANNEL, "17", Message(card=A_CARD))
    assert teams.requests[0].method == "PUT"
    assert unquote(teams.requests[0].url.path).endswith(f"/conversations/{CHANNEL_ID}/activities/17")
    assert teams.body["id"] == "17"
    await connector(teams).delete(CHANNEL, "17")
    assert teams.requests[1].method == "DELETE"


async def test_deleting_what_is_gone_is_no_error() -> None:
    await connector(Teams(error(404, "ActivityNotFoundInConversation"))).delete(CHANNEL, "17")


@pytest.mark.parametrize(
    "answer", [httpx.Response(202), httpx.Response(200, content=b"<html>"), ok([]), ok({"id": 7}), ok({"x": 1})]
)
async def test_an_unreadable_confirmation_is_still_one(answer: httpx.Response) -> None:
    assert await connector(Teams(answer)).send(CHANNEL, HELLO) == ""


@pytest.mark.parametrize(
    "service_url",
    ["https://evil.example/", "http://smba.trafficmanager.net/", "https://a@smba.trafficmanager.net/", "", "x", "//x/"],
)
async def test_no_token_is_even_asked_for_where_it_may_not_go(service_url: str) -> None:
    teams, tokens = Teams(ok()), FakeTokens()
    with pytest.raises(Refused, match="SERVICE_HOSTS"):
        await connector(teams, tokens=tokens).send(replace(CHANNEL, service_url=service_url), HELLO)
    assert (teams.requests, tokens.asked) == ([], [])


# Size --------------------------------------------------------------------------------------------------------------


def test_size_is_counted_in_utf16() -> None:
    assert utf16_size(b"abc") == 6
    assert utf16_size("ä".encode()) == 2
    assert utf16_size("🙂".encode()) == 4


async def test_a_message_that_is_too_large_is_not_sent() -> None:
    teams = Teams(ok())
    frame = utf16_size(b'{"type":"message","text":"","textFormat":"plain"}')
    just = "x" * ((MOST_BYTES - frame) // 2)
    await connector(teams).send(CHANNEL, Message(text=just))
    with pytest.raises(TooLarge):
        await connector(teams).send(CHANNEL, Message(text=just + "x"))
    with pytest.raises(TooLarge):
        await connector(teams).update(CHANNEL, "1", Message(text="🙂" * (len(just) // 2 + 1)))
    assert len(teams.requests) == 1


# Errors ------------------------------------------------------------------------------------------------------------

POSTED: list[tuple[httpx.Response, type[AlertDeskError], bool]] = [
    (error(400, "BadArgument"), Permanent, False),
    (error(400, "BadSyntax"), Permanent, False),
    (error(401, "BotNotRegistered"), Refused, False),
    (error(401), Refused, False),
    (error(403, "BotDisabledByAdmin"), Unreachable, False),
    (error(403, "BotNotInConversationRoster"), Unreachable, False),
    (error(404, "BotNotInConversationRoster"), Unreachable, False),
    (error(403, "ConversationBlockedByUser"), Unreachable, False),
    (error(403, "MessageWritesBlocked"), Unreachable, False),
    (httpx.Response(403, json={"errorCode": 209, "message": '{"subCode":"MessageWritesBlocked"}'}), Unreachable, False),
    (
        httpx.Response(403, json={"error": {"code": "Forbidden", "message": '{"subCode":"MessageWritesBlocked"}'}}),
        Unreachable,
        False,
    ),
    (error(403, "ForbiddenOperationException"), Unreachable, False),
    (error(403, "InvalidBotApiHost"), Refused, False),
    (error(403, "NotEnoughPermissions"), Refused, False),
    (error(403, "SomethingNew"), Refused, False),
    (error(404, "ConversationNotFound"), Unreachable, False),
    (httpx.Response(404), Unreachable, False),
    (error(404, "ActivityNotFoundInConversation"), Missing, False),
    (error(412, "PreconditionFailed"), Transient, False),
    (error(413, "MessageSizeTooBig"), TooLarge, False),
    (httpx.Response(413, content=b"<html>too large</html>"), TooLarge, False),
    (error(429, "Throttled"), Transient, False),
    (error(500, "ServiceError"), Transient, True),
    (error(502, "ServiceError"), Transient, True),
    (error(503, "ServiceError"), Transient, True),
    (error(503, "ServiceError", **{"Retry-After": "7"}), Transient, False),
    (error(504, "ServiceError"), Transient, True),
    (httpx.Response(408), Transient, True),
    (httpx.Response(501, json={"error": {"code": "DeleteActivityAPINotImplemented"}}), Permanent, False),
    (httpx.Response(302, headers={"Location": "https://evil.example/"}), Permanent, False),
    (httpx.Response(418), Permanent, False),
]


@pytest.mark.parametrize(("answer", "kind", "in_doubt"), POSTED)
async def test_what_an_answer_to_a_post_means(
    answer: httpx.Response, kind: type[AlertDeskError], in_doubt: bool
) -> None:
    teams = Teams(answer)
    with pytest.raises(AlertDeskError) as caught:
        await connector(teams).send(CHANNEL, HELLO)
    assert type(caught.value) is kind
    assert getattr(caught.value, "in_doubt", False) is in_doubt
    assert len(teams.requests) == (2 if answer.status_code == 401 else 1)


@pytest.mark.parametrize(
    ("trouble", "in_doubt"),
    [
        (httpx.ConnectError("x"), False),
        (httpx.ConnectTimeout("x"), False),
        (httpx.ReadTimeout("x"), True),
        (httpx.ReadError("x"), True),
        (httpx.RemoteProtocolError("x"), True),
    ],
)
async def test_what_network_trouble_on_a_post_means(trouble: Exception, in_doubt: bool) -> None:
    teams = Teams(trouble)
    with pytest.raises(Transient) as caught:
        await connector(teams).send(CHANNEL, HELLO)
    assert caught.value.in_doubt is in_doubt
    assert len(teams.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_an_update_that_fails_is_the_outboxs_to_repeat_and_never_in_doubt(status: int) -> None:
    teams = Teams(error(status))
    with pytest.raises(Transient) as caught:
        await connector(teams).update(CHANNEL, "17", HELLO)
    assert caught.value.in_doubt is False
    assert len(teams.requests) == 1  # a second try in here would pass the send limits by


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(404, "ActivityNotFoundInConversation"), Missing),
        (httpx.Response(404), Missing),
        (error(404, "ConversationNotFound"), Unreachable),
        (error(403, "BotNotInConversationRoster"), Unreachable),
    ],
)
async def test_what_an_answer_to_an_update_means(answer: httpx.Response, kind: type[AlertDeskError]) -> None:
    with pytest.raises(kind):
        await connector(Teams(answer)).update(CHANNEL, "17", HELLO)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("Sat, 21 Nov 2026 12:00:30 GMT", 30.0)])
async def test_teams_own_pause_is_passed_on(status: int, header: str, seconds: float) -> None:
    with pytest.raises(Transient) as caught:
        await connector(Teams(error(status, **{"Retry-After": header}))).send(CHANNEL, HELLO)
    assert (caught.value.retry_after, caught.value.in_doubt) == (seconds, False)


async def test_a_refused_token_is_renewed_once() -> None:
    teams, tokens = Teams(error(401), ok()), FakeTokens()
    assert await connector(teams, tokens=tokens).send(CHANNEL, HELLO) == "17"
    assert [request.headers["authorization"] for request in teams.requests] == ["Bearer token-0", "Bearer token-1"]
    assert [fresh for _, _, fresh in tokens.asked] == [False, True]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", ""),
        (b"<html>", ""),
        (b"[]", ""),
        (b"null", ""),
        (b'{"error":"x"}', ""),
        (b'{"error":{"code":7}}', ""),
        (b'{"error":{"code":"A\\u0000B"}}', ""),
        (b'{"error":{"code":"Throttled"}}', "Throttled"),
        (b'{"code":"Throttled"}', "Throttled"),
        (b'{"error":{"code":"X","message":"{broken"}}', "X"),
        (b"[" * 3000, ""),
    ],
)
def test_the_code_of_an_error_body(body: bytes, code: str) -> None:
    assert error_code(body) == code


# People ------------------------------------------------------------------------------------------------------------

MEMBER = {
    "id": "29:ada",
    "name": "Ada Adams",
    "objectId": ADA.upper(),
    "tenantId": TENANT.upper(),
    "userPrincipalName": "ada@northwind.example",
}


@pytest.mark.parametrize("asked", ["29:ada", ADA, ADA.upper()])
@pytest.mark.parametrize("name", ["objectId", "aadObjectId"])
async def test_a_member(asked: str, name: str) -> None:
    document = {
        ("objectId" if key == "objectId" and name == "objectId" else name if key == "objectId" else key): value
        for key, value in MEMBER.items()
    }
    teams = Teams(ok(document, 200))
    found = await connector(teams).member(CHANNEL, asked)
    assert found == Person(ADA, "29:ada", "Ada Adams", TENANT, "ada@northwind.example")
    assert unquote(teams.requests[0].url.path).endswith(f"/v3/conversations/{CHANNEL_ID}/members/{asked}")


async def test_a_member_without_details() -> None:
    assert await connector(Teams(ok({"id": "29:ada"}, 200))).member(CHANNEL, "29:ada") == Person("", "29:ada", "")


@pytest.mark.parametrize("answer", [error(404, "MemberNotFoundInConversation"), httpx.Response(404)])
async def test_no_member(answer: httpx.Response) -> None:
    assert await connector(Teams(answer)).member(CHANNEL, "29:x") is None


async def test_somebody_else_than_asked_for_is_no_member() -> None:
    assert await connector(Teams(ok(MEMBER, 200))).member(CHANNEL, "29:max") is None


@pytest.mark.parametrize("answer", [httpx.Response(200, content=b"<html>"), ok([], 200), error(502)])
async def test_a_member_that_cannot_be_told(answer: httpx.Response) -> None:
    with pytest.raises(Transient):
        await connector(Teams(answer)).member(CHANNEL, "29:ada")


def page(*numbers: int, then: str = "") -> httpx.Response:
    members = [{**MEMBER, "id": f"29:{number}"} for number in numbers]
    return ok({"members": members} | ({"continuationToken": then} if then else {}), 200)


async def test_a_roster_on_one_page() -> None:
    teams = Teams(page(1, 2))
    found = await connector(teams).members(CHANNEL, 500)
    assert ([person.mri for person in found.people], found.complete) == (["29:1", "29:2"], True)
    assert found.people[0] == Person(ADA, "29:1", "Ada Adams", TENANT, "ada@northwind.example")
    assert unquote(teams.requests[0].url.path).endswith(f"/v3/conversations/{CHANNEL_ID}/pagedmembers")
    assert dict(teams.requests[0].url.params) == {"pageSize": "500"}


async def test_a_roster_goes_on_from_page_to_page() -> None:
    teams = Teams(page(1, 2, then="a/b+c=="), page(2, 3, then="d"), page(4))
    found = await connector(teams).members(CHANNEL, 500)
    assert ([person.mri for person in found.people], found.complete) == ([f"29:{n}" for n in (1, 2, 3, 4)], True)
    assert [request.url.params.get("continuationToken") for request in teams.requests] == [None, "a/b+c==", "d"]


async def test_of_a_long_roster_no_more_is_read_than_wanted() -> None:
    teams = Teams(page(*range(60), then="a"), page(*range(60, 120), then="b"))
    found = await connector(teams).members(CHANNEL, 100)
    assert (len(found.people), found.complete, len(teams.requests)) == (100, False, 2)
    (last,) = [await connector(Teams(page(*range(120)))).members(CHANNEL, 100)]
    assert (len(last.people), last.complete) == (100, False)


async def test_a_roster_without_end_is_given_up() -> None:
    teams = Teams(page(1, then="again"))
    found = await connector(teams).members(CHANNEL, 500)
    assert (len(found.people), found.complete, len(teams.requests)) == (1, False, 10)


@pytest.mark.parametrize(
    "answer", [httpx.Response(200, content=b"<html>"), ok([], 200), ok({"members": {}}, 200), error(502)]
)
async def test_a_roster_that_cannot_be_told(answer: httpx.Response) -> None:
    with pytest.raises(Transient):
        await connector(Teams(answer)).members(CHANNEL, 500)


async def test_a_roster_that_the_bot_left() -> None:
    with pytest.raises(Unreachable):
        await connector(Teams(error(403, "BotNotInConversationRoster"))).member(CHANNEL, "29:ada")


async def test_a_personal_chat() -> None:
    teams = Teams(ok({"id": "a:9"}))
    chat = await connector(teams).personal(ADA_PERSON, CHANNEL)
    assert (chat.id, chat.kind, chat.person_id, chat.tenant_id) == ("a:9", "personal", ADA, TENANT)
    assert (chat.service_url, chat.bot_id) == (SERVICE_URL, BOT_ID)
    assert teams.requests[0].url.path.endswith("/v3/conversations")
    assert teams.body["members"] == [{"id": "29:ada"}]
    assert (teams.body["isGroup"], teams.body["tenantId"], teams.body["bot"]) == (False, TENANT, {"id": BOT_ID})


async def test_a_personal_chat_by_object_id() -> None:
    teams = Teams(ok({"id": "a:9"}))
    await connector(teams).personal(replace(ADA_PERSON, mri=""), CHANNEL)
    assert teams.body["members"] == [{"id": ADA}]


async def test_a_person_without_the_app() -> None:
    with pytest.raises(Unreachable):
        await connector(Teams(error(403, "ForbiddenOperationException"))).personal(ADA_PERSON, CHANNEL)


@pytest.mark.parametrize("trouble", [httpx.ReadTimeout("x"), error(502), ok({})])
async def test_asking_for_a_personal_chat_is_never_in_doubt(trouble: Any) -> None:
    with pytest.raises(Transient) as caught:
        await connector(Teams(trouble)).personal(ADA_PERSON, CHANNEL)
    assert caught.value.in_doubt is False


# Limits ------------------------------------------------------------------------------------------------------------


async def test_a_burst_is_slowed_down_to_the_windows() -> None:
    clock, teams = FakeClock(), Teams(ok())
    speaking = connector(teams, clock=clock)
    for _ in range(8):
        await speaking.send(CHANNEL, HELLO)
    assert sum(clock.slept) == pytest.approx(1.05)


async def test_who_would_wait_too_long_is_told_how_long() -> None:
    clock, teams = FakeClock(), Teams(ok())
    speaking = connector(teams, clock=clock, max_wait=0.5)
    for _ in range(7):
        await speaking.send(CHANNEL, HELLO)
    with pytest.raises(Transient) as caught:
        await speaking.send(CHANNEL, HELLO)
    assert caught.value.retry_after == pytest.approx(1.05)
    assert caught.value.in_doubt is False
    assert len(teams.requests) == 7
    assert clock.slept == []


async def test_updates_count_and_look_ups_do_not() -> None:
    clock, teams = FakeClock(), Teams(ok(MEMBER, 200))
    speaking = connector(teams, clock=clock, max_wait=0.5)
    for _ in range(7):
        await speaking.update(CHANNEL, "1", HELLO)
    assert await speaking.member(CHANNEL, "29:ada") is not None
    with pytest.raises(Transient):
        await speaking.update(CHANNEL, "1", HELLO)
