"""What happens behind the turns, each measured in a process of its own: `python -m tests.performance.inside NAME CORE`.

Real store and use cases; Partner Center and Teams are fakes in the same process that answer at once.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

from bot.chat.board import Board
from bot.chat.bulk import BulkBoard, BulkButtons
from bot.chat.dashboard_views import dashboard_view
from bot.chat.lists import PAGE, Lists, encode_cursor
from bot.chat.presenter import Place
from bot.chat.render import CardRenderer
from bot.chat.request_board import RequestBoard
from bot.chat.rollup_board import RollUpBoard
from bot.clock import SystemClock, SystemIds
from bot.domain.alerts import Alert
from bot.domain.filters import AlertQuery
from bot.domain.people import NO_ROLES, Conversation, ConversationKind, Partner, Person, Roles, Route
from bot.errors import Missing
from bot.ports import AlertPage, Environment, Message
from bot.services.access import Access
from bot.services.bulk import Bulk
from bot.services.cards import CardWork
from bot.services.delivery import Delivery
from bot.services.exports import Exports
from bot.services.figures import Figures
from bot.services.intake import Intake
from bot.services.lookup import Lookup
from bot.services.names import Names
from bot.services.operators import Operators
from bot.services.reach import Reach
from bot.services.routes import Routes
from bot.store import connect
from cards.dashboard import dashboard_card
from tests.performance.processes import MEGABYTE, pin
from tests.performance.seeding import made_alerts
from tests.performance.world import CHANNEL, GROUP, PARTNER, SERVICE_URL

NORTHWIND = Partner("Northwind", PARTNER, GROUP)
PLACE = Place("https://portal.azure.com", {PARTNER: "Northwind"})
ALERTS_A_PAGE = 100
Config = Mapping[str, Any]


class AtOnce:
    """Partner Center, its directory, and Teams, all of which answer at once."""

    def __init__(self, alerts: Sequence[Alert] = ()) -> None:
        self.alerts = {alert.id: alert for alert in alerts}
        self.sent = 0

    async def open_alerts(self, partner: Partner) -> AsyncIterator[AlertPage]:
        wanted = [alert for alert in self.alerts.values() if alert.is_open]
        for start in range(0, len(wanted), ALERTS_A_PAGE):
            yield AlertPage(tuple(wanted[start : start + ALERTS_A_PAGE]))

    async def all_alerts(self, partner: Partner) -> AsyncIterator[AlertPage]:
        wanted = list(self.alerts.values())
        for start in range(0, len(wanted), ALERTS_A_PAGE):
            yield AlertPage(tuple(wanted[start : start + ALERTS_A_PAGE]))

    def remark(self, partner: Partner) -> str:
        return ""

    async def get(self, partner: Partner, alert_id: str, actor: Person | None = None) -> Alert:
        if alert_id not in self.alerts:
            raise Missing("no such alert")
        return self.alerts[alert_id]

    async def set_status(
        self, partner: Partner, alert_id: str, status: str, reason: str, actor: Person | None = None
    ) -> None:
        self.alerts[alert_id] = replace(self.alerts[alert_id], status=status, resolved_reason=reason)

    async def roles(self, partner: Partner, person_id: str, actor: Person | None = None) -> Roles:
        return NO_ROLES

    async def customer_name(self, partner: Partner, tenant_id: str) -> str | None:
        return f"Customer {tenant_id[-4:]}"

    async def customer_names(self, partner: Partner) -> AsyncIterator[Mapping[str, str]]:
        yield {}

    async def reseller_names(self, partner: Partner) -> Mapping[str, str]:
        return {}

    async def send(self, to: Conversation, message: Message, thread: str = "") -> str:
        self.sent += 1
        return f"{self.sent}"

    async def update(self, to: Conversation, activity_id: str, message: Message) -> None:
        self.sent += 1

    async def delete(self, to: Conversation, activity_id: str) -> None: ...

    async def member(self, conversation: Conversation, person_id: str) -> Person | None:
        return None

    async def personal(self, person: Person, like: Conversation) -> Conversation:
        return like


def environment(config: Config) -> Environment:
    ids = SystemIds()
    store = connect(config["url"], audit_key=bytes(32), ids=ids)
    return Environment(store, SystemClock(), ids, {PARTNER: NORTHWIND})


def conversation(number: int) -> Conversation:
    return Conversation(
        f"{CHANNEL}-{number}", ConversationKind.CHANNEL, PARTNER, SERVICE_URL, "28:bot", name=f"Channel {number}"
    )


async def outbox(config: Config) -> dict[str, Any]:
    """Cards from the outbox to Teams, for one channel and for many at a time."""
    env, world = environment(config), AtOnce()
    cards = CardWork(env)
    delivery = Delivery(
        env,
        world,
        CardRenderer(
            env,
            Board(env, Access(env, world, world), Lookup(env), PLACE),
            RequestBoard(env, PLACE, two_person=True),
            RollUpBoard(env, PLACE),
            BulkBoard(env),
        ),
        cards,
        Reach(env, ""),
        owner="bench",
    )
    found = {}
    for name, channels, count in (("one channel", 1, config["count"] // 4), ("16 channels", 16, config["count"])):
        await _queue(env, cards, channels, count)
        before, began = world.sent, perf_counter()
        while await delivery.step():
            pass
        found[name] = (world.sent - before) / (perf_counter() - began)
    await env.store.close()
    return {"cards_per_second": found}


async def _queue(env: Environment, cards: CardWork, channels: int, count: int) -> None:
    places = [conversation(1000 * channels + number) for number in range(channels)]
    async with env.store.write() as tx:
        for place in places:
            await tx.conversations.put(place)
        query = AlertQuery(frozenset({PARTNER}), now=env.clock.now())
        page = await tx.alerts.page(query, None, count // channels)
        for record in page.records:
            await cards.post(tx, record, [Route(place.id, PARTNER, on=True, summarised=True) for place in places])


async def intake(config: Config) -> dict[str, Any]:
    """The quiet first sync, a poll in which nothing is new, and new alerts that each get a card."""
    env = environment(config)
    alerts = list(made_alerts(config["count"], open_share=0.2, now=env.clock.now()))
    world = AtOnce(alerts)
    cards = CardWork(env)
    access = Access(env, world, world)
    routes = Routes(env, access, cards)
    service = Intake(
        env, world, cards, Names(env, world, cards), routes, Operators(env, ""), full_sync=timedelta(hours=6)
    )
    found: dict[str, float] = {}
    began = perf_counter()
    first = await service.poll(NORTHWIND)
    found["first sync"] = first.new / (perf_counter() - began)
    began = perf_counter()
    again = await service.poll(NORTHWIND)
    found["unchanged poll"] = len(again.seen) / (perf_counter() - began)
    async with env.store.write() as tx:
        await tx.conversations.put(conversation(1))
        await tx.conversations.put_route(Route(conversation(1).id, PARTNER, on=True, summarised=True))
    fresh = list(made_alerts(config["count"] // 10, open_share=1.0, now=env.clock.now(), seed=8))
    world.alerts |= {alert.id: alert for alert in fresh}
    began = perf_counter()
    news = await service.poll(NORTHWIND)
    found["new, each with a card"] = news.new / (perf_counter() - began)
    await env.store.close()
    if (first.new, again.new + again.changed, news.new) != (len(alerts), 0, len(fresh)):
        raise RuntimeError("the intake did not find what there was")
    return {"alerts_per_second": found}


async def lists(config: Config) -> dict[str, Any]:
    """Pages of `show` and answers of `search`, drawn as cards."""
    env = environment(config)
    cards, readable = CardWork(env), frozenset({PARTNER})
    bulk = Bulk(env, AtOnce(), cards, owner="bench", spawn=asyncio.create_task)
    pages = Lists(env, PLACE, BulkButtons(env, bulk, cards.rollups, PLACE))
    async with env.store.write() as tx:  # as upkeep does each hour
        await tx.figures.merge(env.clock.now(), 10_000)
    async with env.store.read() as tx:
        before = await tx.alerts.page(AlertQuery(readable, now=env.clock.now()), None, 19 * PAGE)
    prefix = before.records[0].alert.id[:8]
    trail = [encode_cursor(before.next)] if before.next is not None else []
    asked: dict[str, Callable[[], Awaitable[object]]] = {
        "show": lambda: pages.page("", readable, CHANNEL),
        "show all": lambda: pages.page("all", readable, CHANNEL),
        "show all severity:high": lambda: pages.page("all severity:high", readable, CHANNEL),
        "show all, page 20": lambda: pages.page("all", readable, CHANNEL, 20, trail),
        "search by id": lambda: pages.search(prefix, "", readable, CHANNEL),
        "search by customer": lambda: pages.search("Contoso 016", "", readable, CHANNEL),
        "dashboard": lambda: dashboard(env),
    }
    found = {name: await _timed(work, config["times"]) for name, work in asked.items()}
    await env.store.close()
    return {"milliseconds": found}


async def dashboard(env: Environment) -> object:
    """The card, drawn from the store alone: Microsoft's own figure is asked for beside it."""
    standing = await Figures(env).standing((PARTNER,), env.clock.now())
    return dashboard_card(dashboard_view(standing, [NORTHWIND], {}, "", {PARTNER: "partner:Northwind"}))


async def _timed(work: Callable[[], Awaitable[object]], times: int) -> dict[str, float]:
    taken = []
    if len(json.dumps(await work())) < 2000:
        raise RuntimeError("the list is empty")
    for _ in range(times):
        began = perf_counter()
        await work()
        taken.append(1000 * (perf_counter() - began))
    taken.sort()
    return {"p50": taken[len(taken) // 2], "p95": taken[int(len(taken) * 0.95)]}


async def export(config: Config) -> dict[str, Any]:
    """A CSV of everything, as it is streamed to a download. Memory is what the process grew by at its peak."""
    env = environment(config)
    exports = Exports(env)
    wanted = AlertQuery(frozenset({PARTNER}), now=datetime.now(UTC))
    async for _ in exports.stream(replace(wanted, severities=frozenset({"none"}))):
        pass  # what is loaded or compiled once is there now
    before = _peak()
    began, size = perf_counter(), 0
    async for part in exports.stream(wanted):
        size += len(part)
    seconds = perf_counter() - began
    after = _peak()
    await env.store.close()
    return {
        "rows_per_second": config["count"] / seconds,
        "megabytes": size / MEGABYTE,
        "grew": after - before,
        "peak": after,
    }


def _peak() -> float:
    """Megabytes that this process held at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / MEGABYTE


BENCHES: dict[str, Callable[[Config], Awaitable[dict[str, Any]]]] = {
    "outbox": outbox,
    "intake": intake,
    "lists": lists,
    "export": export,
}


async def _run(name: str, config: Config) -> dict[str, Any]:
    return await BENCHES[name](config)


def main() -> None:
    name, core = sys.argv[1], int(sys.argv[2])
    pin(core)
    print(json.dumps(asyncio.run(_run(name, json.loads(sys.stdin.readline())))))


if __name__ == "__main__":
    main()
