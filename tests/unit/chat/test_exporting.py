"""Handing out a CSV: by file consent, into the personal chat, or by a link; to the asker alone."""

from __future__ import annotations

from typing import Any

import pytest

from bot.chat.turn import Attach, Refuse, Reply, Say, ShowCard, TurnKind
from bot.domain.audit import Head
from bot.domain.audit_lines import read_head, read_row
from bot.domain.people import Person
from bot.errors import Permanent, Transient
from bot.texts import en as texts
from bot.texts import exports
from cards import actions
from tests.factories import ADA, FABRIKAM, GIL, GUS, NORA, NORTHWIND, alert, personal, pressed, resolved, said, turn
from tests.fakes import Trouble
from tests.support.house import PUBLIC, House
from tests.support.seen import checked

UPLOAD = {"uploadUrl": "https://x.sharepoint.com/up", "contentUrl": "https://x.sharepoint.com/f", "name": "alerts.csv"}


@pytest.fixture
async def desk(house: House) -> House:
    await house.route()
    await house.take_in(alert("one"), resolved("two"), alert("theirs", partner=FABRIKAM))
    house.channel.join(personal(ADA), ADA, NORTHWIND)
    return house


async def ask(house: House, words: str = "export", by: Person = ADA, **more: Any) -> Reply:
    return await house.desk.turn(said(words, by, **more))


async def consent(house: House, by: Person, export_id: object, action: str = "accept", **more: Any) -> Reply:
    data = {"action": action, "context": {"export": export_id}, "uploadInfo": UPLOAD} | more
    reply = await house.desk.turn(
        turn(kind=TurnKind.FILE_CONSENT, person=by, data=data, conversation=personal(by), reply_to="asked")
    )
    await house.settle()
    return reply


def asked(reply: Reply) -> str:
    assert isinstance(reply, Attach), reply
    return str(reply.attachment["content"]["export"])


async def test_in_a_personal_chat_teams_asks_and_then_the_file_lies_in_onedrive(desk: House) -> None:
    export_id = asked(await ask(desk, "export all", conversation=personal(ADA)))
    reply = await consent(desk, ADA, export_id)
    head = (await desk.audit())[-1]
    assert isinstance(reply, Say)
    assert f"2 alerts, the head of the audit trail: Northwind={head.seq}:{head.hash}" in reply.text
    content = desk.files.uploaded[UPLOAD["uploadUrl"]].decode()
    assert [line.split(",")[0] for line in content.splitlines()] == ["Alert ID", "one", "two"]
    assert desk.channel.posts[-1].message.attachments[0]["contentType"] == "info"


async def test_the_same_words_as_show_choose_the_rows(desk: House) -> None:
    export_id = asked(await ask(desk, "export", conversation=personal(ADA)))
    await consent(desk, ADA, export_id)
    assert desk.files.uploaded[UPLOAD["uploadUrl"]].count(b"\r\n") == 2
    assert isinstance(await ask(desk, "export sevrity:high"), Refuse)


async def test_a_file_is_taken_once_and_by_the_asker_alone(desk: House) -> None:
    export_id = asked(await ask(desk, conversation=personal(ADA)))
    assert await consent(desk, NORA, export_id) == Refuse(exports.GONE, "export_gone")
    assert desk.files.uploaded == {}
    await consent(desk, ADA, export_id)
    assert await consent(desk, ADA, export_id) == Refuse(exports.GONE, "export_gone")


async def test_a_declined_file_is_not_sent(desk: House) -> None:
    export_id = asked(await ask(desk, conversation=personal(ADA)))
    assert await consent(desk, ADA, export_id, "decline") == Say(exports.DECLINED)
    assert desk.files.uploaded == {}


@pytest.mark.parametrize(
    "more",
    [
        {"context": None},
        {"context": "x"},
        {"context": {}},
        {"context": {"export": ["x"]}},
        {"uploadInfo": None},
        {"uploadInfo": "x"},
        {"uploadInfo": {}},
        {"uploadInfo": {"uploadUrl": 7}},
    ],
    ids=str,
)
async def test_a_consent_that_makes_no_sense_is_refused_and_takes_nothing(desk: House, more: dict[str, Any]) -> None:
    export_id = asked(await ask(desk, conversation=personal(ADA)))
    assert isinstance(await consent(desk, ADA, export_id, **more), Refuse)
    assert isinstance(await consent(desk, ADA, export_id), Say)


@pytest.mark.parametrize(
    "problem", [Permanent("The host is not allowed."), OSError("disk full")], ids=["refused", "disk"]
)
async def test_an_upload_that_fails_is_told(desk: House, problem: Exception) -> None:
    desk.files.refuses = problem
    await consent(desk, ADA, asked(await ask(desk, conversation=personal(ADA))))
    assert desk.channel.texts()[-1].startswith("The file could not be saved.")
    assert "disk full" not in desk.channel.texts()[-1]


async def test_a_failure_that_cannot_be_told_breaks_nothing(desk: House) -> None:
    desk.files.refuses = Permanent("no")
    desk.channel.troubles.append(Trouble(Transient("away")))
    assert isinstance(await consent(desk, ADA, asked(await ask(desk, conversation=personal(ADA)))), Say)


async def test_from_a_channel_it_goes_into_the_askers_own_chat(desk: House) -> None:
    desk.channel.chats[ADA.aad_id] = personal(ADA)
    assert await ask(desk, "export all") == Say(exports.in_personal("the file of 2 alerts"))
    (post,) = desk.channel.posts
    assert post.conversation == personal(ADA).id
    export_id = post.message.attachments[0]["content"]["export"]
    assert isinstance(await consent(desk, ADA, export_id), Say)


async def test_a_personal_chat_that_is_known_is_used(desk: House) -> None:
    await desk.know(personal(ADA))
    assert isinstance(await ask(desk), Say)
    assert desk.channel.posts[0].conversation == personal(ADA).id


@pytest.mark.parametrize(
    "trouble", [None, Trouble(Transient("away")), Trouble(Permanent("no"))], ids=["none", "away", "refused"]
)
async def test_where_there_is_no_such_chat_there_is_a_link(desk: House, trouble: Trouble | None) -> None:
    if trouble is not None:
        await desk.know(personal(GUS))
        desk.channel.troubles.append(trouble)
    reply = await ask(desk, "export all", GUS)
    assert isinstance(reply, ShowCard)
    assert reply.card is not None
    assert f"Northwind=1:{(await desk.audit())[0].hash}" in checked(reply.card).text
    url = str(checked(reply.card).button(exports.DOWNLOAD)["url"])
    assert url.startswith(f"{PUBLIC}/exports/token-")
    found = await desk.exports.by_token(url.rsplit("/", 1)[1])
    assert found is not None
    assert (found.person_id, found.rows) == (GUS.aad_id, 2)


async def test_without_a_public_address_the_way_out_is_told(desk: House) -> None:
    bare = House(desk.store, desk.clock, desk.ids, public_url="")
    assert await ask(bare) == Refuse(exports.NOWHERE, "no_place_for_file")


async def test_who_may_not_read_exports_nothing(house: House) -> None:
    await house.take_in(alert())
    assert await ask(house) == Refuse(texts.NOT_ROUTED, "nothing_here")
    assert await house.audit() == []


async def test_who_somebody_is_must_be_known_before_a_file_is_bound_to_them(desk: House) -> None:
    desk.channel.roster_away = Transient("away")
    assert await ask(desk) == Refuse(texts.COULD_NOT_CHECK, "try_again")


async def test_a_button_exports_what_the_list_shows(desk: House) -> None:
    reply = await desk.desk.turn(pressed(actions.EXPORT_RUN, data={"words": "resolved"}, conversation=personal(ADA)))
    await consent(desk, ADA, asked(reply))
    assert b"two" in desk.files.uploaded[UPLOAD["uploadUrl"]]
    assert desk.files.uploaded[UPLOAD["uploadUrl"]].count(b"\r\n") == 2


async def test_nothing_of_another_partner_is_in_the_file(desk: House) -> None:
    await consent(desk, ADA, asked(await ask(desk, "export all partner:fabrikam", conversation=personal(ADA))))
    assert desk.files.uploaded[UPLOAD["uploadUrl"]].count(b"\r\n") == 1  # the header alone
    assert b"theirs" not in desk.files.uploaded[UPLOAD["uploadUrl"]]


async def test_an_admin_agent_gets_the_whole_audit_trail(desk: House) -> None:
    reply = await ask(desk, "export AUDIT", conversation=personal(ADA))
    assert isinstance(reply, Attach)
    assert reply.attachment["name"] == "audit-northwind-20260301.jsonl"
    assert "audit trail of Northwind (1 row so far)" in reply.attachment["content"]["description"]
    answer = await consent(desk, ADA, asked(reply))
    *lines, last = desk.files.uploaded[UPLOAD["uploadUrl"]].splitlines()
    rows = await desk.audit()
    assert [read_row(NORTHWIND, line) for line in lines] == rows
    assert read_head(last) == Head(NORTHWIND, 2, rows[-1].hash)
    assert await desk.audited() == [("export audit", "asked", "Ada"), ("export audit", "done", "")]
    assert isinstance(answer, Say)
    assert f"the audit trail of Northwind, the head of the audit trail: Northwind=2:{rows[-1].hash}" in answer.text


@pytest.mark.parametrize("someone", [NORA, GIL], ids=["reader", "global administrator"])
async def test_a_reader_gets_no_audit_trail_and_that_is_on_record(desk: House, someone: Person) -> None:
    desk.channel.join(personal(someone), someone, NORTHWIND)
    for more in ({}, {"conversation": personal(someone)}):
        reply = await ask(desk, "export audit", someone, **more)
        assert isinstance(reply, Refuse)
        assert "to export the audit trail or an evidence pack you need the role Admin Agent" in reply.text
    denied = [row.entry for row in await desk.audit()]
    assert [(each.act, each.outcome, each.actor_name) for each in denied] == [
        ("export audit", "denied", someone.name)
    ] * 2
    assert denied[0].subject == "audit trail"


async def test_roles_are_asked_live_for_the_audit_trail(desk: House) -> None:
    assert isinstance(await ask(desk, "export audit", conversation=personal(ADA)), Attach)
    desk.directory.grant(NORTHWIND, ADA)
    assert isinstance(await ask(desk, "export audit", conversation=personal(ADA)), Refuse)


async def test_where_several_partners_are_read_one_is_named(desk: House) -> None:
    await desk.route(FABRIKAM)
    reply = await ask(desk, "export audit")
    assert isinstance(reply, Refuse)
    assert "Fabrikam or Northwind" in reply.text
    desk.channel.chats[ADA.aad_id] = personal(ADA)
    assert await ask(desk, "export audit partner:Northwind") == Say(exports.in_personal("the audit trail of Northwind"))
    assert isinstance(await ask(desk, "export audit partner:fabrikam"), Refuse)
    assert await desk.audited(FABRIKAM) == [("export audit", "denied", "Ada")]
    assert isinstance(await ask(desk, "export audit severity:high"), Refuse)


async def test_the_link_to_an_audit_trail_tells_its_head(desk: House) -> None:
    reply = await ask(desk, "export audit")
    assert isinstance(reply, ShowCard)
    assert reply.card is not None
    (row,) = await desk.audit()
    card = checked(reply.card)
    assert f"Northwind=1:{row.hash}" in card.text
    found = await desk.exports.by_token(str(card.button(exports.DOWNLOAD)["url"]).rsplit("/", 1)[1])
    assert found is not None
    assert found.kind == "audit"


async def test_a_partner_that_is_no_longer_set_up_still_gets_what_was_asked_for(desk: House) -> None:
    export_id = asked(await ask(desk, "export audit", conversation=personal(ADA)))
    later = House(desk.store, desk.clock, desk.ids)
    later.env.partners.pop(NORTHWIND)  # type: ignore[attr-defined]
    assert isinstance(await consent(later, ADA, export_id), Say)
    assert read_head(later.files.uploaded[UPLOAD["uploadUrl"]].splitlines()[-1]).partner == NORTHWIND
