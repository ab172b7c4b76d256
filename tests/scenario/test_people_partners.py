"""Several partners in one bot: people's own tokens for the tenant at home, the bot's for the others; and settings that
cannot work are refused at start."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path

import pytest

from bot.texts import identity, signing_in
from tests.support.desk import Desk
from tests.support.program import run
from tests.support.signing import grants, press

BOTH = ("northwind", "fabrikam")


@pytest.fixture
async def mixed(people: Desk) -> Desk:
    """The shared channel gets the alerts of both partners."""
    await people.lifecycle("addMember", "joint", person="fay")
    for person in ("ada", "fay"):
        typed = await people.ask(person, "subscribe", "joint")
        if typed.has_card and signing_in.GO_ON_AS_ME in typed.card.buttons:
            await press(people, person, typed, signing_in.GO_ON_AS_ME)
    await people.deliver()
    return people


async def test_a_channel_that_mixes_partners_shows_which_is_which_and_who_acts_how(mixed: Desk) -> None:
    world = mixed.cloud.world
    ours, ours_post = await mixed.posted(where="joint")
    theirs, theirs_post = await mixed.posted("fabrikam", where="joint")
    assert "Northwind Cloud" in ours_post.card.text
    assert "Fabrikam Distribution" in theirs_post.card.text
    listed = (await mixed.ask("ada", "show unresolved since:1h", "joint")).text
    assert "Northwind Cloud" in listed
    assert "Fabrikam Distribution" in listed

    before = mixed.mark()
    for person, post in (("fay", ours_post), ("ada", theirs_post), ("eve", ours_post), ("eve", theirs_post)):
        answer = await mixed.press(person, post, "Mark as fraud")
        assert (answer.kind, answer.code) == ("error", "other_tenant"), person
    assert mixed.deeds() == []
    assert grants(mixed, before) == []

    assert "Fraud by Ada Lindqvist" in (await mixed.press("ada", ours_post, "Mark as fraud")).text
    answer = await mixed.press("fay", theirs_post, "Mark as fraud")
    assert "Fraud by Fay Moreau" in answer.text
    assert grants(mixed, before) == [], "fay is asked for no token"
    assert [deed["by"] for deed in mixed.deeds()] == [world.people["ada"].upn, world.app.name]
    assert mixed.at_partner_center(ours)["resolvedBy"] == world.people["ada"].upn
    assert mixed.at_partner_center(theirs, "fabrikam")["resolvedBy"] == world.app.name
    done = [row.entry for row in await mixed.audit("fabrikam") if row.entry.outcome == "done"]
    assert [(entry.actor_name, entry.actor_id) for entry in done if "fraud" in entry.act] == [
        ("Fay Moreau", world.people["fay"].aad_object_id)
    ], "the clicker is on record"


async def test_each_is_told_of_their_own_partner(mixed: Desk) -> None:
    hers = (await mixed.ask("ada", "whoami", "joint")).text
    assert "For Northwind Cloud I act as you" in hers
    assert "Fabrikam" not in hers
    other = (await mixed.ask("fay", "whoami", "joint")).text
    assert "For Fabrikam Distribution I write with my own identity" in other
    assert "Northwind" not in other
    assert (await mixed.ask("fay", "signout", "joint")).text == identity.SIGNOUT_NOTHING


async def test_views_of_a_mixed_channel_are_by_partner(mixed: Desk) -> None:
    _, ours = await mixed.posted(where="joint")
    _, theirs = await mixed.posted("fabrikam", where="joint")
    for person in ("ada", "fay"):
        for post in (ours, theirs):
            await press(mixed, person, post, "Investigate")
    _, ours = await mixed.posted(where="joint")
    _, theirs = await mixed.posted("fabrikam", where="joint")
    sees = {
        (person, name): "alert.fraud" in (await mixed.refresh(person, post)).card.verbs
        for person in ("ada", "fay")
        for name, post in (("ours", ours), ("theirs", theirs))
    }
    assert sees == {("ada", "ours"): True, ("ada", "theirs"): False, ("fay", "ours"): False, ("fay", "theirs"): True}


async def test_the_other_partner_is_served_while_sign_ins_at_home_do_not_work(mixed: Desk) -> None:
    await mixed.switch(conditional_access=True, mfa_required=True)
    _, theirs = await mixed.posted("fabrikam", where="joint")
    assert (await mixed.press("fay", theirs, "Ignore")).kind == "card"


async def test_roles_of_another_tenant_are_asked_there(people: Desk) -> None:
    """`roleTenantId`: Fabrikam's alerts are handled by Northwind's people, whose group is of their own tenant."""
    home = people.partner()
    partners = json.loads(people.settings["ALERTDESK_PARTNERS"])
    for partner in partners:
        if partner["tenantId"] != home.tenant_id:
            partner |= {
                "roleTenantId": home.tenant_id,
                "adminAgentsGroupId": home.admin_agents_group_id,
                "channels": [people.channel().id],
            }
    await people.another(PARTNERS=json.dumps(partners))
    alert, post = await people.posted("fabrikam")
    assert "Fabrikam Distribution" in post.card.text
    assert (await people.press("nora", post, "Mark as fraud")).code == "lacks_role"
    assert (await people.press("ada", post, "Mark as fraud")).kind == "card", "the bot asks and writes as itself"
    assert people.at_partner_center(alert, "fabrikam")["resolvedBy"] == people.cloud.world.app.name
    await people.lifecycle("addMember", "joint", person="fay")
    whoami = (await people.ask("fay", "whoami", "joint")).text
    assert "Fabrikam" not in whoami, "her tenant's people have no say then"


async def test_what_cannot_work_is_refused_at_start(people: Desk, tmp_path: Path) -> None:
    _, post = await people.posted()
    await press(people, "ada", post, "Investigate")  # so that there is a token in the vault
    good = people.settings
    home, other = json.loads(good["ALERTDESK_PARTNERS"])
    if home["tenantId"] != good["ALERTDESK_APP_TENANT_ID"]:
        home, other = other, home
    crossing = [{**home, "roleTenantId": other["tenantId"]}, {**other, "actAs": "user"}]
    without = {
        name: text for name, text in good.items() if name.split("_", 1)[1] not in ("PUBLIC_URL", "ENCRYPTION_KEY")
    }
    readers = json.dumps([{**home, "actAs": "app"}, {**other, "reader": "delegated"}])
    another_key = base64.b64encode(bytes(32)).decode()
    cases: list[tuple[dict[str, str], tuple[str, ...]]] = [
        (
            {**good, "ALERTDESK_PARTNERS": json.dumps(crossing)},
            ("Fabrikam Distribution", "cannot cross tenants", '"actAs":"app"', "Northwind Cloud", "roleTenantId"),
        ),
        (without, ("PUBLIC_URL", "ENCRYPTION_KEY")),
        (
            {**without, "ALERTDESK_PUBLIC_URL": good["ALERTDESK_PUBLIC_URL"], "ALERTDESK_PARTNERS": readers},
            ("ENCRYPTION_KEY", "Fabrikam Distribution"),
        ),
        (
            {**good, "ALERTDESK_ENCRYPTION_KEY": another_key, "ALERTDESK_PORT": "0"},
            ("ENCRYPTION_KEY", "key id", "1 token"),
        ),
    ]
    results = await asyncio.gather(*(run(["serve"], settings, tmp_path) for settings, _ in cases))
    for (settings, told), (code, _, said) in zip(cases, results, strict=True):
        assert code == 2, said
        for part in told:
            assert part in said, (part, said)
        assert "Traceback" not in said
        assert good["ALERTDESK_APP_SECRET"] not in said
        assert settings.get("ALERTDESK_ENCRYPTION_KEY", "none at all") not in said
