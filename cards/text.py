"""Other people's text made harmless. Pure; knows no elements.

Names, descriptions and details of alerts come from attackers. `defuse` is for TextRuns, which know no Markdown;
`label` for titles, labels and fallback texts, which some clients read as Markdown; `heading` for our own TextBlocks.
https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format
"""

from __future__ import annotations

import re
import unicodedata

ELLIPSIS = "…"
MOST_LINES = 40

# Most texts. Harmless as they stand: no dot and no colon before a letter or a slash, no bracket, no far script.
_TAME = re.compile(
    r"(?:[A-Za-z0-9 ,;()!?'\"/+=%#@_*~|\-\u00a1-\u00ac\u00ae-\u02af\u2010-\u2027\u2030-\u205e]++"
    r"|\.(?=[ 0-9]|$)|(?<=[0-9]):(?=[0-9])|(?<!http)(?<!https):(?= |$))*+\Z",
    re.IGNORECASE,
)
_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
_SPACES = re.compile(r" {2,}")
# Controls, bidi marks and overrides, zero-width and filler characters, tags, surrogates, private use, non-characters.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ud800-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0d\ufeff\uffa0\ufff0-\uffff"
    "\U0001d173-\U0001d17a\U000e0000-\U0010ffff]"
)
# A few accents on a letter are language; a tower of them is drawn over its neighbours.
_MARKS = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_TOWERS = re.compile(f"({_MARKS}{{4}}){_MARKS}+")
_MENTIONS = re.compile(r"</?at\b[^<>]{0,100}>", re.IGNORECASE)
_TAGS = re.compile(r"<(?=[A-Za-z/!?])([^<>]{0,100}>)?")
_TEMPLATES = re.compile(r"([{$])(?=\{)")
_HTTP = re.compile(r"\bhttp(?=s?:)", re.IGNORECASE)
_SCHEMES = re.compile(
    r"(?<=[A-Za-z0-9])(?<!hxxp)(?<!hxxps):(?=//|\\\\)|"
    r"(?:(?<=\bmailto)|(?<=\btel)|(?<=\bsips)|(?<=\bsip)|(?<=\bdata)|(?<=\bfile)|(?<=\bskype)|(?<=\bcallto)"
    r"|(?<=\bjavascript)|(?<=\bvbscript)):(?=\S)",
    re.IGNORECASE,
)
_WWW = re.compile(r"\bwww\.", re.IGNORECASE)
# The dot before what a linkifier takes for a top-level domain: any two letters, or a name that is in common use.
_HOSTS = re.compile(
    r"\.(?<=[\w\])]\.)(?=(?:[^\W\d_]{2}|com|net|org|info|biz|edu|gov|mil|int|app|dev|xyz|top|site|online|click|link"
    r"|club|shop|live|life|cloud|store|tech|space|website|host|fun|icu|vip|work|page|blog|zip|mov|support|help|email|win"
    r"|loan|review|date|stream|download|racing|party|bid|trade|science|rest|cam|monster|buzz|cyou|sbs|cfd|quest|lol|bond"
    r"|name|pro|mobi|asia|aero|coop|museum|xxx|onl|one|run|art|pub|today|world|services|solutions|digital|network|xn--\w+)"
    r"(?![^\W_]))",
    re.IGNORECASE,
)
_BRACKETS = str.maketrans({"[": "(", "]": ")", "`": "\u2019"})
_ENTITIES = re.compile(r"&(?=#?\w{1,32};)")
_MARKDOWN = re.compile(r"([\\*_~])")
_LINE_START = re.compile(r"(?m)^(\s*)(?:([-+>#=|])|(\d{1,9})([.)]))")


def defuse(text: str, limit: int) -> str:
    """One line of at most `limit` characters in which nothing is invisible, a link, a mention or a template."""
    if len(text) <= limit and _TAME.match(text):
        return (_SPACES.sub(" ", text) if "  " in text else text).strip()
    text = _UNSEEN.sub("", _BREAKS.sub(" ", text[: 4 * limit + 256]))
    text = _TOWERS.sub(r"\1", text)
    if "<" in text:
        text = _TAGS.sub(_shown_tag, _MENTIONS.sub("", text))
    if "{" in text:
        text = _TEMPLATES.sub(r"\1 ", text)
    if ":" in text:
        text = _SCHEMES.sub("[:]", _HTTP.sub("hxxp", text))
    if "." in text:
        text = _HOSTS.sub("[.]", _WWW.sub("www[.]", text))
    text = _SPACES.sub(" ", text).strip()
    if len(text) > limit:
        text = _HOSTS.sub("[.]", cut(text, limit))  # the cut can end a word where a host's name ends
    return cut(text, limit)


def paragraphs(text: str, limit: int) -> list[str]:
    """The lines of `text`, each defused, empty ones left out; at most `limit` characters and MOST_LINES together."""
    done: list[str] = []
    for line in text[: 4 * limit + 256].splitlines():
        safe = defuse(line, max(limit, 1))
        if safe and (limit <= 0 or len(done) == MOST_LINES):
            return [*done, ELLIPSIS]
        if safe:
            done.append(safe)
            limit -= len(safe)
    return done


def label(text: str, limit: int) -> str:
    """Harmless where a client may or may not read Markdown, and without a backslash that would show."""
    return defuse(text, limit).translate(_BRACKETS)


def heading(text: str, limit: int) -> str:
    """For a TextBlock, whose text is Markdown: shown as it is written."""
    text = _ENTITIES.sub("+", label(text, limit))
    text = _MARKDOWN.sub(r"\\\1", text)
    return _LINE_START.sub(lambda at: f"{at[1]}\\{at[2]}" if at[2] else f"{at[1]}{at[3]}\\{at[4]}", text)


def cut(text: str, limit: int) -> str:
    """At most `limit` code points, an ellipsis last where something was left out, no letter parted from its accents."""
    if len(text) <= limit:
        return text
    end = max(limit - 1, 0)
    while end > 0 and _belongs_to_the_letter_before(text, end):
        end -= 1
    return text[:end].rstrip() + ELLIPSIS


def _shown_tag(found: re.Match[str]) -> str:
    return f"\u2039{found[1][:-1]}\u203a" if found[1] else "\u2039"


def _belongs_to_the_letter_before(text: str, at: int) -> bool:
    character = text[at]
    if unicodedata.category(character)[0] == "M" or "\U0001f3fb" <= character <= "\U0001f3ff":
        return True  # accents, vowel signs, variation selectors, skin tones
    if "\u1160" <= character <= "\u11ff":
        return True  # the later parts of a Hangul syllable
    if not _is_flag_half(character):
        return False
    start = at
    while start > 0 and _is_flag_half(text[start - 1]):
        start -= 1
    return (at - start) % 2 == 1


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
