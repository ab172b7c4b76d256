"""Conversations as they are: group chats, shared and private channels, guests and external people."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from bot.texts import en as texts
from bot.texts import identity, signing_in, welcome
from tests.support.desk import Desk
from tests.support.signing import SIGNED_IN, browser, exchange, link, press, refused_sign_ins, sso


async def subscribed(desk: Desk, where: str, person: str = "ada") -> None:
    typed = await desk.ask(person, "subscribe", where)
    if typed.has_card and signing_in.GO_ON_AS_ME in typed.card.buttons:
        await press(desk, person, typed, signing_in.GO_ON_AS_ME)
    await desk.deliver()


async def test_a_group_chat(people: Desk) -> None:
    assert (await people.ask("ada", "show", "chat")).text == texts.NOT_ROUTED
    await subscribed(people, "chat")
    alert, post = await people.posted(where="chat")
    assert (await press(people, "nora", post, "Mark as fraud")).code == "lacks_role"
    assert (await people.press("max", post, "Mark as fraud")).kind == "login"
    answer = await press(people, "max", post, "Mark as fraud")
    assert "Fraud by Max Okafor" in answer.text
    await people.deliver()
    assert "Fraud by Max Okafor" in (await people.card(alert, "chat")).card.text
    assert "Fraud by Max Okafor" in (await people.card(alert, "alerts")).card.text, "the channel has it too"
    typed = await people.ask("nora", f"mark {post.card.label} legitimate", "chat")
    assert not typed.has_card or signing_in.GO_ON_AS_ME not in typed.card.buttons


async def test_a_shared_channel_asks_its_own_roster(people: Desk) -> None:
    await subscribed(people, "joint")
    alert, post = await people.posted(where="joint")
    joint = people.place("joint")
    before = people.mark()
    for _ in range(2):
        assert (await people.ask("eve", f"show {post.card.label}", "joint")).text.count(alert["displayName"])
    answer = await people.press("eve", post, "Mark as fraud")
    assert (answer.kind, answer.code) == ("error", "other_tenant"), "and no sign-in is asked of her"
    asked = [entry.path for entry in people.requests("connector", "GET", since=before) if "/members/" in entry.path]
    assert asked
    assert all(quote(joint.id, safe="") in path for path in asked), "never the team's"
    assert people.requests("entra", since=before) == []
    (denied,) = [row.entry for row in await people.audit() if row.entry.outcome == "denied"]
    assert denied.actor_name == "Eve Novak"
    typed = await people.ask("eve", f"mark {post.card.label} fraud", "joint")
    assert "not of this partner's tenant" in typed.text
    assert "not of this partner's tenant" in (await people.ask("eve", "subscribe", "joint")).text
    assert people.deeds() == []
    assert (await press(people, "ada", post, "Mark as fraud")).kind == "card"
    await people.deliver()
    assert "Fraud by Ada Lindqvist" in (await people.card(alert, "joint", "eve")).card.text


async def test_who_is_external_sees_only_what_is_routed_there(people: Desk) -> None:
    alert, post = await people.posted()
    said = await people.ask("eve", f"show {post.card.label}", "joint")
    assert alert["displayName"] not in said.text
    whoami = (await people.ask("eve", "whoami", "joint")).text
    assert "Eve Novak" in whoami
    assert people.cloud.world.people["eve"].tenant_id in whoami
    assert "Northwind" not in whoami
    assert "Admin Agent" not in whoami.replace(identity.MAY_NOT_DECIDE, "")


async def test_a_private_channel_harms_nothing(people: Desk) -> None:
    """Bots may not post there: whatever is said, nothing is done, nothing fails, and nothing is sent over and over."""
    leads = people.place("leads")
    _, post = await people.posted()
    before = people.mark()
    said = await people.say("max", f"mark {post.card.label} fraud", "leads")
    said += await people.say("max", "help", "leads")
    said += await people.say("max", "subscribe", "leads")
    await people.deliver()
    assert said == [], "Teams takes nothing from a bot there"
    tried = [
        entry for entry in people.requests("connector", "POST", since=before) if quote(leads.id, safe="") in entry.path
    ]
    assert len(tried) <= 3
    assert people.deeds() == []


async def test_who_speaks_in_a_private_channel_is_told_in_person(people: Desk) -> None:
    before = len(await people.posts("max", "max"))
    assert await people.say("max", "subscribe", "leads") == []
    (told,) = (await people.posts("max", "max"))[before:]
    assert told.text == welcome.PRIVATE_CHANNEL
    async with people.parts.store.read() as tx:
        assert await tx.conversations.routes(people.place("leads").id) == (), "nothing would ever arrive there"


async def test_a_guest_has_no_role_that_graph_does_not_report(people: Desk) -> None:
    gus = people.cloud.world.people["gus"]
    alert, post = await people.posted()
    before = people.mark()
    answer = await press(people, "gus", post, "Mark as fraud")
    assert (answer.kind, answer.code) == ("error", "lacks_role")
    assert people.requests("graph", "POST", since=before)[-1].path.endswith("/me/checkMemberObjects")
    assert people.deeds() == []
    whoami = (await people.ask("gus", "whoami")).text
    assert gus.name in whoami
    assert gus.aad_object_id in whoami
    assert identity.roles_in("Northwind Cloud") in whoami
    assert identity.ROLES_NONE in whoami
    said = await people.ask("gus", f"show {post.card.label}", "gus")
    assert alert["displayName"] in said.text, "he is on the roster of the channel"
    assert (await people.press("gus", post, "Details")).kind == "card"


async def test_a_guest_who_is_an_admin_agent_there_decides_as_themselves(people: Desk) -> None:
    gus = people.cloud.world.people["gus"]
    await people.roles("gus", "adminAgent", True)
    alert, post = await people.posted()
    assert (await people.press("gus", post, "Mark as fraud")).kind == "login"
    answer = await press(people, "gus", post, "Mark as fraud")
    assert "Fraud by Gus Delgado" in answer.text
    assert [deed["by"] for deed in people.deeds()] == [gus.directory_upn], "Partner Center itself records him"
    assert "Admin Agent" in (await people.ask("gus", "whoami")).text
    said = await people.ask("gus", f"show {post.card.label}", "gus")
    assert alert["displayName"] in said.text
    await people.ask("gus", "signout")
    assert (await people.press("gus", post, "Ignore")).kind == "login"
    async with people.parts.store.read() as tx:
        assert await tx.vault.get("user", f"{gus.directory}:{gus.aad_object_id}") is None


async def test_a_guest_signs_in_by_a_page_of_the_tenant_where_they_are_a_guest(people: Desk) -> None:
    await people.roles("gus", "adminAgent", True)
    alert, post = await people.posted()
    await people.switch(mfa_required=True)
    answer = await press(people, "gus", post, "Mark as fraud")
    async with browser(people) as tab:
        authorize = (await tab.open(link(answer), until="/authorize")).hops[-1]
        assert f"/{people.cloud.world.people['gus'].directory}/" in authorize
        assert "login_hint" not in authorize, "the name in the host's directory is none to sign in with"
        assert (await tab.open(f"{authorize}&sandbox_person=ada")).status == 403, "another account"
        authorize = (await tab.open(link(answer), until="/authorize")).hops[-1]
        assert SIGNED_IN in (await tab.open(f"{authorize}&sandbox_person=gus")).text
    assert people.at_partner_center(alert)["status"] == "resolved"


async def test_a_guests_token_of_their_home_is_refused(people: Desk) -> None:
    gus = people.cloud.world.people["gus"]
    await people.roles("gus", "adminAgent", True)
    _, post = await people.posted()
    token = await sso(people, "gus", tenantId=gus.tenant_id)
    answer = await press(people, "gus", post, "Mark as fraud", token=token)
    assert answer.kind == "error"
    assert await refused_sign_ins(people) == [("Gus Delgado", "assertion_person")]
    assert people.deeds() == []


@pytest.mark.parametrize("agent", [True, False], ids=["admin-agent", "no-role"])
async def test_a_guests_roles_where_the_bot_acts_as_itself(desk: Desk, agent: bool) -> None:
    gus = desk.cloud.world.people["gus"]
    if agent:
        await desk.roles("gus", "adminAgent", True)
    _, post = await desk.posted()
    before = desk.mark()
    answer = await desk.press("gus", post, "Mark as fraud")
    asked = [entry.path for entry in desk.requests("graph", "POST", since=before)]
    assert asked[0].endswith(f"/users/{gus.aad_object_id}/checkMemberObjects")
    assert (answer.kind, len(desk.deeds())) == (("card", 1) if agent else ("error", 0))
    said = await desk.ask("gus", "subscribe severity:high")
    assert ("role Admin Agent" in said.text) is not agent
    async with desk.parts.store.read() as tx:
        (route,) = await tx.conversations.routes(desk.channel().id)
    assert route.filter == ("severity:high" if agent else "")


async def test_names_identify_nobody(people: Desk) -> None:
    """nora calls herself like ada, whom everybody knows; it is her object id that counts."""
    world = people.cloud.world.people
    world["nora"].__dict__["name"] = world["ada"].name
    _, post = await people.posted()
    await press(people, "ada", post, "Investigate")
    answer = await press(people, "nora", post, "Mark as fraud")
    assert answer.code == "lacks_role"
    (denied,) = [row.entry for row in await people.audit() if row.entry.outcome == "denied"]
    assert denied.actor_id == world["nora"].aad_object_id


async def test_signing_in_from_a_group_chat_by_page(people: Desk) -> None:
    await subscribed(people, "chat", "max")
    alert, post = await people.posted(where="chat")
    await people.switch(mfa_required=True)
    answer = await press(people, "ada", post, "Mark as fraud")
    async with browser(people, "ada") as tab:
        assert SIGNED_IN in (await tab.open(link(answer))).text
    await people.deliver()
    assert "Fraud by Ada Lindqvist" in (await people.card(alert, "chat")).card.text


async def test_in_a_personal_chat_everyone_acts_for_their_own_partner(people: Desk) -> None:
    _, post = await people.posted()
    card = await people.ask("ada", f"investigate {post.card.label}", "ada")
    await exchange(people, "ada", card)
    assert len(people.deeds()) == 1
    assert "no alert" in (await people.ask("fay", f"mark {post.card.label} fraud", "fay")).text
    assert len(people.deeds()) == 1
