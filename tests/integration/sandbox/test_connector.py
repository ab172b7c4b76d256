"""The sandbox's Bot Connector over plain HTTP: what a bot may do, every documented refusal, the send windows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from bot.sandbox.app import running
from bot.sandbox.cloud import Cloud, SandboxOptions
from bot.sandbox.connector_limits import SEND_WINDOWS, SlidingWindows
from bot.sandbox.teams import Conversation
from bot.sandbox.tokens import issue

CARD = {"contentType": "application/vnd.microsoft.card.adaptive", "content": {"type": "AdaptiveCard", "version": "1.5"}}


class Bot:
    """Calls the connector as the bot does."""

    def __init__(self, cloud: Cloud, http: aiohttp.ClientSession) -> None:
        self.cloud, self.http = cloud, http
        self.token = connector_token(cloud)

    async def ask(
        self, method: str, conversation: Conversation, path: str, body: Any = None
    ) -> tuple[int, Any, dict[str, str]]:
        address = f"{self.cloud.teams.service_url(conversation.tenant_id)}{path}"
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.http.request(method, address, json=body, headers=headers) as answer:
            text = await answer.text()
            return answer.status, (await answer.json()) if text else None, dict(answer.headers)

    async def send(self, conversation: Conversation, activity: Any = None, thread: str = "") -> tuple[int, Any]:
        where = quote(f"{conversation.id};messageid={thread}" if thread else conversation.id, safe="")
        sent = {"type": "message", "attachments": [CARD]} if activity is None else activity
        status, body, _ = await self.ask("POST", conversation, f"v3/conversations/{where}/activities", sent)
        return status, body


def connector_token(cloud: Cloud, audience: str = "connector", **changes: Any) -> str:
    app = cloud.world.app
    wanted = {"tenant_id": app.tenant_id, "app_id": app.app_id, **changes}
    return issue(cloud, audience=audience, **wanted)


@pytest.fixture
async def cloud() -> AsyncIterator[Cloud]:
    async with running(SandboxOptions(bot_url="http://127.0.0.1:9")) as cloud:
        yield cloud


@pytest.fixture
async def bot(cloud: Cloud) -> AsyncIterator[Bot]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http:
        yield Bot(cloud, http)


@pytest.fixture
def alerts(cloud: Cloud) -> Conversation:
    return cloud.teams.channel("Security Operations", "Alerts")


def at(conversation: Conversation, rest: str = "") -> str:
    return f"v3/conversations/{quote(conversation.id, safe='')}{rest}"


async def test_a_root_post_a_reply_an_edit_and_a_deletion(bot: Bot, alerts: Conversation) -> None:
    status, root = await bot.send(alerts)
    assert status == 201
    status, reply = await bot.send(alerts, {"type": "message", "text": "in the thread"}, thread=root["id"])
    assert status == 201
    assert alerts.messages[reply["id"]].thread_id == root["id"]
    status, other, _ = await bot.ask(
        "POST", alerts, at(alerts, f"/activities/{root['id']}"), {"type": "message", "text": "replyToActivity"}
    )
    assert status == 201
    assert alerts.messages[other["id"]].thread_id == root["id"]
    edited = {"type": "message", "summary": "now", "attachments": [CARD]}
    status, body, _ = await bot.ask("PUT", alerts, at(alerts, f"/activities/{root['id']}"), edited)
    assert (status, body) == (200, {"id": root["id"]})
    assert alerts.messages[root["id"]].activity["summary"] == "now"
    assert alerts.messages[root["id"]].edited is not None
    status, _, _ = await bot.ask("DELETE", alerts, at(alerts, f"/activities/{reply['id']}"))
    assert status == 200
    status, body, _ = await bot.ask("DELETE", alerts, at(alerts, f"/activities/{reply['id']}"))
    assert (status, body["error"]["code"]) == (404, "ActivityNotFoundInConversation")


async def test_create_conversation_starts_a_thread(bot: Bot, alerts: Conversation) -> None:
    wanted = {
        "isGroup": True,
        "bot": bot.cloud.teams.bot,
        "tenantId": alerts.tenant_id,
        "channelData": {"channel": {"id": alerts.id}, "tenant": {"id": alerts.tenant_id}},
        "activity": {"type": "message", "attachments": [CARD]},
    }
    status, body, _ = await bot.ask("POST", alerts, "v3/conversations", wanted)
    assert status == 201
    assert body["id"] == f"{alerts.id};messageid={body['activityId']}"
    assert alerts.messages[body["activityId"]].thread_id is None
    status, body, _ = await bot.ask("POST", alerts, "v3/conversations", {**wanted, "activity": None})
    assert (status, body["error"]["code"]) == (400, "BadSyntax")


@pytest.mark.parametrize("by", ["mri", "aad_object_id"])
async def test_a_personal_chat_is_created_only_where_the_app_is_installed(bot: Bot, by: str) -> None:
    people = bot.cloud.world.people
    ada = bot.cloud.teams.personal("ada")
    wanted: dict[str, Any] = {
        "isGroup": False,
        "tenantId": ada.tenant_id,
        "members": [{"id": getattr(people["ada"], by)}],
    }
    status, body, _ = await bot.ask("POST", ada, "v3/conversations", wanted)
    assert (status, body) == (201, {"id": ada.id})
    assert (await bot.send(ada, {"type": "message", "text": "hello"}))[0] == 201
    gus = {**wanted, "members": [{"id": getattr(people["gus"], by)}]}
    status, body, _ = await bot.ask("POST", ada, "v3/conversations", gus)
    assert (status, body["error"]["code"]) == (403, "ForbiddenOperationException")
    for nonsense in ({**wanted, "members": []}, {**wanted, "tenantId": None}, {**wanted, "members": [{}, {}]}):
        status, body, _ = await bot.ask("POST", ada, "v3/conversations", nonsense)
        assert (status, body["error"]["code"]) == (400, "BadArgument")


async def test_members_carry_what_roles_are_decided_by(bot: Bot, alerts: Conversation) -> None:
    people = bot.cloud.world.people
    status, members, _ = await bot.ask("GET", alerts, at(alerts, "/members"))
    assert status == 200
    assert {member["id"] for member in members} == {people[key].mri for key in ("ada", "max", "gil", "nora", "gus")}
    status, page, _ = await bot.ask("GET", alerts, at(alerts, "/pagedmembers?pageSize=1"))
    assert len(page["members"]) == 5  # the service raises a page size below 50
    assert "continuationToken" not in page
    for identity in (people["gus"].mri, people["gus"].aad_object_id):
        status, gus, _ = await bot.ask("GET", alerts, at(alerts, f"/members/{quote(identity, safe='')}"))
        assert status == 200
        assert gus["aadObjectId"] == gus["objectId"] == people["gus"].aad_object_id
        assert gus["tenantId"] == people["gus"].tenant_id != alerts.tenant_id
        assert gus["userRole"] == "guest"
        assert "#EXT#" in gus["userPrincipalName"]
    status, body, _ = await bot.ask("GET", alerts, at(alerts, f"/members/{quote(people['fay'].mri, safe='')}"))
    assert (status, body["error"]["code"]) == (404, "MemberNotFoundInConversation")
    status, body, _ = await bot.ask("GET", alerts, at(alerts, "/pagedmembers?continuationToken=x"))
    assert (status, body["error"]["code"]) == (400, "BadArgument")


async def test_member_pages_follow_the_continuation_token(bot: Bot, alerts: Conversation) -> None:
    assert alerts.team is not None
    alerts.team.members.extend(["ada"] * 70)  # a roster of 75
    status, first, _ = await bot.ask("GET", alerts, at(alerts, "/pagedmembers?pageSize=50"))
    assert (status, len(first["members"])) == (200, 50)
    token = first["continuationToken"]
    status, second, _ = await bot.ask("GET", alerts, at(alerts, f"/pagedmembers?pageSize=50&continuationToken={token}"))
    assert len(second["members"]) == 25
    assert "continuationToken" not in second


async def test_team_and_its_channels(bot: Bot, alerts: Conversation) -> None:
    assert alerts.team is not None
    team = quote(alerts.team.id, safe="")
    status, body, _ = await bot.ask("GET", alerts, f"v3/teams/{team}")
    assert (status, body["name"], body["tenantId"]) == (200, "Security Operations", alerts.tenant_id)
    status, body, _ = await bot.ask("GET", alerts, f"v3/teams/{team}/conversations")
    assert [(entry["name"], entry["type"]) for entry in body["conversations"]] == [
        (None, "standard"),
        ("Alerts", "standard"),
        ("Joint response", "shared"),
        ("Leads only", "private"),
    ]
    status, body, _ = await bot.ask("GET", alerts, "v3/teams/19%3Anone")
    assert (status, body["error"]["code"]) == (404, "ConversationNotFound")


async def test_text_beside_a_card_is_split_and_has_no_id(bot: Bot, alerts: Conversation) -> None:
    status, body = await bot.send(alerts, {"type": "message", "text": "look", "attachments": [CARD]})
    assert (status, body) == (202, None)
    text, card = list(alerts.messages.values())[-2:]
    assert (text.activity["text"], text.activity["attachments"]) == ("look", [])
    assert card.activity["attachments"] == [CARD]
    assert "text" not in card.activity


async def test_targeted_messages_are_for_one_member(bot: Bot, alerts: Conversation) -> None:
    ada = bot.cloud.world.people["ada"]
    path = at(alerts, "/activities?isTargetedActivity=true")
    sent = {"type": "message", "text": "only you", "recipient": {"id": ada.mri}}
    status, body, _ = await bot.ask("POST", alerts, path, sent)
    assert status == 201
    assert alerts.messages[body["id"]].targeted_to == "ada"
    own = at(alerts, f"/activities/{body['id']}")
    changed = {"type": "message", "text": "still only you"}
    assert (await bot.ask("PUT", alerts, f"{own}?isTargetedActivity=true", changed))[0] == 200
    assert (await bot.ask("PUT", alerts, f"{own}?isTargetedActivity=true", sent))[0] == 400
    assert (await bot.ask("PUT", alerts, own, changed))[0] == 404
    assert (await bot.ask("DELETE", alerts, f"{own}?isTargetedActivity=true"))[0] == 200
    status, body, _ = await bot.ask("POST", alerts, path, {"type": "message", "text": "nobody"})
    assert (status, body["error"]["code"]) == (400, "BadArgument")
    stranger = {**sent, "recipient": {"id": bot.cloud.world.people["fay"].mri}}
    status, body, _ = await bot.ask("POST", alerts, path, stranger)
    assert (status, body["error"]["code"]) == (404, "BotNotInConversationRoster")


@pytest.mark.parametrize(
    ("activity", "code"),
    [
        ({"text": "no type"}, "BadSyntax"),
        ({"type": "message"}, "BadSyntax"),
        ({"type": "message", "text": "  "}, "BadSyntax"),
        ({"type": "event", "text": "x"}, "BadSyntax"),
        ({"type": "message", "attachments": [{}]}, "BadSyntax"),
        ({"type": "message", "text": "hi", "entities": [{"type": "mention", "text": "<at>Jo</at>"}]}, "BadArgument"),
        (["no object"], "BadSyntax"),
    ],
)
async def test_malformed_activities_are_400(bot: Bot, alerts: Conversation, activity: Any, code: str) -> None:
    status, body = await bot.send(alerts, activity)
    assert (status, body["error"]["code"]) == (400, code)
    assert not alerts.messages


async def test_a_message_is_measured_as_utf16(bot: Bot, alerts: Conversation) -> None:
    fits = {"type": "message", "text": "x" * 51_000}
    assert (await bot.send(alerts, fits))[0] == 201
    status, body = await bot.send(alerts, {"type": "message", "text": "x" * 51_200})
    assert (status, body["error"]["code"]) == (413, "MessageSizeTooBig")
    bot.cloud.faults.switches.max_message_bytes = 1000
    assert (await bot.send(alerts, {"type": "message", "text": "é" * 600}))[0] == 413


@pytest.mark.parametrize(
    ("event", "status", "code"),
    [
        ("removed", 403, "BotNotInConversationRoster"),
        ("archived", 403, "NotEnoughPermissions"),
        ("deleted", 403, "BotNotInConversationRoster"),
    ],
)
async def test_conversations_that_the_bot_cannot_write_in(
    bot: Bot, alerts: Conversation, event: str, status: int, code: str
) -> None:
    _, root = await bot.send(alerts)
    assert alerts.team is not None
    alerts.team.installed = event != "removed"
    alerts.team.archived = event == "archived"
    alerts.deleted = event == "deleted"
    answers = [await bot.send(alerts)]
    edited, body, _ = await bot.ask(
        "PUT", alerts, at(alerts, f"/activities/{root['id']}"), {"type": "message", "text": "x"}
    )
    answers.append((edited, body))
    for answer, body in answers:
        assert (answer, body["error"]["code"]) == (status, code)
        assert body["error"]["message"]
    assert (await bot.ask("GET", alerts, at(alerts, "/members")))[0] == (200 if event == "archived" else 403)


async def test_unknown_ids_are_404(bot: Bot, alerts: Conversation) -> None:
    nowhere = "v3/conversations/19%3Anowhere%40thread.tacv2"
    status, body, _ = await bot.ask("POST", alerts, f"{nowhere}/activities", {"type": "message", "text": "x"})
    assert (status, body["error"]["code"]) == (404, "ConversationNotFound")
    status, body = await bot.send(alerts, thread="123")
    assert (status, body["error"]["code"]) == (404, "ConversationNotFound")
    other = bot.cloud.teams.channel("Fabrikam SOC", "Alerts")
    status, _, _ = await bot.ask("POST", alerts, at(other, "/activities"), {"type": "message", "text": "x"})
    assert status == 404  # another tenant's conversation under this tenant's serviceUrl
    assert (await bot.send(other))[0] == 201


async def test_a_message_of_a_person_is_not_the_bots_to_change(bot: Bot, alerts: Conversation) -> None:
    theirs = bot.cloud.teams.post(alerts, {"type": "message", "text": "mine"}, sender="ada")
    for method in ("PUT", "DELETE"):
        status, body, _ = await bot.ask(
            method, alerts, at(alerts, f"/activities/{theirs.id}"), {"type": "message", "text": "x"}
        )
        assert (status, body["error"]["code"]) == (403, "NotEnoughPermissions")


async def test_only_the_bots_own_token_is_taken(bot: Bot, alerts: Conversation) -> None:
    cloud, ada = bot.cloud, bot.cloud.world.people["ada"]
    other_tenant = next(tenant for tenant in cloud.world.partners if tenant != cloud.world.app.tenant_id)
    bad = [
        "garbage",
        connector_token(cloud, audience="graph"),
        connector_token(cloud, lifetime=-1),
        connector_token(cloud, app_id="99999999-9999-9999-9999-999999999999"),
        connector_token(cloud, object_id=ada.aad_object_id, scopes=["x"]),
        connector_token(cloud, tenant_id=other_tenant),
    ]
    for token in bad:
        bot.token = token
        status, body = await bot.send(alerts)
        assert status == 401
        assert body["error"]["code"] in ("Unauthorized", "BotNotRegistered")
    assert not alerts.messages


async def test_the_send_windows_of_one_conversation(bot: Bot, alerts: Conversation) -> None:
    now = 1000.0
    bot.cloud.teams.clock = lambda: now
    sent = {"type": "message", "text": "x"}
    statuses = [(await bot.send(alerts, sent))[0] for _ in range(8)]
    assert statuses == [201] * 7 + [429]
    status, body, headers = await bot.ask("POST", alerts, at(alerts, "/activities"), sent)
    assert (status, body["error"]["code"], headers["Retry-After"]) == (429, "Throttled", "1")
    root = next(iter(alerts.messages))
    assert (await bot.ask("PUT", alerts, at(alerts, f"/activities/{root}"), sent))[0] == 429
    general = bot.cloud.teams.channel("Security Operations", "General")
    assert (await bot.send(general, sent))[0] == 201
    now += 1.0
    assert [(await bot.send(alerts, sent))[0] for _ in range(2)] == [201, 429]  # 8 in 2 s
    bot.cloud.faults.switches.limits = False
    assert (await bot.send(alerts, sent))[0] == 201


async def test_fifty_calls_a_second_for_a_tenant(bot: Bot, alerts: Conversation) -> None:
    bot.cloud.teams.clock = lambda: 1000.0
    limits = bot.cloud.teams.limits
    for _ in range(50):
        limits.admit(f"tenant:{alerts.tenant_id}", 1000.0)
    assert (await bot.send(alerts))[0] == 429
    assert (await bot.send(bot.cloud.teams.channel("Fabrikam SOC", "Alerts")))[0] == 201


def test_the_windows_admit_no_more_than_documented() -> None:
    windows = SlidingWindows()
    admitted: list[float] = []
    for tick in range(4000 * 16):
        now = tick / 16  # exact in binary
        if windows.wait("c", SEND_WINDOWS, now) == 0:
            windows.admit("c", now)
            admitted.append(now)
    for limit, seconds in SEND_WINDOWS:
        for place in range(len(admitted) - limit):
            assert admitted[place + limit] - admitted[place] >= seconds
    assert len(admitted) > 1800


async def test_messages_are_kept_bounded(bot: Bot, alerts: Conversation) -> None:
    for number in range(1005):
        bot.cloud.teams.post(alerts, {"type": "message", "text": str(number)})
    assert len(alerts.messages) == 1000
    assert next(iter(alerts.messages.values())).activity["text"] == "5"


async def test_faults_reach_the_connector(bot: Bot, alerts: Conversation) -> None:
    bot.cloud.faults.add({"service": "connector", "method": "POST", "action": {"status": 502}, "times": 1})
    status, body = await bot.send(alerts)
    assert (status, body["error"]["code"]) == (502, "ServiceError")
    bot.cloud.faults.add({"service": "connector", "method": "POST", "action": {"drop": "after"}, "times": 1})
    with pytest.raises(aiohttp.ClientError):
        await bot.send(alerts)
    assert len(alerts.messages) == 1
