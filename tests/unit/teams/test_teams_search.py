"""The invoke of a message extension's search: what is read of it, and the forms of its answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.replies import as_message
from bot.chat.turn import Found, Nothing, OfferSignIn, Refuse, Reply, Result, Say, Turn, TurnKind
from bot.domain.people import Person
from bot.teams.activity import LONGEST_SEARCH, BadActivity, UnknownInvoke, parse, translate
from bot.teams.answers import CARD, THUMBNAIL, answer
from bot.texts import en, signing_in
from tests.support.teams_world import CHANNEL, activity, encoded

A_CARD = {"type": "AdaptiveCard", "version": "1.5", "body": []}
WORDS = [{"name": "query", "value": "contoso"}]
VALUE: dict[str, Any] = {
    "commandId": "findAlert",
    "parameters": WORDS,
    "queryOptions": {"skip": 15, "count": 25},
}


def meaning(value: Any, name: str = "composeExtension/query") -> Turn | UnknownInvoke:
    found = translate(parse(encoded(activity(type="invoke", name=name, value=value))))
    assert isinstance(found, Turn | UnknownInvoke)
    return found


def turn(value: Any) -> Turn:
    found = meaning(value)
    assert isinstance(found, Turn)
    return found


def test_a_search_has_words_a_page_and_a_person() -> None:
    found = turn(VALUE)
    assert (found.kind, found.verb, found.text) == (TurnKind.SEARCH, "findAlert", "contoso")
    assert found.data == {"skip": 15, "count": 25}
    assert found.person.aad_id
    assert (found.token, found.code) == ("", "")


def test_the_first_run_has_no_words() -> None:
    found = turn({"commandId": "findAlert", "parameters": [{"name": "initialRun", "value": "true"}]})
    assert (found.text, found.data) == ("", {"skip": 0, "count": 25})


def test_what_comes_back_after_a_sign_in_is_taken_along() -> None:
    found = turn(VALUE | {"authentication": {"token": "a.b.c"}, "state": "123456"})
    assert (found.token, found.code) == ("a.b.c", "123456")
    assert "a.b.c" not in repr(found)


@pytest.mark.parametrize("page", [{}, None, [], {"skip": -1, "count": -5}, {"skip": "1", "count": True}, {"skip": 1.5}])
def test_a_page_that_is_none_counts_as_not_said(page: Any) -> None:
    assert turn(VALUE | {"queryOptions": page}).data == {"skip": 0, "count": 25}


def test_a_page_beyond_all_pages_is_bounded() -> None:
    assert turn(VALUE | {"queryOptions": {"skip": 10**15, "count": 10**15}}).data == {"skip": 10_000, "count": 10_000}


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ([], ""),
        (None, ""),
        (["query"], ""),
        ([{"name": "query"}], ""),
        ([{"name": "query", "value": 7}], ""),
        ([{"name": "query", "value": {"a": 1}}], ""),
        ([{"name": "other", "value": "x"}, *WORDS, {"name": "query", "value": "second"}], "contoso"),
        ([{"name": "query", "value": "x" * 50_000}], "x" * LONGEST_SEARCH),
    ],
)
def test_parameters_of_any_shape(given: Any, text: str) -> None:
    assert turn(VALUE | {"parameters": given}).text == text


def test_words_are_one_printable_line() -> None:
    assert turn(VALUE | {"parameters": [{"name": "query", "value": "a\u0000b\u202ec\nd"}]}).text.isprintable()


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "x",
        {},
        VALUE | {"commandId": 5},
        VALUE | {"commandId": "x" * 65},
        VALUE | {"commandId": "a\nb"},
        VALUE | {"parameters": "query"},
        VALUE | {"authentication": "x"},
        VALUE | {"authentication": {"token": "a b\n"}},
        VALUE | {"authentication": {"token": "x" * 20_000}},
        VALUE | {"state": {"a": 1}},
    ],
)
def test_what_is_no_search_is_refused(value: Any) -> None:
    with pytest.raises(BadActivity):
        meaning(value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda part: st.lists(part) | st.dictionaries(st.text(), part),
        max_leaves=8,
    )
)
def test_no_value_at_all_breaks_the_reading(value: Any) -> None:
    for sent in (
        value,
        VALUE | {"parameters": value},
        VALUE | {"queryOptions": value},
        VALUE | {"authentication": value},
    ):
        try:
            found = turn(sent)
        except BadActivity:
            continue
        assert len(found.text) <= LONGEST_SEARCH


@pytest.mark.parametrize(
    "name", ["composeExtension/queryLink", "composeExtension/selectItem", "composeExtension/fetchTask"]
)
def test_what_the_manifest_does_not_declare_is_not_here(name: str) -> None:
    assert meaning({"url": "https://x.example"}, name) == UnknownInvoke(name)


# Answers -----------------------------------------------------------------------------------------------------------


def body_of(reply: Reply) -> Any:
    status, body = answer(Turn(TurnKind.SEARCH, "1", CHANNEL, Person("a", "29:a", "Ada")), reply)
    assert status == 200
    assert body is not None
    return json.loads(body)["composeExtension"]


def test_what_was_found_is_a_list_with_previews() -> None:
    assert body_of(Found((Result(A_CARD, "A-1 · High", "Mining", "Contoso"),))) == {
        "type": "result",
        "attachmentLayout": "list",
        "attachments": [
            {
                "contentType": CARD,
                "content": A_CARD,
                "preview": {
                    "contentType": THUMBNAIL,
                    "content": {"title": "A-1 · High", "subtitle": "Mining", "text": "Contoso"},
                },
            }
        ],
    }
    assert body_of(Found(()))["attachments"] == []


@pytest.mark.parametrize(("silent", "kind"), [(True, "silentAuth"), (False, "auth")])
def test_a_sign_in_is_offered(silent: bool, kind: str) -> None:
    assert body_of(OfferSignIn("https://desk.example/auth/start?act=x", silent)) == {
        "type": kind,
        "suggestedActions": {
            "actions": [
                {"type": "openUrl", "value": "https://desk.example/auth/start?act=x", "title": signing_in.SIGN_IN}
            ]
        },
    }


@pytest.mark.parametrize("reply", [Say("Nothing."), Refuse("Nothing.", "x")])
def test_a_sentence_is_a_message(reply: Reply) -> None:
    assert body_of(reply) == {"type": "message", "text": "Nothing."}


def test_there_is_always_something_to_read() -> None:
    assert body_of(Nothing()) == {"type": "message", "text": en.TRY_AGAIN}


def test_an_answer_to_a_search_is_never_a_message_in_the_chat() -> None:
    assert as_message(Found(())) is None
    assert as_message(OfferSignIn("https://x.example", True)) is None
