"""What people type, as commands: aliases, typos, numbers and ids, verdicts and remarks."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.grammar import (
    Command,
    Deciding,
    Marking,
    Remark,
    asking,
    deciding,
    looks_like_alert,
    marking,
    parse,
    remark,
    searching,
    subject,
)
from bot.errors import UserError
from bot.texts.en import EMPTY_MESSAGE
from bot.texts.help import COMMANDS
from tests.factories import guid

WHOLE = guid(77)

SAID = [
    ("show", Command("show")),
    ("SHOW", Command("show")),
    ("show unresolved severity:high", Command("show", "unresolved severity:high")),
    ("  show   A-1042 ", Command("show", "A-1042")),
    ("`show A-1042`", Command("show", "A-1042")),
    ("whoami!", Command("whoami")),
    ("help.", Command("help")),
    ("note: A-1 text", Command("note", "A-1 text")),
    ("", Command("help")),
    ("  ", Command("help")),
    ("``", Command("help")),
    ("?", Command("help")),
    (", show", Command("show")),
    (": show A-1042", Command("show", "A-1042")),
    ("- show", Command("show")),
    ("show A-1042.", Command("show", "A-1042")),
    ("show A\u20131042", Command("show", "A-1042")),
    ("show A\u20141042?", Command("show", "A-1042")),
    ("show unresolved.", Command("show", "unresolved")),
    ('show customer:"Contoso Inc."', Command("show", 'customer:"Contoso Inc."')),
    ("mark a\u20131042 fraud as A\u20131041.", Command("mark", "a-1042 fraud as A\u20131041.")),
    ("note A\u20131042 see R\u201312.", Command("note", "A-1042 see R\u201312.")),
    ("note R\u201312 is asked", Command("note", "R\u201312 is asked")),
    ("reject R\u201312 no.", Command("reject", "R-12 no.")),
    ("reject A\u20131042 is ours", Command("reject", "A\u20131042 is ours")),
    ("cancel R\u201312", Command("cancel", "R-12")),
    ("approve R\u201312 seen A\u20131050", Command("approve", "R-12 seen A\u20131050")),
    ("search A\u20131042.", Command("search", "A-1042.")),
    ("search A\u201312 Ltd.", Command("search", "A\u201312 Ltd.")),
    ("assign A\u20131042 @Jane Jr.", Command("assign", "A-1042 @Jane Jr.")),
    ("list all", Command("show", "all")),
    ("find contoso", Command("search", "contoso")),
    ("unresolved", Command("show", "unresolved")),
    ("unresolved severity:high", Command("show", "unresolved severity:high")),
    ("mark A-1 fraud seen before", Command("mark", "A-1 fraud seen before")),
]


@pytest.mark.parametrize(("text", "command"), SAID, ids=[text or "nothing" for text, _ in SAID])
def test_a_message_is_a_command(text: str, command: Command) -> None:
    assert parse(text) == command


@pytest.mark.parametrize("text", ["hi", "Hello there", "hey!", "Thanks!", "thank you"])
def test_small_talk_is_told_of_help(text: str) -> None:
    with pytest.raises(UserError) as refusal:
        parse(text)
    assert refusal.value.message == EMPTY_MESSAGE


@pytest.mark.parametrize("name", sorted({command.name.split()[0] for command in COMMANDS}))
def test_every_command_that_help_names_is_known(name: str) -> None:
    assert parse(f"{name} x y") == Command(name, "x y")


@pytest.mark.parametrize("usage", [command.usage for command in COMMANDS] + [command.example for command in COMMANDS])
def test_what_help_shows_can_be_typed(usage: str) -> None:
    assert parse(usage).name


@pytest.mark.parametrize(
    ("typo", "near"),
    [
        ("shwo", "show"),
        ("exprot", "export"),
        ("marc A-1 fraud", "mark"),
        ("investigat A-1", "investigate"),
        ("xyzzy", ""),
    ],
)
def test_a_typo_gets_the_nearest_command(typo: str, near: str) -> None:
    with pytest.raises(UserError) as refusal:
        parse(typo)
    assert refusal.value.code == "unknown_command"
    assert repr(typo.split()[0]) in refusal.value.message
    assert ("Did you mean" in refusal.value.message) is bool(near)
    assert near in refusal.value.message


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("mark a-1042 fraud as A-7", "A-1042"),
        ("note A\u20131042: called back", "A-1042"),
        ("approve r-12", "R-12"),
        ("mark fraud as A-7", ""),
        ("unsubscribe", ""),
        ("xyzzy A-7", ""),
    ],
)
def test_what_a_message_is_about(text: str, label: str) -> None:
    assert subject(text) == label


@given(st.text(max_size=60))
def test_any_text_is_a_command_or_is_refused_with_a_sentence(text: str) -> None:
    with suppress(UserError):
        assert parse(text).name in {command.name.split()[0] for command in COMMANDS}


@pytest.mark.parametrize(
    ("text", "names_one"),
    [
        ("A-1042", True),
        ("a-1042", True),
        ("#1042", True),
        ("1042", True),
        (WHOLE, True),
        (WHOLE[:8], True),
        ("3fa85f", True),
        ("deadbeef", True),
        ("", False),
        ("all", False),
        ("unresolved", False),
        ("investigating", False),
        ("contoso", False),
        ("severity:high", False),
        ("A-1042 now", False),
        ("A-1042.", True),
        ("abc12", False),
    ],
)
def test_show_tells_an_alert_from_a_filter(text: str, names_one: bool) -> None:
    assert looks_like_alert(text) is names_one


@pytest.mark.parametrize(
    ("rest", "meant"),
    [
        ("A-1042 fraud", Marking("A-1042", "fraud", "")),
        ("A-1042 FRAUD mining pool", Marking("A-1042", "fraud", "mining pool")),
        ("1042, ignore", Marking("1042,", "ignore", "")),
        ("A-1042: fraud", Marking("A-1042:", "fraud", "")),
        (f"{WHOLE} legitimate: load test", Marking(WHOLE, "legitimate", "load test")),
        ("fraud", Marking("", "fraud", "")),
        ("fraud seen before", Marking("", "fraud", "seen before")),
        ("fraud fraud", Marking("", "fraud", "fraud")),
        ("legitimate A-1042", Marking("", "legitimate", "A-1042")),
    ],
)
def test_a_verdict_with_or_without_an_alert(rest: str, meant: Marking) -> None:
    assert marking(rest, "usage") == meant


@pytest.mark.parametrize(
    ("rest", "essential"),
    [
        ("", "the usage"),
        ("A-1042", "the usage"),
        ("A-1042 maybe", "the usage"),
        ("A-1042 fruad", "Did you mean “fraud”?"),
    ],
)
def test_without_a_verdict_the_usage_is_told(rest: str, essential: str) -> None:
    with pytest.raises(UserError) as refusal:
        marking(rest, "the usage")
    assert essential in refusal.value.message
    assert "the usage" in refusal.value.message


@pytest.mark.parametrize(
    ("rest", "meant"),
    [
        ("R-12", Deciding("R-12", (), "")),
        ("R-12 seen A-1050", Deciding("R-12", (1050,), "")),
        ("R-12 seen A\u20111002 a-1050, A-1051.", Deciding("R-12", (1002, 1050, 1051), "")),
        ("seen A-1050 A-1051", Deciding("", (1050, 1051), "")),
        ("R-12 seen A-1050 and A-1051", Deciding("R-12", (1050,), "and A-1051")),
        ("R-12 seen 1050", Deciding("R-12", (), "seen 1050")),
        ("R-12 seen", Deciding("R-12", (), "seen")),
        ("R-12 A-1050", Deciding("R-12", (), "A-1050")),
    ],
)
def test_an_approval_names_each_new_alert_that_was_seen(rest: str, meant: Deciding) -> None:
    assert deciding(rest, "approve") == meant


@pytest.mark.parametrize(
    ("rest", "in_thread", "meant"),
    [
        ("A-1042 called back", False, Remark("A-1042", "called back")),
        ("1042 called back", False, Remark("1042", "called back")),
        (f"{WHOLE} called back", False, Remark(WHOLE, "called back")),
        ("called back", False, Remark("called", "back")),
        ("A-1042", False, Remark("A-1042", "")),
        ("", False, Remark("", "")),
        ("called back", True, Remark("", "called back")),
        ("3 machines affected", True, Remark("", "3 machines affected")),
        ("A-1042 called back", True, Remark("A-1042", "called back")),
        ("A-1042: called back", True, Remark("A-1042", "called back")),
        (f"{WHOLE} called back", True, Remark(WHOLE, "called back")),
        ("", True, Remark("", "")),
    ],
)
def test_a_remark_in_a_thread_needs_no_number(rest: str, in_thread: bool, meant: Remark) -> None:
    assert remark(rest, in_thread=in_thread) == meant


@pytest.mark.parametrize("rest", ["R-12", "r-12, please", "R-12 customer:agreed too late"])
def test_a_request_is_no_alert_to_cancel(rest: str) -> None:
    with pytest.raises(UserError) as refusal:
        asking(rest)
    assert "withdraw R-12" in refusal.value.message


@pytest.mark.parametrize(
    ("rest", "text", "filters"),
    [
        ("contoso", "contoso", ""),
        ("contoso ltd severity:high", "contoso ltd", "severity:high"),
        ("severity:high contoso", "contoso", "severity:high"),
        ("contoso unresolved", "contoso", "unresolved"),
        ("active", "active", ""),
        ("active directory", "active directory", ""),
        ('"all hands" all', '"all hands"', "all"),
        ('"host:80" since:7d', '"host:80"', "since:7d"),
        ('x customer:"Contoso Ltd" @urgent', "x", 'customer:"Contoso Ltd" @urgent'),
        ("", "", ""),
        ("sort:newest", "", "sort:newest"),
    ],
)
def test_a_search_takes_text_and_filters_apart(rest: str, text: str, filters: str) -> None:
    said = searching(rest)
    assert (said.text, said.filters) == (text, filters)
