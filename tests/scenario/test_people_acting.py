"""ACT_AS=user: a press is the person's own write, silently signed in with Teams' token, once; any other token is
refused and on record."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest

from bot.domain.audit import AuditRow
from bot.sandbox import entra_grants
from bot.sandbox import tokens as sandbox_tokens
from bot.sandbox.cloud import Cloud
from bot.sandbox.entra_state import SignIn
from tests.support.desk import Desk, running_desk
from tests.support.signing import again, exchange, grants, press, refused_sign_ins, sso

FABRIKAM = "fabrikam"


def calls(desk: Desk, since: int) -> list[tuple[str, str]]:
    """What Graph was asked: method and last part of the path."""
    return [(entry.method, entry.path.rsplit("/", 1)[-1]) for entry in desk.requests("graph", since=since)]


async def test_the_first_press_signs_in_silently_and_the_second_asks_nobody(people: Desk) -> None:
    alert, post = await people.posted()
    ada = people.cloud.world.people["ada"]
    before = people.mark()
    asked = await people.press("ada", post, "Mark as fraud")
    assert (asked.status, asked.kind, asked.body["statusCode"]) == (200, "login", 401)
    resource = asked.body["value"]["tokenExchangeResource"]
    assert resource["uri"] == people.cloud.entra.sso_resource
    assert calls(people, before) == []
    assert grants(people, before) == []

    answer = await again(people, "ada", post, "Mark as fraud", asked, token=await sso(people, "ada"))
    assert "Fraud by Ada Lindqvist" in answer.text
    assert grants(people, before) == ["obo"]
    assert calls(people, before) == [
        ("POST", "checkMemberObjects"),
        ("GET", alert["id"]),
        ("PATCH", alert["id"]),
        ("GET", alert["id"]),
    ]
    assert people.requests("graph", "POST", since=before)[0].path.endswith("/me/checkMemberObjects")
    assert [deed["by"] for deed in people.deeds()] == [ada.upn]
    assert people.at_partner_center(alert)["resolvedBy"] == ada.upn
    await people.deliver()
    assert await people.lines(post, person="nora") == [f"Ada Lindqvist marked {post.card.label} as fraud."]

    other, next_post = await people.posted()
    before = people.mark()
    answer = await people.press("ada", next_post, "Mark legitimate")
    assert "Legitimate by Ada Lindqvist" in answer.text
    assert people.requests("entra", since=before) == []
    assert people.at_partner_center(other)["resolvedBy"] == ada.upn


async def test_what_the_application_reads_it_reads_as_itself(people: Desk) -> None:
    """No one's token is used for what nobody asked."""
    before = people.mark()
    await people.posted()
    assert grants(people, before) == []


async def test_everyone_acts_as_themselves(people: Desk) -> None:
    world = people.cloud.world.people
    (first, first_post), (second, second_post) = await people.posted(), await people.posted()
    assert (await press(people, "ada", first_post, "Investigate")).kind == "card"
    assert (await press(people, "max", second_post, "Ignore")).kind == "card"
    assert (await press(people, "max", first_post, "Mark legitimate")).kind == "card"
    assert [(deed["id"], deed["by"]) for deed in people.deeds()] == [
        (first["id"], world["ada"].upn),
        (second["id"], world["max"].upn),
        (first["id"], world["max"].upn),
    ]


async def test_who_lacks_the_role_is_refused_with_their_own_token(people: Desk) -> None:
    _, post = await people.posted()
    for person in ("nora", "gil"):
        answer = await press(people, person, post, "Mark as fraud")
        assert (answer.kind, answer.code) == ("error", "lacks_role")
    assert people.deeds() == []
    assert [denial(row) for row in await people.audit() if row.entry.outcome == "denied"] == [
        "Nora Meyer mark",
        "Gil Tanaka mark",
    ]


def denial(row: AuditRow) -> str:
    return f"{row.entry.actor_name} {row.entry.act}"


async def test_another_replica_acts_without_asking_again(tmp_path: Path, postgres_url: str) -> None:
    async with running_desk(tmp_path, database_url=postgres_url, history=0, act_as="user") as desk:
        _, first = await desk.posted()
        alert, second = await desk.posted()
        assert (await press(desk, "ada", first, "Mark as fraud")).kind == "card"
        await desk.another()
        before = desk.mark()
        answer = await desk.press("ada", second, "Mark as fraud")
        assert "Fraud by Ada Lindqvist" in answer.text
        assert grants(desk, before) == []
        assert desk.at_partner_center(alert)["resolvedBy"] == desk.cloud.world.people["ada"].upn


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"person": "max"}, "assertion_person"),
    ({"tenantId": FABRIKAM}, "assertion_person"),
    ({"audience": "other"}, "assertion_audience"),
    ({"audience": "https://graph.microsoft.com"}, "assertion_audience"),
    ({"lifetime": -900}, "assertion_expired"),
    ({"lifetime": -60}, "AADSTS500133"),
    ({"forged": True}, "AADSTS50013"),
)


async def test_a_token_that_will_not_do_is_refused_and_on_record(people: Desk) -> None:
    alert, post = await people.posted()
    codes = []
    for wrong, code in WRONG:
        spoilt = {"person": "ada", **wrong}
        if "tenantId" in spoilt:
            spoilt["tenantId"] = people.partner(FABRIKAM).tenant_id
        asked = await people.press("ada", post, "Mark as fraud")
        assert asked.kind == "login", (wrong, asked.text)
        answer = await again(people, "ada", post, "Mark as fraud", asked, token=await sso(people, **spoilt))
        assert (answer.kind, answer.code) == ("error", code), wrong
        assert "nothing was" in answer.text, wrong
        codes.append(code)
    for junk in ("x", "a.b.c", "x" * 10_000):
        asked = await people.press("ada", post, "Mark as fraud")
        answer = await again(people, "ada", post, "Mark as fraud", asked, token=junk)
        assert (answer.kind, answer.code) == ("error", "assertion_unreadable"), junk[:10]
        codes.append("assertion_unreadable")
    assert await refused_sign_ins(people) == [("Ada Lindqvist", code) for code in codes]
    assert people.deeds() == []
    assert people.requests("graph", "PATCH") == []
    assert (await press(people, "ada", post, "Mark as fraud")).kind == "card", "none of them did any harm"
    assert people.at_partner_center(alert)["status"] == "resolved"


@pytest.mark.parametrize("wrong", ["person", "tenant", "application"])
async def test_whose_the_result_is_counts_and_not_what_was_sent(
    people: Desk, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    """Entra is asked with ada's token and gives one of somebody else."""
    _, post = await people.posted()
    max_, elsewhere = people.cloud.world.people["max"], people.partner(FABRIKAM).tenant_id
    issued = entra_grants._id_token

    def of_another_tenant(cloud: Cloud, sign_in: SignIn) -> str:
        return issued(cloud, replace(sign_in, tenant_id=elsewhere))

    def of_another_application(cloud: Cloud, sign_in: SignIn) -> str:
        claims = jwt.decode(issued(cloud, sign_in), options={"verify_signature": False})
        return sandbox_tokens.sign({**claims, "aud": str(uuid.uuid4())}, cloud.keys.entra.current)

    with monkeypatch.context() as changed:
        if wrong == "person":
            changed.setattr(people.cloud.entra, "person_of", lambda _: max_)
        else:
            other = of_another_tenant if wrong == "tenant" else of_another_application
            changed.setattr(entra_grants, "_id_token", other)
        answer = await press(people, "ada", post, "Mark as fraud")
    assert (answer.kind, answer.code) == ("error", "other_person")
    assert await refused_sign_ins(people) == [("Ada Lindqvist", "other_person")]
    assert people.deeds() == []
    assert (await people.press("ada", post, "Mark as fraud")).kind == "login", "nothing was kept"


async def test_a_press_that_is_redelivered_acts_once(people: Desk) -> None:
    _, post = await people.posted()
    answer = await press(people, "ada", post, "Mark as fraud")
    activity = people.requests("bot")[-1].body
    assert activity["value"]["authentication"]["token"] == "<secret>"
    activity["value"]["authentication"]["token"] = await sso(people, "ada")
    assert await people.raw(activity) == (200, answer.body)
    assert len(people.requests("graph", "PATCH")) == 1


async def test_a_token_brings_no_one_elses_press(people: Desk) -> None:
    """max's press with ada's token is not ada's act, nor max's, also after both have signed in."""
    _, first = await people.posted()
    _, second = await people.posted()
    await press(people, "ada", first, "Mark as fraud")
    await press(people, "max", first, "Mark legitimate")
    deeds = len(people.deeds())
    asked = {"id": "x", "connectionName": "alertdesk", "token": await sso(people, "ada")}
    answer = await people.press("max", second, "Mark as fraud", authentication=asked)
    assert (answer.kind, answer.code) == ("error", "assertion_person")
    assert len(people.deeds()) == deeds


async def test_an_exchange_that_nothing_waits_for_does_nothing(people: Desk) -> None:
    _, post = await people.posted()
    card = await people.ask("ada", f"mark {post.card.label} fraud", "ada")
    for wrong, status in (("", 400), ("unknown", 200)):
        answer = await people.client(
            "signin", person="ada", conversationId=card.where, messageId=card.id, exchangeId=wrong
        )
        assert answer["status"] == status, wrong
    assert people.deeds() == []
    assert (await exchange(people, "ada", card))[0] == 200
    assert len(people.deeds()) == 1
