"""One turn of the conversation, free of any SDK: what a verified activity asks, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.domain.people import Conversation, Person

SEARCH_COMMAND, SEARCH_PARAMETER = "findAlert", "query"
"""What the app's manifest calls the search from the box that people write in, and the words that they type there."""


class TurnKind(StrEnum):
    MESSAGE = "message"  # typed text
    SUBMIT = "submit"  # Action.Submit: a message activity with a value and no text
    EXECUTE = "execute"  # invoke adaptiveCard/action
    DIALOG_OPEN = "dialog_open"  # invoke task/fetch
    DIALOG_SUBMIT = "dialog_submit"  # invoke task/submit
    FILE_CONSENT = "file_consent"  # invoke fileConsent/invoke
    TOKEN_EXCHANGE = "token_exchange"  # noqa: S105 invoke signin/tokenExchange: Teams' token for an OAuth card
    VERIFY_STATE = "verify_state"  # invoke signin/verifyState: the code that a sign-in page handed to Teams
    SEARCH = "search"  # invoke composeExtension/query: `verb` is the command, `text` the words, `data` skip and count
    SIGN_IN_FAILED = "sign_in_failed"  # invoke signin/failure: a client got no token; `code` says why


SPOKEN = (TurnKind.MESSAGE, TurnKind.SUBMIT)
"""What is answered by a message, as all in the conversation read it."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A verified activity of a person. `data` is what the card or dialog carried: ids to look up, nothing to believe.

    `person.tenant_id` is empty here: the roster is asked only where an act needs it.
    `thread` is the root post's activity id in a channel, `reply_to` the message that holds the pressed card.
    `mentioned` are the people whom the text mentions beside the bot; of each, `@` and the name stand in `text`.
    `token` is Teams' SSO token as it came, not looked into; of a token exchange `data["id"]` is the exchange's id.
    `began` is when it was taken up, by the monotonic clock: somebody waits since then.
    """

    kind: str
    activity_id: str
    conversation: Conversation
    person: Person
    thread: str = ""
    reply_to: str = ""
    text: str = ""
    mentioned: tuple[Person, ...] = ()
    verb: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    automatic: bool = False
    locale: str = ""
    token: str = field(default="", repr=False)
    code: str = field(default="", repr=False)
    private: bool = False  # a private channel, in which Teams lets no bot post
    began: float | None = None

    def spent(self, at: float) -> float:
        """The seconds of its time that are gone; 0 where nobody noted when it began."""
        return at - self.began if self.began is not None else 0.0

    @property
    def is_personal(self) -> bool:
        return self.conversation.kind == "personal"


@dataclass(frozen=True, slots=True)
class Say:
    """A sentence: for an invoke shown to the one who pressed, else a message in the same thread."""

    text: str


@dataclass(frozen=True, slots=True)
class ShowCard:
    """A card. For an invoke it replaces the pressed card for that person alone. `raw` is its JSON where at hand.
    `sign_in`: the link of one that leads to a sign-in, in the place of what was asked for. `said`: what it tells, in a
    sentence, for where a card cannot be shown."""

    card: Mapping[str, Any] | None = None
    summary: str = ""
    raw: bytes = b""
    sign_in: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class Refuse:
    """No, and why. `code` is a short word for programs."""

    text: str
    code: str = "refused"


@dataclass(frozen=True, slots=True)
class OpenDialog:
    title: str
    card: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CloseDialog:
    """Ends the dialog; with a text Teams shows it in the dialog's place."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Attach:
    """One of Teams' own attachments (a file consent or file info card)."""

    attachment: Mapping[str, Any]
    summary: str = ""


@dataclass(frozen=True, slots=True)
class AskToken:
    """Teams' SSO token is wanted first: a pressed button is sent again with it, an OAuth card in a personal chat
    brings it in a token exchange of this id. Elsewhere nobody can be asked, and the text is said."""

    text: str
    exchange_id: str


@dataclass(frozen=True, slots=True)
class TokenRefused:
    """The SSO token that came will not do: the client offers its sign-in button."""

    text: str


@dataclass(frozen=True, slots=True)
class BadCode:
    """The code of a sign-in page is not one of ours, or too old."""


@dataclass(frozen=True, slots=True)
class Result:
    """One find of a search: the card that is inserted where everybody may look, and three lines for the one who
    searches, plain texts already."""

    card: Mapping[str, Any]
    title: str
    subtitle: str
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class OfferSignIn:
    """A search needs a token of the person. `silent`: Teams sends it again with its own; else they follow the link."""

    link: str
    silent: bool


@dataclass(frozen=True, slots=True)
class Nothing:
    """Handled; nothing to say."""


@dataclass(frozen=True, slots=True)
class NotHere:
    """An invoke that nobody here knows: 501."""

    name: str


Reply = (
    Say
    | ShowCard
    | Refuse
    | OpenDialog
    | CloseDialog
    | Attach
    | AskToken
    | TokenRefused
    | BadCode
    | Found
    | OfferSignIn
    | Nothing
    | NotHere
)


@dataclass(frozen=True, slots=True)
class WentOn:
    """What somebody's browser tells of the act that waited for their sign-in. `link`: where they sign in once more,
    for this one did not suffice."""

    text: str
    link: str = ""


class EventKind(StrEnum):
    INSTALLED = "installed"
    REMOVED = "removed"
    CHANNEL_CREATED = "channel_created"
    CHANNEL_RENAMED = "channel_renamed"
    CHANNEL_DELETED = "channel_deleted"
    CHANNEL_RESTORED = "channel_restored"
    TEAM_RENAMED = "team_renamed"
    TEAM_DELETED = "team_deleted"
    TEAM_RESTORED = "team_restored"
    TEAM_ARCHIVED = "team_archived"
    TEAM_UNARCHIVED = "team_unarchived"
    MEMBERS_ADDED = "members_added"
    MEMBERS_REMOVED = "members_removed"
    MESSAGE_EDITED = "message_edited"  # never runs a command again
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a conversation, rather than something said in it."""

    kind: str
    conversation: Conversation
    person: Person | None = None
    name: str = ""  # the new name
    people: tuple[Person, ...] = ()  # who was added or removed
    private: bool = False  # as of a turn
