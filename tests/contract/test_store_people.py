"""ports.Conversations, People, Names and Syncs on both databases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Table, select

from bot.domain.alerts import AlertKey
from bot.domain.people import Conversation, ConversationKind, ConversationState, Person, Roles, Route
from bot.ports import SyncState
from bot.store import SqlStore
from bot.store.tables import people, people_roles, people_seen
from tests.contract.store_samples import CONTOSO, FABRIKAM, NOW, a_conversation, add_alerts, an_alert, at

ADA = Person("ada-id", "29:ada", "Ada", CONTOSO, "ada@contoso.example")


async def rows(store: SqlStore, table: Table) -> list[dict[str, Any]]:
    async with store._engines.reader.connect() as connection:
        return [dict(row) for row in (await connection.execute(select(table))).mappings()]


async def test_a_conversation_comes_back_as_it_was_put_last(store: SqlStore) -> None:
    first = a_conversation()
    second = replace(first, name="Renamed", service_url="https://smba.example/amer", state=ConversationState.ARCHIVED)
    async with store.write() as tx:
        assert await tx.conversations.get("channel-1") is None
        await tx.conversations.put(first)
        assert await tx.conversations.get("channel-1") == first
        await tx.conversations.put(second)
        assert await tx.conversations.get("channel-1") == second
        await tx.conversations.set_state("channel-1", ConversationState.ACTIVE)
        await tx.conversations.set_state("nope", ConversationState.ACTIVE)
        assert await tx.conversations.get("channel-1") == replace(second, state=ConversationState.ACTIVE)
        assert await tx.conversations.get("nope") is None


async def test_conversations_of_a_team(store: SqlStore) -> None:
    one, two, other = a_conversation("c1"), a_conversation("c2"), a_conversation("c3", team_id="team-2")
    personal = a_conversation("p", team_id="", kind=ConversationKind.PERSONAL, person_id="ada-id")
    async with store.write() as tx:
        for conversation in (two, one, other, personal):
            await tx.conversations.put(conversation)
        assert await tx.conversations.of_team("team-1") == (one, two)
        assert await tx.conversations.of_team("team-9") == ()
        assert await tx.conversations.of_team("") == ()


async def test_a_persons_own_chat_is_an_active_one_where_there_is_one(store: SqlStore) -> None:
    def chat(conversation_id: str, **changes: Any) -> Conversation:
        values = {"kind": ConversationKind.PERSONAL, "person_id": "ada-id"} | changes
        return a_conversation(conversation_id, **values)

    async with store.write() as tx:
        await tx.conversations.put(chat("group", kind=ConversationKind.GROUP_CHAT))
        await tx.conversations.put(a_conversation("channel"))
        assert await tx.conversations.personal_of("ada-id") is None
        assert await tx.conversations.personal_of("") is None
        gone = chat("a-gone", state=ConversationState.REMOVED)
        await tx.conversations.put(gone)
        assert await tx.conversations.personal_of("ada-id") == gone
        await tx.conversations.put(chat("b-here"))
        assert await tx.conversations.personal_of("ada-id") == chat("b-here")
        assert await tx.conversations.personal_of("bo-id") is None


async def test_routes_by_conversation_and_partner(store: SqlStore) -> None:
    one = Route("c1", CONTOSO, True, 'severity:high customer:"A"', "ada-id", "Ada", True)
    two, three = Route("c1", FABRIKAM, False), Route("c2", CONTOSO, True)
    async with store.write() as tx:
        for route in (three, two, replace(one, on=False, filter="", summarised=False), one):
            await tx.conversations.put_route(route)
        assert await tx.conversations.routes() == (one, two, three)
        assert await tx.conversations.routes("c1") == (one, two)
        assert await tx.conversations.routes(partner=CONTOSO) == (one, three)
        assert await tx.conversations.routes("c1", FABRIKAM) == (two,)
        assert await tx.conversations.routes("c3") == ()


async def test_a_person_is_found_by_either_id_and_known_facts_are_not_wiped_out(store: SqlStore) -> None:
    async with store.write() as tx:
        assert await tx.people.get("ada-id") is None
        assert await tx.people.get("") is None
        await tx.people.seen(ADA, "c1", NOW)
        await tx.people.seen(Person("", "29:guest", "Guest"), "c1", NOW)
        assert await tx.people.get("ada-id") == ADA
        assert await tx.people.get("29:ada") == ADA
        assert await tx.people.get("29:guest") == Person("", "29:guest", "Guest")
        await tx.people.seen(Person("ada-id", "29:ada", "Ada Lovelace"), "c2", at(1))
        await tx.people.seen(Person("ada-id", "29:ada", "Ada Lovelace"), "c1", at(2))
        assert await tx.people.get("ada-id") == replace(ADA, name="Ada Lovelace")
    seen = {(row["person_id"], row["conversation_id"]): row["seen_at"] for row in await rows(store, people_seen)}
    assert seen == {("ada-id", "c1"): at(2), ("ada-id", "c2"): at(1), ("29:guest", "c1"): NOW}


async def test_the_last_roles_of_a_person_are_remembered_by_partner(store: SqlStore) -> None:
    async with store.write() as tx:
        await tx.people.remember_roles("ada-id", CONTOSO, Roles(admin_agent=True), NOW)
        await tx.people.remember_roles("ada-id", FABRIKAM, Roles(global_administrator=True), NOW)
        await tx.people.remember_roles("ada-id", CONTOSO, Roles(), at(1))
    remembered = {
        row["partner"]: (row["admin_agent"], row["global_administrator"], row["checked_at"])
        for row in await rows(store, people_roles)
    }
    assert remembered == {CONTOSO: (False, False, at(1)), FABRIKAM: (False, True, NOW)}


async def test_names_learnt_are_known_and_changes_are_told(store: SqlStore) -> None:
    async with store.write() as tx:
        assert await tx.names.known(CONTOSO, ["a", "b"]) == {}
        assert await tx.names.learn(CONTOSO, {"A": "Adatum", "b": ""}, NOW) == {"A"}  # b looks as it did before
        assert await tx.names.learn(CONTOSO, {"a": "Adatum", "b": ""}, at(1)) == frozenset()
        assert await tx.names.learn(CONTOSO, {"a": "Adatum Ltd", "b": "Bellows"}, at(2)) == {"a", "b"}
        assert await tx.names.learn(CONTOSO, {"b": ""}, at(3)) == {"b"}
        assert await tx.names.learn(CONTOSO, {}, at(3)) == frozenset()
        assert await tx.names.known(CONTOSO, ["A", "b", "c"]) == {"A": ("Adatum Ltd", at(2)), "b": ("", at(3))}
        assert await tx.names.known(FABRIKAM, ["a"]) == {}


async def test_many_names_at_once(store: SqlStore) -> None:
    names = {f"tenant-{n}": f"Name {n}" for n in range(1203)}
    async with store.write() as tx:
        assert await tx.names.learn(CONTOSO, names, NOW) == set(names)
        known = await tx.names.known(CONTOSO, names)
    assert {tenant: name for tenant, (name, _) in known.items()} == names


async def test_open_alerts_of_customers_and_resellers(store: SqlStore) -> None:
    await add_alerts(
        store,
        an_alert("as-customer", customer_tenant_id="T1"),
        an_alert("as-reseller", customer_tenant_id="x", reseller_tenant_id="t2"),
        an_alert("both", customer_tenant_id="t1", reseller_tenant_id="t2"),
        an_alert("closed", customer_tenant_id="t1", status="resolved"),
        an_alert("other", customer_tenant_id="t3"),
        an_alert("theirs", customer_tenant_id="t1", partner=FABRIKAM),
    )
    async with store.read() as tx:
        found = await tx.names.alerts_of(CONTOSO, ["t1", "T2", ""])
        nobodys = await tx.names.alerts_of(CONTOSO, [""])
    assert found == {AlertKey(CONTOSO, name) for name in ("as-customer", "as-reseller", "both")}
    assert nobodys == frozenset()


@pytest.mark.parametrize("state", [SyncState(CONTOSO, True, NOW, at(1), "x"), SyncState(CONTOSO)])
async def test_how_far_a_sync_has_come(store: SqlStore, state: SyncState) -> None:
    async with store.write() as tx:
        assert await tx.syncs.get(CONTOSO) == SyncState(CONTOSO)
        await tx.syncs.put(SyncState(CONTOSO, False, at(5), None, "busy"))
        await tx.syncs.put(state)
        assert await tx.syncs.get(CONTOSO) == state
        assert await tx.syncs.get(FABRIKAM) == SyncState(FABRIKAM)


def someone(number: int) -> Person:
    return Person(f"id-{number}", f"29:{number}", f"P{number}", CONTOSO)


async def test_who_only_stands_on_the_roster_comes_after_all_who_were_heard(store: SqlStore) -> None:
    async with store.write() as tx:
        await tx.people.seen(someone(9), "c1", NOW)
        await tx.people.seen(someone(8), "c1", at(5))
        await tx.people.stand([someone(2), someone(1), someone(9)], "c1")
    async with store.read() as tx:
        assert await tx.people.responders("c1", 60) == ("29:8", "29:9", "29:1", "29:2")
        assert await tx.people.responders("c1", 3) == ("29:8", "29:9", "29:1")
        assert await tx.people.there("c1") == {"id-1", "id-2", "id-8", "id-9"}
        assert await tx.people.there("c2") == frozenset()
    async with store.write() as tx:
        await tx.people.seen(someone(2), "c1", at(7))
        await tx.people.stand([someone(2)], "c1")
        assert (await tx.people.responders("c1", 60))[0] == "29:2"


async def test_who_left_is_forgotten_there_and_nowhere_else(store: SqlStore) -> None:
    async with store.write() as tx:
        await tx.people.seen(someone(1), "c1", NOW)
        await tx.people.seen(someone(1), "c2", NOW)
        await tx.people.stand([someone(2), someone(3), Person("", "29:4", "No id")], "c1")
        assert await tx.people.left(["29:1"], "c1") == 1, "by MRI"
        assert await tx.people.left(["id-2", "29:2", "29:4"], "c1") == 2, "by either, and without an object id"
        assert await tx.people.left(["nobody"], "c1") == 0
        assert await tx.people.left([], "c1") == 0
        assert await tx.people.there("c1") == {"id-3"}
        assert await tx.people.there("c2") == {"id-1"}
        assert await tx.people.get("id-1") == someone(1), "who they are is still known"


async def test_a_roster_teaches_names_and_takes_no_time_back(store: SqlStore) -> None:
    async with store.write() as tx:
        await tx.people.seen(Person("id-1", "29:old", "Old"), "c1", NOW)
        await tx.people.stand([Person("id-1", "29:1", "New", CONTOSO, "new@contoso.example")], "c2")
        assert await tx.people.get("id-1") == Person("id-1", "29:1", "New", CONTOSO, "new@contoso.example")
    kept = {row["id"]: row["seen_at"] for row in await rows(store, people)}
    assert kept["id-1"] == NOW


async def test_holders_are_those_who_held_both_roles_when_last_looked_at(store: SqlStore) -> None:
    both = Roles(admin_agent=True, global_administrator=True)
    bo, cy, di = (Person(f"{name}-id", f"29:{name}", name.title(), CONTOSO) for name in ("bo", "cy", "di"))
    async with store.write() as tx:
        for person in (ADA, bo, cy, di):
            await tx.people.seen(person, "c1", NOW)
        await tx.people.remember_roles("ada-id", CONTOSO, both, NOW)
        await tx.people.remember_roles("bo-id", CONTOSO, both, at(1))
        await tx.people.remember_roles("cy-id", CONTOSO, both, at(2))
        await tx.people.remember_roles("cy-id", CONTOSO, Roles(admin_agent=True), at(3))
        await tx.people.remember_roles("di-id", FABRIKAM, both, at(4))
        await tx.people.remember_roles("never-seen", CONTOSO, both, at(5))
        assert await tx.people.holders(CONTOSO, 10) == (bo, ADA)
        assert await tx.people.holders(CONTOSO, 1) == (bo,)
        assert await tx.people.holders(FABRIKAM, 10) == (di,)
        assert await tx.people.holders("nobody", 10) == ()
