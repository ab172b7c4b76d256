"""Who acts during a run: alerts are raised, people press and type, the cloud misbehaves now and then.

What was asked for, and what the bot said to it, is remembered for the count at the end.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bot.sandbox.cloud import Cloud
from tests.soak.ledger import Ledger, Posted, by_verb, card_of, texts

VERDICTS = {"alert.legitimate": "legitimate", "alert.fraud": "fraud", "alert.ignore": "ignore"}
CLIENT_SECONDS = 60.0
AGENTS = {"northwind": ("ada", "max"), "fabrikam": ("fay",)}
APPROVERS = ("max", "gil")
SUFFIX = 6
MOST_FAULTS = 4
FAULTS: tuple[dict[str, Any], ...] = (
    {"service": "connector", "method": "POST", "action": {"status": 429, "retry_after": 1}},
    {"service": "connector", "method": "POST", "action": {"status": 500}},
    {"service": "connector", "method": "POST", "action": {"drop": "after"}},
    {"service": "connector", "method": "POST", "action": {"drop": "before"}},
    {"service": "connector", "method": "PUT", "action": {"status": 429, "retry_after": 2}},
    {"service": "connector", "method": "PUT", "action": {"drop": "after"}},
    {"service": "connector", "method": "PUT", "action": {"status": 502}},
    {"service": "graph", "method": "GET", "match": "securityAlerts", "action": {"status": 503}},
    {"service": "graph", "method": "GET", "match": "securityAlerts", "action": {"drop": "before"}},
    {"service": "graph", "method": "PATCH", "action": {"drop": "after"}},
    {"service": "graph", "method": "PATCH", "action": {"drop": "before"}},
    {"service": "graph", "method": "PATCH", "action": {"status": 500}},
    {"service": "graph", "method": "PATCH", "action": {"status": 429, "retry_after": 1}},
    {"service": "graph", "match": "checkMemberObjects", "action": {"status": 429, "retry_after": 1}},
    {"service": "partnercenter", "method": "POST", "match": "/cancel", "action": {"drop": "after"}},
    {"service": "partnercenter", "method": "POST", "match": "/cancel", "action": {"drop": "before"}},
    {"service": "partnercenter", "method": "POST", "match": "/cancel", "action": {"status": 500}},
    {"service": "partnercenter", "method": "GET", "action": {"status": 429, "retry_after": 1}},
    {"service": "entra", "method": "POST", "action": {"status": 500}},
)


@dataclass
class Raised:
    """An alert of this run. `pressed` are the verdicts that somebody asked for, `taken` those to which the bot said
    that it does so, or did."""

    id: str
    name: str
    partner: str
    subscription: str
    pressed: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    in_portal: bool = False


@dataclass
class Crowd:
    cloud: Cloud
    ledger: Ledger
    rng: random.Random
    http: aiohttp.ClientSession
    every: float = 2.0
    """Seconds between two deeds, on average."""
    alerts: dict[str, Raised] = field(default_factory=dict)  # by name
    asked: dict[str, str] = field(default_factory=dict)  # cancellations asked for: who asked, by subscription
    approved: set[str] = field(default_factory=set)  # subscriptions of which an approval was pressed
    deeds: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    cards: dict[str, Posted] = field(default_factory=dict)  # the latest card of each alert, by name
    requests: dict[str, Posted] = field(default_factory=dict)  # the latest card in a channel of each request
    _read: int = 0
    _busy: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self, until: Callable[[], bool]) -> None:
        deeds: tuple[tuple[Callable[[], Awaitable[None]], int], ...] = (
            (self._raise, 36),
            (self._verdict, 26),
            (self._quarrel, 12),
            (self._press_twice, 6),
            (self._investigate, 4),
            (self._note, 6),
            (self._ask, 20),
            (self._decide, 20),
            (self._portal, 4),
            (self._fault, 22),
            (self._burst, 2),
            (self._bulk, 1),
            (self._reinstall, 3),
        )
        works, weights = zip(*deeds, strict=True)
        while not until():
            await asyncio.sleep(self.rng.expovariate(1 / self.every))
            if len(self._busy) < 12:
                (work,) = self.rng.choices(works, weights)
                task = asyncio.create_task(self._do(work))
                self._busy.add(task)
                task.add_done_callback(self._busy.discard)
        await asyncio.gather(*self._busy)

    async def _do(self, work: Callable[[], Awaitable[None]]) -> None:
        self._look()
        try:
            await work()
        except (aiohttp.ClientError, TimeoutError) as problem:
            self.answers[f"driver: {type(problem).__name__}"] += 1

    def _look(self) -> None:
        """What was posted since the last look."""
        for post in self.ledger.posts[self._read :]:
            self._read += 1
            found = by_verb(post.card)
            if "alert.legitimate" in found:
                name = next((text for text in texts(post.card) if text in self.alerts), "")
                if name and not post.in_thread:
                    self.cards[name] = post
            if "cancellation.approve" in found:
                self.requests[str(found["cancellation.approve"]["data"]["request"])] = post

    # deeds ---------------------------------------------------------------------------------------------------------

    async def _raise(self, **fields: Any) -> None:
        partner = fields.pop("partner", "") or self.rng.choices(("northwind", "fabrikam"), (3, 1))[0]
        name = f"Soak alert {len(self.alerts) + 1:06d}"
        raised = self.cloud.raise_alert({"partner": partner, "displayName": name, "isTest": False, **fields})
        self.alerts[name] = Raised(raised["id"], name, partner, raised["subscriptionId"].lower())
        self.deeds["alerts raised"] += 1

    async def _burst(self) -> None:
        """More of one subscription than a channel can read; seldom, as what comes in a storm has no card to press."""
        if self.deeds["alerts raised"] < 120 * (self.deeds["bursts"] + 1):
            return
        wanted = self.rng.choice(list(self.cloud.world.entitlements.values()))
        customer = self.cloud.world.customers[wanted.customer_tenant_id]
        partner = self.cloud.world.partner(customer.partner_tenant_id).key
        for _ in range(self.rng.randint(7, 12)):
            await self._raise(partner=partner, subscriptionId=wanted.id, customerTenantId=customer.tenant_id)
        self.deeds["bursts"] += 1

    def _open_card(self) -> tuple[Raised, Posted] | None:
        """A card that still offers a verdict, of an alert that nobody touched in the portal. Where a cancellation was
        asked for, seldom: some verdicts void it."""
        names = [
            name
            for name in list(self.cards)[-40:]
            if not self.alerts[name].in_portal
            and (self.alerts[name].subscription not in self.asked or self.rng.random() < 0.05)
        ]
        self.rng.shuffle(names)
        for name in names:
            if "alert.legitimate" in by_verb(self.card_now(self.cards[name])):
                return self.alerts[name], self.cards[name]
        return None

    async def _verdict(self) -> None:
        if (found := self._open_card()) is not None:
            await self._mark(*found, self.rng.choice(AGENTS[found[0].partner]))

    async def _quarrel(self) -> None:
        """Two people, two verdicts, at once."""
        if (found := self._open_card()) is not None:
            people = AGENTS[found[0].partner]
            first, second = self.rng.sample(sorted(VERDICTS), 2)
            await asyncio.gather(self._mark(*found, people[0], first), self._mark(*found, people[-1], second))
            self.deeds["verdicts against each other"] += 1

    async def _press_twice(self) -> None:
        if (found := self._open_card()) is not None:
            person, verb = self.rng.choice(AGENTS[found[0].partner]), self.rng.choice(sorted(VERDICTS))
            await asyncio.gather(*(self._mark(*found, person, verb) for _ in range(2)))

    async def _mark(self, alert: Raised, post: Posted, person: str, verb: str = "") -> None:
        verb = verb or self.rng.choice(sorted(VERDICTS))
        action = by_verb(self.card_now(post) or {}).get(verb) or by_verb(post.card)[verb]
        self.deeds["verdicts pressed"] += 1
        alert.pressed.add(VERDICTS[verb])
        if await self.execute(person, post, action) in ("card", "message"):
            alert.taken.add(VERDICTS[verb])

    async def _investigate(self) -> None:
        if (found := self._open_card()) is not None:
            action = by_verb(self.card_now(found[1])).get("alert.investigate")
            if action is not None:
                await self.execute(self.rng.choice(AGENTS[found[0].partner]), found[1], action)

    async def _note(self) -> None:
        if (found := self._open_card()) is not None:
            alert, post = found
            number = by_verb(post.card)["alert.legitimate"]["data"]["alert"]
            text = f"note A-{number} called the customer"
            await self.say(self.rng.choice(AGENTS[alert.partner]), post.conversation, text)
            self.deeds["notes"] += 1

    async def _portal(self) -> None:
        found = self._open_card()
        if found is None or found[0].pressed or found[0].subscription in self.asked:
            return
        alert = found[0]
        alert.in_portal = True
        tenant = self.cloud.world.partner(alert.partner).tenant_id
        self.cloud.world.change_alert(
            tenant, alert.id, "resolved", "legitimate", "portal.user@example.invalid", self.cloud.now(), "portal"
        )
        self.deeds["decided in the portal"] += 1

    async def _ask(self) -> None:
        found = self._open_card()
        if found is None or found[0].partner != "northwind" or found[0].subscription in self.asked:
            return
        alert, post = found
        person = self.rng.choice(("ada", "ada", "max"))
        button = by_verb(self.card_now(post)).get("subscription.cancel")
        if button is None:
            return
        form = _form(await self.client("submit", person, post, data=dict(button["data"])))
        if form is None:
            return
        filled = {"reason": "coin miners all over", "consent": "agreed", "consent_note": "by phone"}
        data = {**form["data"], **filled, "confirm": alert.subscription[-SUFFIX:]}
        self.asked[alert.subscription] = person
        await self.client("dialog", person, post, data=data)
        self.deeds["cancellations asked"] += 1

    async def _decide(self) -> None:
        """Approve, reject, or both at once by two people. Who asked may not approve; sometimes they try."""
        waiting = [post for post in self.requests.values() if "cancellation.approve" in by_verb(self.card_now(post))]
        if not waiting:
            return
        post = self.rng.choice(waiting)
        buttons = by_verb(self.card_now(post))
        place = self.cloud.teams.conversations[post.conversation]
        people = [person for person in APPROVERS if person in place.people]
        if not people:
            return
        what = self.rng.choices(("approve", "reject", "both"), (6, 1, 2))[0]
        works: list[Awaitable[object]] = []
        if what != "reject":
            self.approved |= {text.lower() for text in texts(post.card) if text.lower() in self.asked}
            works.append(self.execute(self.rng.choice(people), post, buttons["cancellation.approve"]))
            self.deeds["approvals pressed"] += 1
        if what != "approve" and "cancellation.reject" in buttons:
            data = {name: value for name, value in buttons["cancellation.reject"]["data"].items() if name != "msteams"}
            works.append(self.client("dialog", people[-1], post, data={**data, "reason": "the customer is on it"}))
            self.deeds["rejections pressed"] += 1
        await asyncio.gather(*works)

    async def _bulk(self) -> None:
        """`show active`, and what that list offers to mark at once."""
        place = next(post.conversation for post in self.cards.values()) if self.cards else ""
        if not place or self.deeds["alerts raised"] < 20:
            return
        person = "ada" if "ada" in self.cloud.teams.conversations[place].people else "fay"
        before = len(self.ledger.posts)
        await self.say(person, place, "show active since:1h")
        for post in self.ledger.posts[before:]:
            button = by_verb(post.card).get("alerts.bulk")
            if button is not None and post.conversation == place:
                form = _form(await self.client("submit", person, post, data=dict(button["data"])))
                if form is not None:
                    for alert in self.alerts.values():
                        alert.pressed.add("fraud")
                    data = {**form["data"], "verdict": "fraud", "note": "swept up"}
                    await self.client("dialog", person, post, data=data)
                    self.deeds["bulk verdicts"] += 1
                return

    async def _reinstall(self) -> None:
        """Somebody removes the bot from a chat, and has it back a moment later."""
        every = self.cloud.teams.conversations.values()
        chats = [place for place in every if place.kind != "channel" and place.installed]
        place = self.rng.choice(chats)
        for event in ("remove", "install"):
            body = {"event": event, "conversationId": place.id}
            async with self.http.post(f"{self.cloud.base_url}/client/lifecycle", json=body) as answer:
                await answer.read()
            await asyncio.sleep(self.rng.uniform(0, 40))
        self.deeds["chats without the bot for a moment"] += 1

    async def _fault(self) -> None:
        if len(waiting := self.cloud.faults.all()) >= MOST_FAULTS:
            self.cloud.faults.remove(waiting[0].id)  # what it waits for does not come
        self.cloud.faults.add({**self.rng.choice(FAULTS), "times": self.rng.choice((1, 1, 2, 8))})
        self.deeds["faults set"] += 1

    # Teams ---------------------------------------------------------------------------------------------------------

    def card_now(self, post: Posted) -> Mapping[str, Any]:
        message = self.cloud.teams.conversations[post.conversation].messages.get(post.id)
        return (card_of(message.activity) if message is not None else None) or {}

    async def execute(self, person: str, post: Posted, action: Mapping[str, Any]) -> str:
        """Press it. What kind of answer came: `card`, `message`, `error`, `not sent` where it says that this press was
        not taken, or `none` where no bot answered."""
        sent = {name: action[name] for name in ("type", "verb", "data", "title") if name in action}
        answer = await self.client("execute", person, post, action=sent, trigger="manual")
        kind = f"none, {answer.get('status')}"
        if isinstance(answer.get("body"), Mapping):
            said = answer["body"].get("type", f"no answer, {answer.get('status')}")
            kind = str(said).rpartition(".")[2].replace("adaptive", "card")
            if "not sent" in str(answer["body"].get("value")) and kind == "message":
                kind = "not sent"
        self.answers[f"press: {kind}"] += 1
        return kind

    async def client(self, path: str, person: str, post: Posted, **body: Any) -> dict[str, Any]:
        where = {"person": person, "conversationId": post.conversation, "messageId": post.id}
        async with self.http.post(f"{self.cloud.base_url}/client/{path}", json={**where, **body}) as answer:
            found: dict[str, Any] = await answer.json()
            return found

    async def say(self, person: str, conversation: str, text: str) -> None:
        body = {"person": person, "conversationId": conversation, "text": text, "mentionBot": True}
        async with self.http.post(f"{self.cloud.base_url}/client/messages", json=body) as answer:
            await answer.read()


def _form(answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The button that sends the dialog which was opened, if it was."""
    body = answer.get("body")
    task = body.get("task") if isinstance(body, Mapping) else None
    value = task.get("value") if isinstance(task, Mapping) else None
    if not isinstance(value, Mapping) or "card" not in value:
        return None
    found = [action for action in by_verb(value["card"]["content"]).values() if action["type"] == "Action.Submit"]
    return found[0] if found else None
