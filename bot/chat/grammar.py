"""What people type, as commands. Pure. Nothing is ever silently ignored: a typo gets the nearest command."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from itertools import takewhile

from bot.domain.alerts import Verdict
from bot.domain.cancellations import Consent
from bot.domain.filter_grammar import STATUS_WORDS
from bot.errors import UserError
from bot.texts import cancelling
from bot.texts import en as texts
from bot.texts.help import COMMANDS

_NAMES = tuple(dict.fromkeys(command.name.split(" ", 1)[0] for command in COMMANDS))
_ALIASES = {"list": "show", "find": "search", "unresolved": "show", "?": "help"}
_SMALL_TALK = frozenset({"hi", "hello", "hey", "thanks", "thank", "thx"})
_STOPS = " .,;!?"
_AFTER_MENTION = " .,:;!-\u2013\u2014"
_TYPED_ALONG = frozenset(
    {"mark", "reverdict", "note", "bulk", "cancel", "reactivate", "reject", "withdraw", "refunds"}
    | {"search", "save", "assign", "duty"}
)
"""Commands that take a person's own words, or names: what stands at their end belongs to them."""
_LABELS = {"reject": "r", "withdraw": "r", "approve": "r", "cancel": "ar", "reactivate": "ar"}
"""Whose number can follow a command; else an alert's."""
_DASHED = re.compile(r"([ar])[\u2010-\u2015\u2212](\d{1,12})(?!\w)", re.IGNORECASE)
_REFERENCE = re.compile(r"(?:#|a-)?\d{1,12}|[0-9a-z][0-9a-z-]{5,}", re.IGNORECASE)
_LABEL = re.compile(r"a-\d{1,12}", re.IGNORECASE)
_REQUEST = re.compile(r"(?:#|r-)?\d{1,12}[,.:]?", re.IGNORECASE)
_REQUEST_LABEL = re.compile(r"r-\d{1,12}", re.IGNORECASE)
_PARTS = re.compile(r'(?:[^\s"]*"[^"]*")+|\S+')
_ANSWERS = re.compile(r"\b(customer|note|confirm):(?:\"([^\"]*)\"|(\S*))", re.IGNORECASE)
_HAS_DIGIT = re.compile(r"\d")
_HEX = re.compile(r"[0-9a-f-]{6,}", re.IGNORECASE)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Command:
    """A command's name and the rest of the line."""

    name: str
    rest: str = ""


def parse(text: str) -> Command:
    """The command in a message (mentions stripped, spaces collapsed). Raises UserError with the nearest command."""
    words = text.strip().strip("`").lstrip(_AFTER_MENTION).rstrip()
    if not words:
        return Command("help")
    first, _, rest = words.partition(" ")
    name = first.lower().rstrip("!.,:;")
    if name == "unresolved":
        rest = f"unresolved {rest}"
    if name in _SMALL_TALK:
        raise UserError(texts.EMPTY_MESSAGE, code="small_talk")
    name = _ALIASES.get(name, name)
    if name in _NAMES:
        return Command(name, _rest(name, rest.strip()))
    near = difflib.get_close_matches(name, _NAMES, n=1, cutoff=0.6)
    raise UserError(texts.unknown_command(first, near[0] if near else ""), code="unknown_command")


def subject(text: str) -> str:
    """`A-1042` of `mark A-1042 fraud`, `R-12` of `approve R-12`; empty where what is typed begins with no label."""
    try:
        words = parse(text).rest.split(" ", 1)
    except UserError:
        return ""
    first = words[0].rstrip(",.:").upper()
    return first if _LABEL.fullmatch(first) or _REQUEST_LABEL.fullmatch(first) else ""


def _rest(name: str, rest: str) -> str:
    """What follows a command, without what phones and habit add: a dash that is none of A-1042, a stop at the end.
    What somebody has to say for themselves stays as they typed it."""
    found = _DASHED.match(rest)
    named = found is not None and found[1].lower() in _LABELS.get(name, "a")
    if found and named and (name != "search" or found.end() == len(rest.rstrip(_STOPS))):
        rest = _straight(found) + rest[found.end() :]
    return rest if name in _TYPED_ALONG else rest.rstrip(_STOPS)


def _straight(found: re.Match[str]) -> str:
    return f"{found[1]}-{found[2]}"


def looks_like_alert(text: str) -> bool:
    """Whether `show <text>` names one alert, rather than a filter."""
    word = text.strip().rstrip(_STOPS)
    if " " in word or ":" in word or not word or word.lower() in STATUS_WORDS:
        return False
    return bool(_REFERENCE.fullmatch(word) and (_HAS_DIGIT.search(word) or _HEX.fullmatch(word)))


@dataclass(frozen=True, slots=True)
class Searching:
    """`search contoso unresolved severity:high @urgent`: what is looked for, and the filters."""

    text: str
    filters: str


def searching(rest: str) -> Searching:
    """What has a colon or begins with @ is a filter, and so is a status word after the text; what is quoted is text."""
    text: list[str] = []
    filters: list[str] = []
    for found in _PARTS.finditer(rest):
        word = found[0]
        filtering = not word.startswith('"') and (":" in word or word.startswith("@"))
        filters_or_text = filters if filtering or (text and word.lower() in STATUS_WORDS) else text
        filters_or_text.append(word)
    return Searching(" ".join(text), " ".join(filters))


@dataclass(frozen=True, slots=True)
class Marking:
    """`alert` is empty where the thread's own alert is meant."""

    alert: str
    verdict: str
    note: str


def marking(rest: str, usage: str) -> Marking:
    """`A-1042 fraud a note`, or `fraud a note` in a thread. Raises UserError that shows the usage."""
    words = rest.split()
    for position in (0, 1):
        if len(words) > position and (verdict := _verdict(words[position])):
            alert = words[0] if position else ""
            return Marking(alert, verdict, " ".join(words[position + 1 :]))
    if len(words) > 1 and (near := difflib.get_close_matches(words[1].lower(), tuple(Verdict), n=1, cutoff=0.6)):
        raise UserError(texts.no_verdict(words[1], near[0], usage), code="bad_verdict")
    raise UserError(usage, code="bad_verdict")


def _verdict(word: str) -> str:
    lowered = word.lower().strip(".,:;")
    return lowered if lowered in tuple(Verdict) else ""


def is_label(text: str) -> bool:
    return bool(_LABEL.fullmatch(text.strip().rstrip(_STOPS)))


def is_guid(text: str) -> bool:
    return bool(_GUID.fullmatch(text.strip()))


@dataclass(frozen=True, slots=True)
class Asking:
    """`cancel A-1042 customer:agreed confirm:1a2b3c a reason`. `subject` is empty where the thread's own is meant."""

    subject: str
    consent: str
    note: str
    confirm: str
    reason: str

    @property
    def filled_in(self) -> bool:
        return bool(self.consent or self.note or self.confirm or self.reason)


def asking(rest: str) -> Asking:
    """Raises UserError for an answer that it does not know, and for a request in the place of an alert."""
    answers: dict[str, str] = {}

    def take(found: re.Match[str]) -> str:
        answers[found[1].lower()] = (found[2] if found[2] is not None else found[3]).strip()
        return " "

    words = _ANSWERS.sub(take, rest).split()
    first = words[0].rstrip(",.:") if words else ""
    subject = first if _REFERENCE.fullmatch(first) and _HAS_DIGIT.search(first) else ""
    words = words[1:] if subject else words
    if _REQUEST_LABEL.fullmatch(first):
        raise UserError(cancelling.request_not_alert(first.upper()), code="request_not_alert")
    consent = answers.get("customer", "").lower()
    if consent and consent not in tuple(Consent):
        raise UserError(cancelling.bad_consent(consent), code="bad_consent")
    return Asking(subject, consent, answers.get("note", ""), answers.get("confirm", ""), " ".join(words))


@dataclass(frozen=True, slots=True)
class Deciding:
    """`R-12 seen A-1050 A-1051 a reason`. `request` is empty where none was named; `seen` are alerts looked at."""

    request: str
    seen: tuple[int, ...]
    reason: str


def deciding(rest: str, name: str) -> Deciding:
    words = rest.split()
    request = words.pop(0) if words and _REQUEST.fullmatch(words[0].rstrip(",.:")) else ""
    seen: list[int] = []
    if name == "approve" and words and words[0].lower() == "seen":
        labels = takewhile(_LABEL.fullmatch, (_DASHED.sub(_straight, word.rstrip(",.")) for word in words[1:]))
        seen = [int(label[2:]) for label in labels]
        words = words[1 + len(seen) :] if seen else words
    return Deciding(request.rstrip(",.:"), tuple(seen), " ".join(words))


@dataclass(frozen=True, slots=True)
class Remark:
    alert: str
    text: str


def remark(rest: str, *, in_thread: bool) -> Remark:
    """`A-1042 some text`; in an alert's thread the number may be left out, so there only a plain one counts as one."""
    first, _, text = rest.partition(" ")
    named = first.rstrip(",.:")
    if in_thread and not (_LABEL.fullmatch(named) or _GUID.fullmatch(named)):
        return Remark("", rest.strip())
    return Remark(named, text.strip())
