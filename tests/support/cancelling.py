"""Asking, deciding and watching as people do it, for scenarios: a request about a subscription that nothing else
in the world is about, from the dialog to the cards of those who decide."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.cancellations import Cancellation
from bot.sandbox.world import Entitlement
from tests.support.desk import Desk
from tests.support.seen import Answer, Card, Post
from tests.support.signing import sso

REASON = "Miners on every machine"
REJECTED = "The customer is testing this"
MOST_STEPS = 200


@dataclass(frozen=True)
class Subject:
    """A subscription and the one alert about it."""

    alert: Mapping[str, Any]
    post: Post
    entitlement: Entitlement

    @property
    def label(self) -> str:
        return self.post.card.label

    @property
    def suffix(self) -> str:
        return self.entitlement.id[-6:]


@dataclass(frozen=True)
class Asked:
    """A request: `told` is what who asked was told, `plan` how it stood when everybody had been called."""

    subject: Subject
    number: int
    told: str
    plan: Cancellation

    @property
    def label(self) -> str:
        return f"R-{self.number}"


async def signed_in(desk: Desk, *people: str, **token: Any) -> None:
    """They have signed in to the bot in their personal chats; `token` as of client_signin.sso_token."""
    for person in people:
        chat = desk.personal(person)
        if not chat.installed:
            await desk.say(person, "help", person)
        answer = await desk.client(
            "signin", person=person, conversationId=chat.id, exchangeId="any", token=await sso(desk, person, **token)
        )
        assert answer["status"] == 200, answer


def unused(desk: Desk, key: str = "northwind", *, status: str = "active", plans: int = 1) -> Entitlement:
    """An Azure subscription that no alert is about, whose customer has so many Azure plans."""
    world = desk.cloud.world
    tenant = world.partner(key).tenant_id
    used = {alert["subscriptionId"] for alert in world.alerts[tenant].values()}
    customers = {customer.tenant_id for customer in world.customers_of(tenant)}
    return next(
        each
        for each in world.entitlements.values()
        if each.customer_tenant_id in customers
        and each.id not in used
        and each.status(desk.cloud.now()) == status
        and sum(plan.azure for plan in world.plans_of(each.customer_tenant_id)) == plans
    )


async def subject(
    desk: Desk, key: str = "northwind", where: str = "alerts", *, status: str = "active", plans: int = 1, **fields: Any
) -> Subject:
    """A new alert about such a subscription, and its card."""
    found = unused(desk, key, status=status, plans=plans)
    alert, post = await desk.posted(key, where, subscriptionId=found.id, **fields)
    return Subject(alert, post, found)


async def also(desk: Desk, about: Subject, **fields: Any) -> tuple[dict[str, Any], Post]:
    """One more alert about the same subscription."""
    return await desk.posted(subscriptionId=about.entitlement.id, **fields)


def filled(about: Subject, **changes: str) -> dict[str, str]:
    """The form's fields, well filled in unless said otherwise."""
    return {"reason": REASON, "consent": "agreed", "consent_note": "", "confirm": about.suffix} | changes


async def ask(desk: Desk, about: Subject, person: str = "ada", **changes: str) -> Asked:
    """Ask in the dialog; the approvers are called and all cards are there."""
    opened = await desk.open_dialog(person, about.post, "Cancel subscription")
    sent = await desk.send_dialog(person, about.post, opened, **filled(about, **changes))
    assert (sent.status, sent.kind) == (200, "message"), sent.body
    return await asked(desk, about, sent.text)


async def requested(desk: Desk, **more: Any) -> Asked:
    """ada asks, and is signed in; nobody else is."""
    await signed_in(desk, "ada")
    return await ask(desk, await subject(desk, **more))


async def open_form(desk: Desk, person: str, post: Post, alert: int, verb: str = "subscription.cancel") -> Answer:
    """Open the form as a button would that stood on the post, and perhaps does no more."""
    data = {"verb": verb, "alert": alert, "msteams": {"type": "task/fetch"}}
    answer = await desk.client("submit", person=person, conversationId=post.where, messageId=post.id, data=data)
    return Answer(answer["status"], answer["body"], 0.0)


async def asked(desk: Desk, about: Subject, told: str) -> Asked:
    """What was asked for just now."""
    assert told.startswith("R-"), told
    number = int(told.split()[0].removeprefix("R-"))
    await desk.deliver()
    return Asked(about, number, told, await now(desk, number))


async def nothing_sent(desk: Desk, request: Asked, state: str) -> None:
    """It stands like that, and neither its subscription nor its alert was changed by us."""
    assert (await now(desk, request)).state == state
    assert sent(desk) == []
    assert changes(desk) == []
    assert desk.deeds() == []


async def newest(desk: Desk) -> Cancellation | None:
    async with desk.parts.store.read() as tx:
        found = await tx.cancellations.latest(frozenset(desk.parts.env.partners), 1)
    return found[0] if found else None


async def now(desk: Desk, request: Asked | int) -> Cancellation:
    """The request as it stands in the store."""
    async with desk.parts.store.read() as tx:
        found = await tx.cancellations.get(request if isinstance(request, int) else request.number)
    assert found is not None
    return found


async def pass_time(desk: Desk, seconds: float) -> None:
    """For the bot and the cloud alike: tokens run out, and what was accepted there is done in the end."""
    desk.clock.forward(seconds)
    await desk.control("clock", {"now": desk.clock.now().isoformat()})


async def tend(desk: Desk, seconds: float = 0.0) -> None:
    """Let time go by, do all that is due then, and deliver."""
    if seconds:
        await pass_time(desk, seconds)
    for _ in range(MOST_STEPS):
        if not await desk.parts.carrying_out.step_due():
            await desk.deliver()
            return
    raise AssertionError("there is always something due")


async def card_of(desk: Desk, request: Asked, where: str = "alerts", person: str = "") -> Post:
    """The one card of the request in that conversation."""
    found = [
        post
        for post in await desk.posts(where, person)
        if post.by_bot and post.has_card and not post.deleted and post.card.text.startswith(f"{request.label} · ")
    ]
    assert len(found) == 1, f"{len(found)} cards of {request.label} in {where}"
    return found[0]


async def said_to(desk: Desk, person: str, about: str) -> list[str]:
    """What the bot wrote to them in person, without cards, that has this text in it."""
    return [
        post.text
        for post in await desk.posts(person, person)
        if post.by_bot and not post.has_card and about in post.text
    ]


async def approve(desk: Desk, request: Asked, person: str = "max", where: str = "", card: Card | None = None) -> Answer:
    """Press Approve in their personal chat, or in the channel."""
    return await desk.press(person, await card_of(desk, request, where or person), "Approve", card=card)


async def reject(desk: Desk, request: Asked, person: str = "max", where: str = "", **fields: str) -> Answer:
    post = await card_of(desk, request, where or person)
    opened = await desk.open_dialog(person, post, "Reject")
    assert opened.kind == "dialog", opened.body
    return await desk.send_dialog(person, post, opened, **fields)


async def fill(desk: Desk, person: str, post: Post, **fields: str) -> list[Post]:
    """Fill in a form that stands in a message, and send it. What the bot says to it."""
    (submit,) = [action for action in post.card.buttons.values() if action["type"] == "Action.Submit"]
    place = desk.cloud.teams.conversation(post.where)
    assert place is not None
    where = desk._name_of(place)
    before = {found.id for found in await desk.posts(where, person)}
    answer = await desk.client(
        "submit", person=person, conversationId=post.where, messageId=post.id, data={**submit["data"], **fields}
    )
    assert answer["status"] in (200, 202), answer
    return [found for found in await desk.posts(where, person) if found.id not in before and found.by_bot]


def sent(desk: Desk, since: int = 0, verb: str = "cancel") -> list[Any]:
    """What went to Partner Center to change a subscription."""
    return [entry for entry in desk.requests("partnercenter", "POST", since=since) if entry.path.endswith(f"/{verb}")]


async def second_approver(desk: Desk) -> None:
    """gil may decide too, and is signed in."""
    await desk.roles("gil", "adminAgent", True)
    world = desk.cloud.world
    world.groups[world.partner("northwind").approvers_group_id].members.append(world.people["gil"].aad_object_id)
    await signed_in(desk, "gil")


def changes(desk: Desk, kind: str = "cancel") -> list[dict[str, Any]]:
    """What Partner Center really did."""
    return [deed for deed in desk.cloud.world.deeds if deed["kind"] == kind]


def request_id(entry: Any) -> str:
    return str({name.lower(): value for name, value in dict(entry.headers).items()}["ms-requestid"])


async def trail(desk: Desk, request: Asked) -> list[tuple[str, str]]:
    """(act, outcome) of the audit rows about the request."""
    return [(row.entry.act, row.entry.outcome) for row in await desk.audit() if row.entry.subject == request.label]


async def with_partner(desk: Desk, key: str = "northwind", **more: Any) -> None:
    """Another bot takes over, for which that partner is set up otherwise."""
    partners = json.loads(desk.settings["ALERTDESK_PARTNERS"])
    for partner in partners:
        if partner["tenantId"] == desk.cloud.world.partner(key).tenant_id:
            partner |= more
    await desk.another(PARTNERS=json.dumps(partners))
