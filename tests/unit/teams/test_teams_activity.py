from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.turn import Event, EventKind, Turn, TurnKind
from bot.domain.delivery import Mention
from bot.domain.people import ConversationKind, Person
from bot.teams.activity import LONGEST_TEXT, LONGEST_TOKEN, BadActivity, UnknownInvoke, parse, translate
from bot.teams.mentions import calling, mentioned, plain_name, said
from tests.support.teams_world import (
    ADA,
    BOT_ID,
    CHANNEL_ID,
    SERVICE_URL,
    TEAM_ID,
    TENANT,
    activity,
    encoded,
    execute,
)


def turn(document: Any) -> Turn:
    meaning = translate(parse(encoded(document)))
    assert isinstance(meaning, Turn)
    return meaning


def event(document: Any) -> Event:
    meaning = translate(parse(encoded(document)))
    assert isinstance(meaning, Event)
    return meaning


# Turns -------------------------------------------------------------------------------------------------------------


def test_a_channel_message_that_mentions_the_bot() -> None:
    found = turn(activity())
    assert found.kind == TurnKind.MESSAGE
    assert found.text == "show unresolved"
    assert found.activity_id == "1795287905751"
    assert found.thread == "1795287905000"
    assert found.locale == "en-US"
    assert found.person == Person(aad_id=ADA, mri="29:ada", name="Ada Adams")
    place = found.conversation
    assert (place.id, place.kind, place.tenant_id) == (CHANNEL_ID, ConversationKind.CHANNEL, TENANT)
    assert (place.name, place.team_id, place.team_name) == ("Alerts", TEAM_ID, "Security Operations")
    assert (place.service_url, place.bot_id, place.person_id) == (SERVICE_URL, BOT_ID, "")


def test_a_personal_message() -> None:
    found = turn(
        activity(
            text="hi",
            entities=[{"type": "clientInfo", "locale": "en-US"}],
            conversation={"conversationType": "personal", "tenantId": TENANT, "id": "a:1"},
            channelData={"tenant": {"id": TENANT}},
        )
    )
    assert found.is_personal
    assert (found.conversation.person_id, found.conversation.team_id, found.thread, found.text) == (ADA, "", "", "hi")


def test_a_group_chat_message() -> None:
    place = {"conversationType": "groupChat", "isGroup": True, "id": "19:g@thread.v2", "name": "Night shift"}
    found = turn(activity(conversation=place, channelData={"tenant": {"id": TENANT.upper()}}))
    assert (found.conversation.kind, found.conversation.name) == (ConversationKind.GROUP_CHAT, "Night shift")
    assert found.conversation.tenant_id == TENANT  # from channelData, as the conversation does not say


@pytest.mark.parametrize(
    ("place", "data", "kind"),
    [
        ({"id": "a:1"}, None, ConversationKind.PERSONAL),
        ({"id": "19:g@thread.v2", "isGroup": True}, None, ConversationKind.GROUP_CHAT),
        ({"id": "19:c@thread.tacv2"}, None, ConversationKind.CHANNEL),
        ({"id": "19:c"}, {"team": {"id": "19:t"}}, ConversationKind.CHANNEL),
        ({"id": "a:1", "conversationType": "something new"}, None, ConversationKind.PERSONAL),
    ],
)
def test_the_kind_of_a_conversation_that_does_not_say(place: Any, data: Any, kind: str) -> None:
    assert turn(activity(conversation=place, channelData=data)).conversation.kind == kind


@pytest.mark.parametrize(
    ("kind", "private"), [("private", True), ("standard", False), ("shared", False), (None, False)]
)
def test_a_private_channel(kind: str | None, private: bool) -> None:
    data = {"channel": {"id": CHANNEL_ID, "type": kind}}
    assert turn(activity(channelData=data)).private is private
    assert event(activity(type="conversationUpdate", channelData=data)).private is private


def test_an_action_submit() -> None:
    found = turn(activity(text=None, value={"verb": "alert.fraud", "alert": "A-1"}, replyToId="179"))
    assert (found.kind, found.verb, found.reply_to) == (TurnKind.SUBMIT, "alert.fraud", "179")
    assert found.data == {"verb": "alert.fraud", "alert": "A-1"}


@pytest.mark.parametrize("value", [None, "text", 7, ["verb"], True])
def test_a_message_whose_value_is_no_object_is_text(value: Any) -> None:
    assert turn(activity(value=value)).kind == TurnKind.MESSAGE
    assert turn(activity(value=value, text="")).text == ""


def test_text_goes_before_a_value() -> None:
    found = turn(activity(value={"verb": "alert.fraud"}))
    assert (found.kind, found.verb, found.data) == (TurnKind.MESSAGE, "", {})


def test_an_action_execute() -> None:
    found = turn(execute())
    assert (found.kind, found.verb, found.data) == (TurnKind.EXECUTE, "alert.fraud", {"alert": "A-1", "v": 3})
    assert (found.reply_to, found.thread, found.automatic) == ("1795287914806", "1795287905000", False)


TOKEN = "eyJ0eXAi.eyJvaWQi.c2ln"


def signed_in(**authentication: Any) -> dict[str, Any]:
    sent = {"id": "x-1", "connectionName": "alertdesk", "token": TOKEN} | authentication
    return execute(value={**execute()["value"], "authentication": sent})


def test_a_button_that_comes_again_with_a_token() -> None:
    plain, found = turn(execute()), turn(signed_in())
    assert (plain.token, plain.code) == ("", "")
    assert (found.kind, found.verb, found.data) == (plain.kind, plain.verb, plain.data)
    assert found.token == TOKEN
    assert turn(execute(value={**execute()["value"], "state": "123456"})).code == "123456"
    for name in (None, ""):
        assert turn(signed_in(connectionName=name)).token == TOKEN
    assert turn(execute(value={**execute()["value"], "authentication": None})).token == ""


def test_a_token_exchange() -> None:
    value = {"id": "x-1", "connectionName": "alertdesk", "token": TOKEN}
    found = turn(execute(name="signin/tokenExchange", value=value))
    assert (found.kind, found.token, found.data) == (TurnKind.TOKEN_EXCHANGE, TOKEN, {"id": "x-1"})


@pytest.mark.parametrize(("value", "code"), [({"state": "123456"}, "123456"), ({"state": ""}, ""), ({}, "")])
def test_a_code_of_a_sign_in_page(value: Any, code: str) -> None:
    found = turn(execute(name="signin/verifyState", value=value))
    assert (found.kind, found.code) == (TurnKind.VERIFY_STATE, code)


@pytest.mark.parametrize(
    "bad",
    [
        {"connectionName": "another"},
        {"connectionName": 7},
        {"token": ""},
        {"token": None},
        {"token": 7},
        {"token": {"a": 1}},
        {"token": "a\nb"},
        {"token": "ü"},
        {"token": "x" * (LONGEST_TOKEN + 1)},
    ],
)
def test_a_token_that_is_none_is_refused_without_repeating_it(bad: dict[str, Any]) -> None:
    value = {"id": "x-1", "connectionName": "alertdesk", "token": TOKEN} | bad
    for document in (signed_in(**bad), execute(name="signin/tokenExchange", value=value)):
        with pytest.raises(BadActivity) as problem:
            translate(parse(encoded(document)))
        assert TOKEN not in str(problem.value)
        assert "xxx" not in str(problem.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("signin/tokenExchange", None),
        ("signin/tokenExchange", {"token": TOKEN}),
        ("signin/tokenExchange", {"id": "", "token": TOKEN}),
        ("signin/verifyState", "123456"),
        ("signin/verifyState", {"state": 123456}),
        ("signin/verifyState", {"state": "1" * 2000}),
        ("adaptiveCard/action", {**execute()["value"], "authentication": TOKEN}),
        ("adaptiveCard/action", {**execute()["value"], "state": 7}),
    ],
)
def test_sign_in_shapes_that_are_not_documented_are_refused(name: str, value: Any) -> None:
    with pytest.raises(BadActivity):
        translate(parse(encoded(execute(name=name, value=value))))


def test_a_token_shows_in_no_description() -> None:
    document = encoded(signed_in())
    assert TOKEN not in repr(parse(document))
    assert TOKEN not in repr(translate(parse(document)))
    assert "123456" not in repr(turn(execute(name="signin/verifyState", value={"state": "123456"})))


@pytest.mark.parametrize(
    ("trigger", "automatic"), [("automatic", True), ("manual", False), (None, False), (7, False), ("", False)]
)
def test_only_an_automatic_refresh_is_automatic(trigger: Any, automatic: bool) -> None:
    value = {"action": {"type": "Action.Execute", "verb": "alert.refresh", "data": {}}, "trigger": trigger}
    assert turn(execute(value=value)).automatic is automatic


@pytest.mark.parametrize("data", [None, "a string", 7, [1]])
def test_data_that_is_no_object_is_empty(data: Any) -> None:
    assert turn(execute(value={"action": {"verb": "x", "data": data}})).data == {}
    for name in ("task/fetch", "task/submit"):
        assert turn(execute(name=name, value={"data": data})).data == {}


@pytest.mark.parametrize("verb", [None, 7, ["x"], {}, "x" * 129, "a\nb", "a\u202eb"])
def test_an_odd_verb_is_none(verb: Any) -> None:
    assert turn(execute(value={"action": {"verb": verb}})).verb == ""


@pytest.mark.parametrize(
    ("name", "kind"), [("task/fetch", TurnKind.DIALOG_OPEN), ("task/submit", TurnKind.DIALOG_SUBMIT)]
)
def test_dialogs(name: str, kind: TurnKind) -> None:
    data = {"verb": "alert.note", "note": "seen"}
    found = turn(execute(name=name, value={"data": data, "context": {"theme": "dark"}}))
    assert (found.kind, found.verb, found.data) == (kind, "alert.note", data)


def test_a_file_consent() -> None:
    value = {"type": "fileUpload", "action": "accept", "context": {"export": "1"}, "uploadInfo": {"uploadUrl": "u"}}
    found = turn(execute(name="fileConsent/invoke", value=value))
    assert (found.kind, found.data) == (TurnKind.FILE_CONSENT, value)


@pytest.mark.parametrize("name", ["composeExtension/queryLink", "x", "", None])
def test_unknown_invokes(name: str | None) -> None:
    assert translate(parse(encoded(execute(name=name)))) == UnknownInvoke(name or "")


# Events ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("add", EventKind.INSTALLED),
        ("add-upgrade", EventKind.INSTALLED),
        ("remove", EventKind.REMOVED),
        ("remove-upgrade", EventKind.OTHER),
        ("later", EventKind.OTHER),
        (None, EventKind.OTHER),
    ],
)
def test_installations(action: str | None, kind: EventKind) -> None:
    assert event(activity(type="installationUpdate", action=action)).kind == kind


def test_an_install_in_a_team_is_of_the_selected_channel() -> None:
    found = event(
        activity(
            type="installationUpdate",
            action="add",
            conversation={"isGroup": True, "conversationType": "channel", "tenantId": TENANT, "id": TEAM_ID},
            channelData={
                "tenant": {"id": TENANT},
                "team": {"id": TEAM_ID, "name": "Security Operations", "aadGroupId": "x"},
                "settings": {"selectedChannel": {"id": CHANNEL_ID}},
                "source": {"name": "message"},
            },
        )
    )
    assert (found.kind, found.conversation.id, found.conversation.team_id) == ("installed", CHANNEL_ID, TEAM_ID)
    assert found.person is not None


@pytest.mark.parametrize("selected", [None, {}, {"id": None}])
def test_an_install_without_a_selected_channel(selected: Any) -> None:
    data = {"team": {"id": TEAM_ID}, "settings": {"selectedChannel": selected}}
    assert event(activity(type="installationUpdate", action="add", channelData=data)).conversation.id == CHANNEL_ID


@pytest.mark.parametrize(
    ("part", "members", "kind"),
    [
        ("membersAdded", [{"id": BOT_ID}], EventKind.INSTALLED),
        ("membersAdded", [{"id": "29:ada"}, {"id": BOT_ID}], EventKind.INSTALLED),
        ("membersAdded", [{"id": "29:ada"}], EventKind.MEMBERS_ADDED),
        ("membersAdded", [], EventKind.OTHER),
        ("membersRemoved", [{"id": BOT_ID}], EventKind.REMOVED),
        ("membersRemoved", [{"id": "29:ada"}], EventKind.MEMBERS_REMOVED),
        ("membersRemoved", [], EventKind.OTHER),
    ],
)
def test_members_come_and_go(part: str, members: list[dict[str, str]], kind: EventKind) -> None:
    # Such an update has no from.name.
    assert event(activity(type="conversationUpdate", from_={"id": "29:ada"}, **{part: members})).kind == kind


def test_who_was_removed_is_told() -> None:
    gone = [{"id": "29:max", "aadObjectId": "AB-1", "name": "Max"}, {"id": ""}, {"id": "29:nora"}]
    found = event(activity(type="conversationUpdate", membersRemoved=gone))
    assert found.people == (Person("ab-1", "29:max", "Max"), Person("", "29:nora", ""))


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"code": "resourcematchfailed", "message": "Resource match failed"}, "resourcematchfailed"),
        ({"code": "x" * 65}, "unknown"),
        ({"code": "two\nlines"}, "unknown"),
        ({"code": 7}, "unknown"),
        ({}, "unknown"),
        (None, "unknown"),
        (["x"], "unknown"),
    ],
)
def test_a_client_that_got_no_token_says_why(value: Any, code: str) -> None:
    found = turn(execute(name="signin/failure", value=value))
    assert (found.kind, found.code) == (TurnKind.SIGN_IN_FAILED, code)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("channelCreated", EventKind.CHANNEL_CREATED),
        ("channelRenamed", EventKind.CHANNEL_RENAMED),
        ("channelDeleted", EventKind.CHANNEL_DELETED),
        ("channelRestored", EventKind.CHANNEL_RESTORED),
    ],
)
def test_channel_events_are_of_the_channel(word: str, kind: EventKind) -> None:
    data = {"eventType": word, "team": {"id": TEAM_ID}, "channel": {"id": "19:x@thread.tacv2", "name": "New name"}}
    found = event(
        activity(
            type="conversationUpdate", conversation={"id": TEAM_ID, "conversationType": "channel"}, channelData=data
        )
    )
    assert (found.kind, found.conversation.id, found.name) == (kind, "19:x@thread.tacv2", "New name")
    assert found.conversation.team_id == TEAM_ID


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("teamRenamed", EventKind.TEAM_RENAMED),
        ("teamDeleted", EventKind.TEAM_DELETED),
        ("teamHardDeleted", EventKind.TEAM_DELETED),
        ("teamRestored", EventKind.TEAM_RESTORED),
        ("teamArchived", EventKind.TEAM_ARCHIVED),
        ("teamUnarchived", EventKind.TEAM_UNARCHIVED),
    ],
)
def test_team_events(word: str, kind: EventKind) -> None:
    data = {"eventType": word, "team": {"id": TEAM_ID, "name": "SOC"}}
    found = event(activity(type="conversationUpdate", channelData=data))
    assert (found.kind, found.conversation.team_id, found.name) == (kind, TEAM_ID, "SOC")


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "conversationUpdate", "channelData": {"eventType": "channelShared"}},
        {"type": "conversationUpdate", "channelData": {"eventType": "channelRenamed"}},
        {"type": "conversationUpdate", "channelData": None},
        {"type": "conversationUpdate", "from_": None, "recipient": None, "membersAdded": []},
        {"type": "messageDelete"},
        {"type": "messageReaction", "reactionsAdded": [{"type": "like"}]},
        {"type": "event", "name": "application/vnd.microsoft.readReceipt"},
        {"type": "typing"},
        {"type": "endOfConversation"},
        {"type": "somethingNew"},
    ],
)
def test_what_is_ignored(changes: dict[str, Any]) -> None:
    assert event(activity(**changes)).kind == EventKind.OTHER


def test_an_edit_is_no_turn() -> None:
    found = event(activity(type="messageUpdate", channelData={"eventType": "editMessage"}))
    assert found.kind == EventKind.MESSAGE_EDITED


# Bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"7", b'"x"', b"\xff", b"{}", b"[" * 5000, b'{"a":' * 5000, b"NaN"]
)
def test_a_body_that_is_no_activity(body: bytes) -> None:
    with pytest.raises(BadActivity) as caught:
        parse(body)
    assert caught.value.message


@pytest.mark.parametrize(
    "changes",
    [
        {"type": None},
        {"type": ""},
        {"type": 7},
        {"channelId": None},
        {"serviceUrl": None},
        {"serviceUrl": ""},
        {"serviceUrl": "x" * 1025},
        {"conversation": None},
        {"conversation": []},
        {"conversation": "19:x"},
        {"conversation": {}},
        {"conversation": {"id": ""}},
        {"conversation": {"id": None}},
        {"conversation": {"id": 7}},
        {"conversation": {"id": "a\u0000b"}},
        {"conversation": {"id": "x" * 1025}},
        {"conversation": {"id": "x", "isGroup": "perhaps"}},
        {"id": None},
        {"id": ""},
        {"id": 7},
        {"id": "a\nb"},
        {"from_": None},
        {"from_": {}},
        {"from_": "29:ada"},
        {"from_": {"id": 7}},
        {"from_": {"id": "29:ada", "name": ["x"]}},
        {"from_": {"id": "29:ada", "aadObjectId": {}}},
        {"recipient": None},
        {"recipient": {"id": ""}},
        {"text": ["x"]},
        {"text": "x" * (LONGEST_TEXT + 1)},
        {"entities": {"type": "mention"}},
        {"channelData": "x"},
        {"channelData": {"team": "x"}},
        {"channelData": {"eventType": 7}},
        {"replyToId": {}},
        {"locale": 7},
    ],
)
def test_a_bad_part_is_named(changes: dict[str, Any]) -> None:
    document = activity() | {("from" if name == "from_" else name): value for name, value in changes.items()}
    with pytest.raises(BadActivity) as caught:
        translate(parse(encoded(document)))
    assert "{" not in caught.value.message  # the input is not echoed


@pytest.mark.parametrize("name", ["adaptiveCard/action", "task/fetch", "task/submit", "fileConsent/invoke"])
@pytest.mark.parametrize("value", [None, "x", 7, []])
def test_an_invoke_without_its_value(name: str, value: Any) -> None:
    with pytest.raises(BadActivity, match="value"):
        translate(parse(encoded(execute(name=name, value=value))))


@pytest.mark.parametrize("action", [None, "x", []])
def test_an_execute_without_its_action(action: Any) -> None:
    with pytest.raises(BadActivity, match=r"value\.action"):
        translate(parse(encoded(execute(value={"action": action}))))


def test_optional_parts_may_be_null() -> None:
    document = activity() | dict.fromkeys(("text", "value", "entities", "channelData", "replyToId", "locale", "name"))
    assert turn(document).text == ""


@pytest.mark.parametrize("entity", [None, "x", 7, [], {}, {"type": "mention"}, {"type": "mention", "mentioned": "x"}])
def test_odd_entities_are_ignored(entity: Any) -> None:
    assert turn(activity(entities=[entity], text="<at>Alert Desk</at> show")).text == "@Alert Desk show"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(activity())), _JSON, st.sampled_from(["message", "invoke", "conversationUpdate"]))
def test_whatever_a_part_holds_it_is_understood_or_refused(name: str, value: Any, kind: str) -> None:
    document = (execute() if kind == "invoke" else activity(type=kind)) | {name: value}
    with contextlib.suppress(BadActivity):
        translate(parse(encoded(document)))


@given(_JSON)
def test_whatever_an_invoke_carries_it_is_understood_or_refused(value: Any) -> None:
    for name in ("adaptiveCard/action", "task/fetch", "task/submit", "fileConsent/invoke"):
        for carried in (value, {"action": value}, {"data": value}, {"action": {"verb": value, "data": value}}):
            with contextlib.suppress(BadActivity):
                translate(parse(encoded(execute(name=name, value=carried))))


# Text --------------------------------------------------------------------------------------------------------------

BOT = {"type": "mention", "mentioned": {"id": BOT_ID, "name": "Alert Desk"}, "text": "<at>Alert Desk</at>"}
JO = {"type": "mention", "mentioned": {"id": "29:jo", "name": "Jo Doe"}, "text": "<at>Jo</at>"}


@pytest.mark.parametrize(
    ("text", "entities", "expected"),
    [
        ("<at>Alert Desk</at> show unresolved\n", [BOT], "show unresolved"),
        ("<at>Alert Desk</at>&nbsp;show&nbsp; unresolved", [BOT], "show unresolved"),
        ("<at>Alert Desk</at>show", [BOT], "show"),
        ("show <at>Alert Desk</at> all", [BOT], "show all"),
        ("<at>Alert Desk</at> <at>Alert Desk</at> show", [BOT], "show"),
        ('<at id="0">Alert Desk</at> show', [BOT], "show"),
        ("<AT>Alert Desk</AT> show", [BOT], "show"),
        ("<at>Alert&nbsp;Desk</at> show", [BOT], "show"),
        ("<at>Alert Desk</at> assign A-1 <at>Jo</at>", [BOT, JO], "assign A-1 @Jo Doe"),
        ("<at>Stranger</at> show", [BOT], "@Stranger show"),
        ("show customer:“Contoso” ‘x’", [], "show customer:\"Contoso\" 'x'"),
        ("note A-1 a &lt;b&gt; &amp;amp; c", [], "note A-1 a <b> &amp; c"),
        ("&lt;at&gt;Alert Desk&lt;/at&gt; show", [BOT], "<at>Alert Desk</at> show"),
        ("ｓｈｏｗ　ａｌｌ", [], "show all"),
        ("a\r\n\tb\u2028c\u00a0d", [], "a b c d"),
        ("a\u200bb\u202ec\u0000d\ufeffe", [], "abcde"),
        ("show 🙂", [], "show 🙂"),
        ("", [BOT], ""),
        ("<at>Alert Desk</at>", [BOT], ""),
    ],
)
def test_text_is_what_the_person_typed(text: str, entities: list[Any], expected: str) -> None:
    assert said(text, entities, BOT_ID) == expected


def test_a_bot_called_show_does_not_eat_the_command() -> None:
    bot = {"type": "mention", "mentioned": {"id": BOT_ID, "name": "show"}, "text": "<at>show</at>"}
    assert said("<at>show</at> show unresolved", [bot], BOT_ID) == "show unresolved"


def test_a_person_called_like_the_bot_stays() -> None:
    twin = {"type": "mention", "mentioned": {"id": "29:x", "name": "Alert Desk"}, "text": "<at>Alert Desk</at>"}
    text = "<at>Alert Desk</at> assign A-1 <at>Alert Desk</at>"
    assert said(text, [BOT, twin], BOT_ID) == "assign A-1 @Alert Desk"


def test_a_mention_of_somebody_with_a_markup_name_stays_text() -> None:
    odd = {"type": "mention", "mentioned": {"id": "29:x", "name": "<at>Alert Desk</at>"}, "text": "<at>x</at>"}
    assert said("assign <at>x</at>", [odd, BOT], BOT_ID) == "assign @<at>Alert Desk</at>"


def _mention(mri: str, name: str, **more: str) -> dict[str, Any]:
    return {"type": "mention", "mentioned": {"id": mri, "name": name, **more}, "text": f"<at>{name}</at>"}


def test_a_turn_knows_whom_its_text_mentions_beside_the_bot() -> None:
    max_, ada = _mention("29:max", "Max Okafor"), _mention("29:ada", "Ada Adams", aadObjectId=ADA.upper())
    found = turn(
        activity(
            text="<at>Alert Desk</at> duty add <at>Max Okafor</at> <at>Ada Adams</at> <at>Max Okafor</at>",
            entities=[BOT, max_, ada, max_, {"type": "clientInfo"}],
        )
    )
    assert found.mentioned == (Person("", "29:max", "Max Okafor"), Person(ADA, "29:ada", "Ada Adams"))
    assert found.text == "duty add @Max Okafor @Ada Adams @Max Okafor"


def test_channels_teams_bots_and_the_unreadable_are_nobody() -> None:
    nobody = [
        _mention("19:x@thread.tacv2", "General"),
        _mention("28:other-bot", "Bot"),
        _mention(BOT_ID, "Alert Desk"),
        _mention("", "Empty"),
        _mention("29:\u202e", "Hidden"),
        {"type": "mention"},
        {"type": "mention", "mentioned": {"id": 7, "name": ["x"]}},
        "mention",
        None,
    ]
    assert mentioned(nobody, BOT_ID) == ()


def test_a_mention_without_its_text_or_its_name_is_understood() -> None:
    """So Teams sends one of somebody with a & in their name: botbuilder-js issue 2083."""
    odd = {"type": "mention", "mentioned": {"id": "29:x", "name": "Ops & Co ’24"}}
    assert mentioned([odd], BOT_ID) == (Person("", "29:x", "Ops & Co '24"),)
    assert said("assign <at>Ops &amp; Co ’24</at>", [odd], BOT_ID) == "assign @Ops & Co '24"
    nameless = {"type": "mention", "mentioned": {"id": "29:x"}, "text": "<at>Jo &lt;Doe</at>"}
    assert mentioned([nameless], BOT_ID) == (Person("", "29:x", "Jo <Doe"),)


NAMES = st.text(st.characters(categories=("L", "Nd", "Zs", "P")), max_size=40)


@given(NAMES, NAMES)
def test_behind_an_at_sign_the_text_has_the_very_name(name: str, other: str) -> None:
    people = [_mention("29:a", name), _mention("29:b", other)]
    text = "assign " + " ".join(f"<at>{each['mentioned']['name']}</at>" for each in people)
    for person in mentioned(people, BOT_ID):
        if "&" not in person.name:  # an entity of HTML: one sign in the text
            assert f"@{person.name}" in said(text, people, BOT_ID)


def test_a_text_that_mentions_people_rings_them_and_brings_nothing_else_to_life() -> None:
    called = (Mention("29:max", "Max <b> & Co"), Mention("29:m2", "Max b Co"), Mention("dGFn", "On call", tag=True))
    text, entities = calling("<at>All</at> **A-1**\n[x](https://evil)", called)
    assert text == (
        "<at>Max b Co</at>, <at>Max b Co 2</at>, <at>On call</at>: &lt;at&gt;All&lt;/at&gt; **A-1**<br/>[x](https://evil)"
    )
    assert [entity["mentioned"] for entity in entities] == [
        {"id": "29:max", "name": "Max b Co"},
        {"id": "29:m2", "name": "Max b Co 2"},
        {"id": "dGFn", "name": "On call", "type": "tag"},
    ]
    assert all(entity["text"] in text and entity["type"] == "mention" for entity in entities)


@given(st.text(max_size=200))
def test_text_is_always_one_printable_line(text: str) -> None:
    found = said(text, [BOT], BOT_ID)
    assert found.isprintable()
    assert found == " ".join(found.split())


def test_cleaning_takes_linear_time() -> None:
    began = time.perf_counter()
    for text in ("<at" * 16_000, "<at>" * 12_000, "<at>x" * 10_000, "&" * 50_000, "<at " + "a" * 49_000):
        said(text, [BOT], BOT_ID)
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    ("name", "plain"), [(None, ""), ("", ""), ("Jo Doe", "Jo Doe"), ("a\nb\u202e\x00", "a b"), ("x" * 999, "x" * 256)]
)
def test_names_are_one_printable_line(name: str | None, plain: str) -> None:
    assert plain_name(name) == plain


def test_an_execute_is_read_fast() -> None:
    body = encoded(execute())
    runs = 2000
    best = min(_seconds(body, runs) for _ in range(5))
    assert best / runs < 300e-6  # some 25 µs on an idle machine; here only a guard against something silly


def _seconds(body: bytes, runs: int) -> float:
    began = time.perf_counter()
    for _ in range(runs):
        translate(parse(body))
    return time.perf_counter() - began
