"""What we read of an inbound activity, and what it means: a turn, an event, or an invoke that nobody knows. Pure.

Nothing here believes what it reads: lengths are bounded, ids have no control characters, the unknown is ignored.
https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/subscribe-to-conversation-events
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/authentication/bot-sso-code
https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/universal-actions-for-adaptive-cards/sso-adaptive-cards-universal-action
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from bot.chat.turn import SEARCH_PARAMETER, Event, EventKind, Turn, TurnKind
from bot.domain.people import Conversation, ConversationKind, Person
from bot.errors import UserError
from bot.teams.mentions import mentioned, plain_name, said

Id = Annotated[str, StringConstraints(max_length=1024, pattern=r"^[^\x00-\x1f\x7f]*$")]
Word = Annotated[str, StringConstraints(max_length=256, pattern=r"^[^\x00-\x1f\x7f]*$")]
Name = Annotated[str, StringConstraints(max_length=4096)]
LONGEST_TEXT = 50_000
"""Teams itself takes some 28 KB from a person."""
LONGEST_SEARCH = 200
MOST_FOUND = 25
"""What Teams asks for at once."""
LONGEST_TOKEN = 16_384
LONGEST_CODE = 1024
CONNECTION = "alertdesk"
"""The connection name in every request of ours for a token. No OAuth connection of that name exists in Azure: the bot
exchanges Teams' token itself, but the protocol wants a name, and the client sends it back."""


class BadActivity(UserError):
    """The activity is not what the Bot Framework's schema says: HTTP 400."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Account(_Model):
    id: Id = ""
    name: Name | None = None
    aad_object_id: Word | None = Field(None, alias="aadObjectId")


class Place(_Model):
    id: Id = Field(min_length=1)
    conversation_type: Word | None = Field(None, alias="conversationType")
    tenant_id: Word | None = Field(None, alias="tenantId")
    is_group: bool | None = Field(None, alias="isGroup")
    name: Name | None = None


class Reference(_Model):
    id: Id | None = None
    name: Name | None = None


class ChannelReference(Reference):
    type: Word | None = None  # standard, shared, private


class Settings(_Model):
    selected_channel: Reference | None = Field(None, alias="selectedChannel")


class ChannelData(_Model):
    team: Reference | None = None
    channel: ChannelReference | None = None
    tenant: Reference | None = None
    event_type: Word | None = Field(None, alias="eventType")
    settings: Settings | None = None


_NO_DATA = ChannelData()


class Inbound(_Model):
    """An activity as it came, its parts checked for their types."""

    type: Word = Field(min_length=1)
    channel_id: Word = Field(alias="channelId", min_length=1)
    service_url: Id = Field(alias="serviceUrl", min_length=1)
    conversation: Place
    id: Id | None = None
    name: Word | None = None
    sender: Account | None = Field(None, alias="from")
    recipient: Account | None = None
    reply_to: Id | None = Field(None, alias="replyToId")
    text: Annotated[str, StringConstraints(max_length=LONGEST_TEXT)] | None = None
    value: Any = Field(None, repr=False)  # may carry a person's token
    entities: list[Any] | None = None
    channel_data: ChannelData | None = Field(None, alias="channelData")
    action: Word | None = None
    members_added: list[Account] | None = Field(None, alias="membersAdded")
    members_removed: list[Account] | None = Field(None, alias="membersRemoved")
    locale: Word | None = None


@dataclass(frozen=True, slots=True)
class UnknownInvoke:
    """An invoke that nobody here knows: 501."""

    name: str


Meaning = Turn | Event | UnknownInvoke


def parse(body: bytes) -> Inbound:
    """The activity of a request's body. Raises BadActivity with what is wrong where, never with the input itself."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadActivity("The body is not JSON.", code="BadSyntax") from None
    if not isinstance(document, dict):
        raise BadActivity("The body must be one activity, a JSON object.", code="BadSyntax")
    try:
        return Inbound.model_validate(document)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)[:3]
        listed = "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in problems)
        raise BadActivity(f"This is no activity of Teams. {listed}", code="BadArgument") from None


def translate(activity: Inbound) -> Meaning:
    """What the activity means to us. Raises BadActivity where a part that its kind needs is missing."""
    if activity.type == "invoke":
        return _invoke(activity)
    if activity.type == "message":
        return _message(activity)
    return _event(activity)


# Turns -------------------------------------------------------------------------------------------------------------


def _message(activity: Inbound) -> Turn:
    bot_id = activity.recipient.id if activity.recipient else ""
    text = said(activity.text or "", activity.entities or (), bot_id)
    if not text and isinstance(activity.value, dict):
        return _turn(activity, TurnKind.SUBMIT, verb=_verb(activity.value), data=activity.value)
    return _turn(activity, TurnKind.MESSAGE, text=text, mentions=mentioned(activity.entities or (), bot_id))


def _invoke(activity: Inbound) -> Turn | UnknownInvoke:
    match activity.name:
        case "adaptiveCard/action":
            value = _object(activity.value, "value")
            action = _object(value.get("action"), "value.action")
            data, sent = action.get("data"), value.get("authentication")
            return _turn(
                activity,
                TurnKind.EXECUTE,
                verb=_verb(action),
                data=data if isinstance(data, dict) else {},
                automatic=value.get("trigger") == "automatic",
                token="" if sent is None else _token(_object(sent, "value.authentication"), "value.authentication"),
                code=_code(value),
            )
        case "task/fetch" | "task/submit":
            data = _object(activity.value, "value").get("data")
            data = data if isinstance(data, dict) else {}
            kind = TurnKind.DIALOG_OPEN if activity.name == "task/fetch" else TurnKind.DIALOG_SUBMIT
            return _turn(activity, kind, verb=_verb(data), data=data)
        case "fileConsent/invoke":
            return _turn(activity, TurnKind.FILE_CONSENT, data=_object(activity.value, "value"))
        case "signin/tokenExchange":
            value = _object(activity.value, "value")
            exchange = {"id": _bounded(value.get("id"), "value.id", 1024)}
            return _turn(activity, TurnKind.TOKEN_EXCHANGE, data=exchange, token=_token(value, "value"))
        case "signin/verifyState":
            return _turn(activity, TurnKind.VERIFY_STATE, code=_code(_object(activity.value, "value")))
        case "composeExtension/query":
            return _search(activity)
        case "signin/failure":
            return _turn(activity, TurnKind.SIGN_IN_FAILED, code=_why(activity.value))
        case name:
            return UnknownInvoke(name or "")


def _search(activity: Inbound) -> Turn:
    """https://learn.microsoft.com/microsoftteams/platform/messaging-extensions/how-to/search-commands/respond-to-search"""
    value = _object(activity.value, "value")
    command = _bounded(value.get("commandId"), "value.commandId", 64)
    given = value.get("parameters") or []
    if not isinstance(given, list):
        raise BadActivity("value.parameters must be a list.", code="BadArgument")
    # `initialRun` comes alone, before anything is typed; what else a newer manifest may ask for is not ours.
    words = [one.get("value") for one in given if isinstance(one, dict) and one.get("name") == SEARCH_PARAMETER]
    page = value.get("queryOptions")
    page = page if isinstance(page, dict) else {}
    sent = value.get("authentication")
    token = _object(sent, "value.authentication").get("token") if sent is not None else None
    return _turn(
        activity,
        TurnKind.SEARCH,
        text=plain_name(words[0])[:LONGEST_SEARCH] if words and isinstance(words[0], str) else "",
        verb=command,
        data={"skip": _count(page.get("skip"), 0), "count": _count(page.get("count"), MOST_FOUND)},
        token="" if token is None else _bounded(token, "value.authentication.token", LONGEST_TOKEN),
        code=_code(value),
    )


def _count(value: Any, usual: int) -> int:
    """Of a page; anything that is none counts as not said."""
    return min(value, 10_000) if type(value) is int and value >= 0 else usual


def _turn(
    activity: Inbound,
    kind: TurnKind,
    *,
    text: str = "",
    mentions: tuple[Person, ...] = (),
    verb: str = "",
    data: Mapping[str, Any] | None = None,
    automatic: bool = False,
    token: str = "",
    code: str = "",
) -> Turn:
    person = _person(activity)
    if person is None or not activity.id or activity.recipient is None or not activity.recipient.id:
        raise BadActivity("A message or invoke needs id, from.id and recipient.id.", code="BadArgument")
    base, _, thread = activity.conversation.id.partition(";messageid=")
    return Turn(
        kind=kind,
        activity_id=activity.id,
        conversation=_conversation(activity, base, person),
        person=person,
        thread=thread,
        reply_to=activity.reply_to or "",
        text=text,
        mentioned=mentions,
        verb=verb,
        data=data or {},
        automatic=automatic,
        locale=activity.locale or "",
        token=token,
        code=code,
        private=_private(activity.channel_data),
    )


def _private(data: ChannelData | None) -> bool:
    """https://learn.microsoft.com/microsoftteams/platform/build-apps-for-shared-private-channels"""
    return data is not None and data.channel is not None and (data.channel.type or "").lower() == "private"


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadActivity(f"{where} must be an object.", code="BadArgument")
    return value


def _token(holder: Mapping[str, Any], where: str) -> str:
    """The token that an answer to our own request for one carries; not looked into."""
    if holder.get("connectionName") not in (None, "", CONNECTION):
        raise BadActivity(f"{where}.connectionName is not {CONNECTION!r}.", code="BadArgument")
    return _bounded(holder.get("token"), f"{where}.token", LONGEST_TOKEN)


def _code(holder: Mapping[str, Any]) -> str:
    state = holder.get("state")
    return "" if state is None or state == "" else _bounded(state, "value.state", LONGEST_CODE)


def _why(value: Any) -> str:
    """Teams' word for a client's failure to get a token, such as `resourcematchfailed`.
    https://learn.microsoft.com/microsoftteams/platform/teams-sdk/teams/user-authentication/troubleshooting-sso"""
    code = value.get("code") if isinstance(value, dict) else None
    return code if isinstance(code, str) and len(code) <= 64 and code.isascii() and code.isidentifier() else "unknown"


def _bounded(value: Any, where: str, longest: int) -> str:
    """Printable ASCII, never empty. The error does not repeat the value."""
    if not isinstance(value, str) or not 0 < len(value) <= longest or not (value.isascii() and value.isprintable()):
        raise BadActivity(f"{where} must be a text of 1 to {longest} printable characters.", code="BadArgument")
    return value


def _verb(holder: Mapping[str, Any]) -> str:
    verb = holder.get("verb")
    return verb if isinstance(verb, str) and len(verb) <= 128 and verb.isprintable() else ""


# Events ------------------------------------------------------------------------------------------------------------

_CHANNEL_EVENTS = {
    "channelcreated": EventKind.CHANNEL_CREATED,
    "channelrenamed": EventKind.CHANNEL_RENAMED,
    "channeldeleted": EventKind.CHANNEL_DELETED,
    "channelrestored": EventKind.CHANNEL_RESTORED,
}
_TEAM_EVENTS = {
    "teamrenamed": EventKind.TEAM_RENAMED,
    "teamdeleted": EventKind.TEAM_DELETED,
    "teamharddeleted": EventKind.TEAM_DELETED,
    "teamrestored": EventKind.TEAM_RESTORED,
    "teamarchived": EventKind.TEAM_ARCHIVED,
    "teamunarchived": EventKind.TEAM_UNARCHIVED,
}


def _event(activity: Inbound) -> Event:
    person = _person(activity)
    data = activity.channel_data or _NO_DATA
    base = activity.conversation.id.partition(";messageid=")[0]
    kind, name, people = EventKind.OTHER, "", tuple[Person, ...]()
    if activity.type == "installationUpdate":
        kind = _installation(activity.action or "")
    elif activity.type == "messageUpdate":
        kind = EventKind.MESSAGE_EDITED
    elif activity.type == "conversationUpdate":
        word = (data.event_type or "").lower()
        if _has_bot(activity.members_added, activity.recipient):
            kind = EventKind.INSTALLED
        elif _has_bot(activity.members_removed, activity.recipient):
            kind = EventKind.REMOVED
        elif word in _CHANNEL_EVENTS and data.channel is not None and data.channel.id:
            # The conversation of such an event is the team's, not the channel's.
            kind, base, name = _CHANNEL_EVENTS[word], data.channel.id, plain_name(data.channel.name)
        elif word in _TEAM_EVENTS:
            kind, name = _TEAM_EVENTS[word], plain_name(data.team.name if data.team else "")
        elif activity.members_removed:
            kind, people = EventKind.MEMBERS_REMOVED, _people(activity.members_removed)
        elif activity.members_added:
            kind, people = EventKind.MEMBERS_ADDED, _people(activity.members_added)
    if kind in (EventKind.INSTALLED, EventKind.REMOVED) and data.settings and data.settings.selected_channel:
        base = data.settings.selected_channel.id or base
    return Event(kind, _conversation(activity, base, person), person, name, people, _private(activity.channel_data))


def _installation(action: str) -> EventKind:
    if action in ("add", "add-upgrade"):
        return EventKind.INSTALLED
    # remove-upgrade: the new version is put in its place at once, and the two events come in any order.
    return EventKind.REMOVED if action == "remove" else EventKind.OTHER


def _has_bot(members: list[Account] | None, bot: Account | None) -> bool:
    return bot is not None and bot.id != "" and any(member.id == bot.id for member in members or ())


# Both --------------------------------------------------------------------------------------------------------------


def _person(activity: Inbound) -> Person | None:
    sender = activity.sender
    return _account(sender) if sender is not None and sender.id else None


def _people(members: list[Account]) -> tuple[Person, ...]:
    return tuple(_account(member) for member in members if member.id)


def _account(account: Account) -> Person:
    return Person(aad_id=(account.aad_object_id or "").lower(), mri=account.id, name=plain_name(account.name))


def _conversation(activity: Inbound, base: str, person: Person | None) -> Conversation:
    place, data = activity.conversation, activity.channel_data or _NO_DATA
    kind = _kind(place, data)
    tenant = place.tenant_id or (data.tenant.id if data.tenant else "") or ""
    name = team_id = team_name = person_id = ""
    if kind == ConversationKind.CHANNEL:
        if data.channel is not None and data.channel.id in (None, base):
            name = plain_name(data.channel.name)
        if data.team is not None:
            team_id, team_name = data.team.id or "", plain_name(data.team.name)
    elif kind == ConversationKind.GROUP_CHAT:
        name = plain_name(place.name)
    elif person is not None:
        person_id = person.aad_id
    bot_id = activity.recipient.id if activity.recipient else ""
    return Conversation(
        id=base,
        kind=kind,
        tenant_id=tenant.lower(),
        service_url=activity.service_url,
        bot_id=bot_id,
        name=name,
        team_id=team_id,
        team_name=team_name,
        person_id=person_id,
    )


def _kind(place: Place, data: ChannelData) -> str:
    match place.conversation_type:
        case "personal":
            return ConversationKind.PERSONAL
        case "groupChat":
            return ConversationKind.GROUP_CHAT
        case "channel":
            return ConversationKind.CHANNEL
    if data.team is not None or "@thread.tacv2" in place.id:
        return ConversationKind.CHANNEL
    return ConversationKind.GROUP_CHAT if place.is_group else ConversationKind.PERSONAL
