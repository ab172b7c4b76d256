"""The Teams service's memory: conversations, members, messages, uploads. Connector and client share it; no HTTP."""

from __future__ import annotations

import base64
import copy
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.sandbox.connector_limits import SlidingWindows
from bot.sandbox.world.model import guid

if TYPE_CHECKING:
    from bot.sandbox.client_files import Uploads
    from bot.sandbox.cloud import Cloud
    from bot.sandbox.world import Person

MAX_MESSAGES = 1_000
PERSONALLY_INSTALLED = ("ada", "max", "gil", "nora", "fay")
KINDS = ("channel", "personal", "groupChat")


@dataclass
class Message:
    """One message as it was sent. `sender` is a person's key, None for the bot; `thread_id` is None for a root post."""

    id: str
    conversation_id: str
    thread_id: str | None
    sender: str | None
    activity: dict[str, Any]
    time: datetime
    edited: datetime | None = None
    deleted: bool = False
    targeted_to: str | None = None

    def visible_to(self, key: str) -> bool:
        return self.targeted_to in (None, key)


@dataclass
class TeamState:
    """A team as it stands now. `id` is the conversation id of its General channel."""

    id: str
    aad_group_id: str
    name: str
    tenant_id: str
    members: list[str]
    installed: bool = True
    archived: bool = False
    deleted: bool = False


@dataclass
class Conversation:
    """A channel, a personal chat with the bot, or a group chat.

    `people` of a standard channel are those of its team. Shared and private channels have their own, and the app is
    added to them one by one (`own_installed`) once the team has it.
    """

    id: str
    kind: str
    name: str
    tenant_id: str
    people: list[str]
    team: TeamState | None = None
    own_installed: bool = True
    deleted: bool = False
    membership: str = "standard"
    messages: OrderedDict[str, Message] = field(default_factory=OrderedDict)

    @property
    def has_own_members(self) -> bool:
        """A shared or private channel."""
        return self.membership != "standard"

    @property
    def installed(self) -> bool:
        if self.team is None:
            return self.own_installed
        return self.team.installed and (self.own_installed or not self.has_own_members)

    @property
    def gone(self) -> bool:
        return self.deleted or (self.team is not None and self.team.deleted)

    @property
    def archived(self) -> bool:
        return self.team is not None and self.team.archived

    def install(self, installed: bool) -> None:
        if self.team and not self.has_own_members:
            self.team.installed = installed
        else:
            self.own_installed = installed


class Teams:
    """All conversations of a cloud. Changes are published as events `teams.message` and `teams.conversations`."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        world = cloud.world
        self.bot = {"id": world.app.bot_id, "name": world.app.name}
        self.limits = SlidingWindows()
        self.clock: Callable[[], float] = time.monotonic
        self.delivery_seconds = 15.0
        self.redeliver_seconds = 15.0
        self.announced_to: str | None = None
        self.bot_up = False
        self.teams: dict[str, TeamState] = {}
        self.conversations: dict[str, Conversation] = {}
        self.uploads: Uploads = OrderedDict()
        self._last_id = 0
        for team in world.teams:
            state = TeamState(team.id, team.aad_group_id, team.name, team.tenant_id, list(team.members))
            self.teams[state.id] = state
            for channel in team.channels:
                own = channel.membership != "standard"
                people = list(channel.members) if own else state.members
                place = Conversation(channel.id, "channel", channel.name, team.tenant_id, people, state)
                place.membership = channel.membership
                self._add(place)
        for chat in world.group_chats:
            self._add(Conversation(chat.id, "groupChat", chat.name, chat.tenant_id, list(chat.members)))
        for person in world.people.values():
            if person.directory not in world.partners:
                continue  # the app is not to be had in that tenant
            opaque = guid(world.seed, "personal", person.key).replace("-", "")
            chat_id = "a:1" + base64.urlsafe_b64encode(bytes.fromhex(opaque)).rstrip(b"=").decode()
            installed = person.key in PERSONALLY_INSTALLED
            name = world.app.name
            self._add(Conversation(chat_id, "personal", name, person.directory, [person.key], own_installed=installed))

    def _add(self, conversation: Conversation) -> None:
        self.conversations[conversation.id] = conversation

    def add_channel(self, team: TeamState, name: str, membership: str, people: list[str]) -> Conversation:
        """A new channel of the team; `people` are the members of a shared or private one, the app is not in it yet."""
        opaque = guid(self._cloud.world.seed, "thread", team.id, name, len(self.conversations)).replace("-", "")
        own = membership != "standard"
        members = people if own else team.members
        channel = Conversation(f"19:{opaque}@thread.tacv2", "channel", name, team.tenant_id, members, team)
        channel.membership, channel.own_installed = membership, not own
        self._add(channel)
        return channel

    # looking up

    def conversation(self, conversation_id: str) -> Conversation | None:
        """By its id, with or without `;messageid=…`."""
        return self.conversations.get(base_id(conversation_id))

    def channel(self, team_name: str, channel_name: str) -> Conversation:
        """A channel by names. Raises KeyError."""
        for entry in self.conversations.values():
            if entry.team and entry.team.name == team_name and entry.name == channel_name:
                return entry
        raise KeyError(f"{team_name}/{channel_name}")

    def personal(self, key: str) -> Conversation:
        """The personal chat of a person with the bot. Raises KeyError."""
        for entry in self.conversations.values():
            if entry.kind == "personal" and entry.people == [key]:
                return entry
        raise KeyError(key)

    def channels_of(self, team: TeamState) -> list[Conversation]:
        return [entry for entry in self.conversations.values() if entry.team is team and not entry.deleted]

    def conversations_of(self, key: str) -> list[Conversation]:
        return [entry for entry in self.conversations.values() if key in entry.people and not entry.gone]

    def person_in(self, conversation: Conversation, member_id: str) -> Person | None:
        """A member by Teams id or Entra object id."""
        for key in conversation.people:
            person = self._cloud.world.people[key]
            if member_id in (person.mri, person.aad_object_id):
                return person
        return None

    def service_url(self, tenant_id: str) -> str:
        return f"{self._cloud.base_url}/connector/emea/{tenant_id}/"

    # changing

    def post(
        self,
        conversation: Conversation,
        activity: Mapping[str, Any],
        *,
        sender: str | None = None,
        thread_id: str | None = None,
        targeted_to: str | None = None,
    ) -> Message:
        """Store a message and tell listeners. A thread that is not known here starts a new root post."""
        if thread_id not in conversation.messages:
            thread_id = None
        message = Message(
            id=self.new_id(),
            conversation_id=conversation.id,
            thread_id=thread_id,
            sender=sender,
            activity=copy.deepcopy(dict(activity)),
            time=self._cloud.now(),
            targeted_to=targeted_to,
        )
        conversation.messages[message.id] = message
        while len(conversation.messages) > MAX_MESSAGES:
            conversation.messages.popitem(last=False)
        self._tell(message, "created")
        return message

    def edit(self, message: Message, activity: Mapping[str, Any]) -> None:
        message.activity = copy.deepcopy(dict(activity))
        message.edited = self._cloud.now()
        self._tell(message, "updated")

    def delete(self, message: Message) -> None:
        message.deleted = True
        message.activity = {"type": "message", "text": ""}
        self._tell(message, "deleted")

    def changed(self) -> None:
        """Tell listeners that the list of conversations, or what is installed in them, changed."""
        self._cloud.events.publish("teams.conversations", {})

    def typing(self, conversation: Conversation, thread_id: str | None) -> None:
        self._cloud.events.publish("teams.typing", {"conversationId": conversation.id, "threadId": thread_id})

    def new_id(self) -> str:
        """A message id: milliseconds since 1970, strictly rising."""
        self._last_id = max(self._last_id + 1, int(self._cloud.now().timestamp() * 1000))
        return str(self._last_id)

    def messages(self, conversation: Conversation, key: str, limit: int) -> list[Message]:
        """The newest `limit` messages that the person can see, oldest first."""
        return [message for message in conversation.messages.values() if message.visible_to(key)][-limit:]

    def _tell(self, message: Message, change: str) -> None:
        self._cloud.events.publish(
            "teams.message", {"change": change, "conversationId": message.conversation_id, "messageId": message.id}
        )

    # as JSON

    def message_json(self, message: Message) -> dict[str, Any]:
        """The shape of the client API; the bot's parts are as it sent them."""
        activity = message.activity
        person = self._cloud.world.people.get(message.sender or "")
        return {
            "id": message.id,
            "conversationId": message.conversation_id,
            "threadId": message.thread_id,
            "from": {
                "name": person.name if person else self.bot["name"],
                "key": message.sender,
                "bot": message.sender is None,
            },
            "time": stamp(message.time),
            "editedTime": stamp(message.edited) if message.edited else None,
            "deleted": message.deleted,
            "text": activity.get("text") or "",
            "textFormat": activity.get("textFormat") or "markdown",
            "summary": activity.get("summary"),
            "attachments": activity.get("attachments") or [],
            "entities": activity.get("entities") or [],
            "targetedTo": message.targeted_to,
        }

    def conversation_json(self, conversation: Conversation) -> dict[str, Any]:
        return {
            "id": conversation.id,
            "kind": conversation.kind,
            "name": conversation.name,
            "teamName": conversation.team.name if conversation.team else None,
            "tenantId": conversation.tenant_id,
            "botInstalled": conversation.installed,
            "archived": conversation.archived,
            "membership": conversation.membership if conversation.team else None,
        }


def base_id(conversation_id: str) -> str:
    """The conversation without its thread."""
    return conversation_id.split(";", 1)[0]


def thread_of(conversation_id: str) -> str | None:
    """The root message id in `…;messageid=ID`."""
    for part in _parts(conversation_id):
        name, _, value = part.partition("=")
        if name == "messageid" and value:
            return value
    return None


def _parts(conversation_id: str) -> Iterator[str]:
    yield from conversation_id.split(";")[1:]


def stamp(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds, as activities carry it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
