"""The count at the end, from what the cloud saw and from what people see in Teams; the bot's database is not asked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.teams import Conversation
from bot.texts.en import REPEAT_BADGE, replaces_badge
from tests.soak.ledger import RESOLVED, Posted, actions, alert_number, by_verb, card_of, texts, verb_of
from tests.soak.people import AGENTS, VERDICTS, Crowd

MUST_BE_ZERO = (
    "alerts lost",
    "PATCH sent after the server had answered us as decided",
    "two different verdicts on one alert",
    "one verdict set twice",
    "two MS-RequestIds for one plan",
    "more than one accepted cancel for one plan",
    "cancels that nobody approved",
    "doubled cards that are not marked",
    "verdicts acknowledged and lost",
    "cards that show an old state",
    "turns answered with 500",
)
MOST_PAGES = 200
MOST_SAMPLES = 5


@dataclass
class Count:
    """`figures` by name; `samples` name some of what is counted where it should be zero."""

    figures: Counter[str] = field(default_factory=Counter)
    samples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, name: str, what: str) -> None:
        self.figures[name] += 1
        if len(self.samples[name]) < MOST_SAMPLES:
            self.samples[name].append(what)

    @property
    def violations(self) -> dict[str, int]:
        return {name: self.figures[name] for name in MUST_BE_ZERO if self.figures[name]}


async def counted(crowd: Crowd, places: Mapping[str, str]) -> Count:
    """`places` is the conversation to which each partner's alerts go."""
    count = Count()
    count.figures.update(crowd.deeds)
    _verdicts(crowd, count)
    _cancels(crowd, count)
    _cards(crowd, places, count)
    await _lost(crowd, places, count)
    count.figures["turns answered with 500"] = crowd.ledger.bot_failed
    for call in crowd.ledger.over_limit:
        count.add("calls over a documented limit", call)
    count.figures["requests that met a fault"] = crowd.ledger.faulty
    count.figures["messages posted"] = len(crowd.ledger.posts)
    return count


def _verdicts(crowd: Crowd, count: Count) -> None:
    by_id = {alert.id: alert for alert in crowd.alerts.values()}
    set_by_us: dict[str, list[str]] = defaultdict(list)
    for patch in crowd.ledger.patches:
        alert = by_id.get(patch.alert)
        if alert is None:
            continue
        count.figures["PATCHes sent"] += 1
        if patch.told:
            count.add("PATCH sent after the server had answered us as decided", f"{alert.name} {patch}")
        if patch.accepted and patch.status == RESOLVED:
            set_by_us[alert.id].append(patch.reason)
    for alert_id, reasons in set_by_us.items():
        if len(set(reasons)) > 1:
            count.add("two different verdicts on one alert", f"{by_id[alert_id].name} {reasons}")
        elif len(reasons) > 1:
            count.add("one verdict set twice", f"{by_id[alert_id].name} {reasons}")
    for alert in crowd.alerts.values():
        now = crowd.cloud.world.alerts[crowd.cloud.world.partner(alert.partner).tenant_id][alert.id]
        count.figures["alerts decided"] += now["status"] == RESOLVED
        if alert.taken and now["status"] != RESOLVED:
            count.add("verdicts acknowledged and lost", f"{alert.name} {alert.taken}")


def _cancels(crowd: Crowd, count: Count) -> None:
    """No subscription is asked for twice in a run, so one plan is one subscription."""
    ids: dict[str, set[str]] = defaultdict(set)
    for cancel in crowd.ledger.cancels:
        ids[cancel.entitlement].add(cancel.request_id)
        count.figures["cancels sent"] += 1
    for entitlement, found in ids.items():
        if len(found) > 1:
            count.add("two MS-RequestIds for one plan", f"{entitlement} {found}")
    accepted = Counter(deed["entitlement"] for deed in crowd.cloud.world.deeds if deed["kind"] == "cancel")
    count.figures["cancels accepted"] = len(accepted)
    for entitlement, times in accepted.items():
        if times > 1:
            count.add("more than one accepted cancel for one plan", f"{entitlement} {times}")
    for entitlement in ids:
        if entitlement not in crowd.approved:
            count.add("cancels that nobody approved", entitlement)


def _cards(crowd: Crowd, places: Mapping[str, str], count: Count) -> None:
    cards: dict[tuple[str, int], list[Posted]] = defaultdict(list)
    for post, number in crowd.ledger.alert_cards():
        cards[post.conversation, number].append(post)
    for (conversation, number), posts in cards.items():
        count.figures["alert cards posted"] += len(posts)
        for post in posts[1:]:
            said = set(texts(post.card))
            if REPEAT_BADGE in said:
                count.figures["cards repeated, and marked so"] += 1
            elif replaces_badge(f"A-{number}") in said:
                count.figures["cards that replace one"] += 1
            else:
                count.add(
                    "doubled cards that are not marked", f"A-{number} in {conversation}: {posts[0].id}, {post.id}"
                )
        _shown(crowd, posts[-1], count)
    lines = Counter((post.conversation, post.text) for post in crowd.ledger.posts if post.in_thread and not post.card)
    count.figures["lines said"] = lines.total()


def _shown(crowd: Crowd, post: Posted, count: Count) -> None:
    """Does the newest card of an alert offer a verdict where, and only where, it is open?"""
    name = next((text for text in texts(post.card) if text in crowd.alerts), "")
    if not name:
        return
    alert = crowd.alerts[name]
    status = crowd.cloud.world.alerts[crowd.cloud.world.partner(alert.partner).tenant_id][alert.id]["status"]
    offers = not VERDICTS.keys().isdisjoint(by_verb(crowd.card_now(post)))
    if offers == (status == RESOLVED):
        count.add("cards that show an old state", f"{name} is {status}, post {post.id}")


async def _lost(crowd: Crowd, places: Mapping[str, str], count: Count) -> None:
    carded: set[tuple[str, str]] = set()
    for post, _ in crowd.ledger.alert_cards():
        carded |= {(post.conversation, text) for text in texts(post.card) if text in crowd.alerts}
    missing: dict[str, set[str]] = defaultdict(set)
    for alert in crowd.alerts.values():
        if (places[alert.partner], alert.name) not in carded:
            missing[alert.partner].add(alert.name)
    for partner, names in missing.items():
        place = crowd.cloud.teams.conversations[places[partner]]
        reachable = await _reachable(crowd, place, AGENTS[partner][0], names)
        count.figures["alerts in a roll-up"] += len(names & reachable)
        for name in sorted(names - reachable):
            count.add("alerts lost", name)


async def _reachable(crowd: Crowd, place: Conversation, person: str, wanted: set[str]) -> set[str]:
    """Of the wanted, those that one sees who pages through the lists to which the roll-ups there lead."""
    found: set[str] = set()
    for message in list(place.messages.values()):
        card = card_of(message.activity)
        if message.sender is not None or message.thread_id or card is None or alert_number(card):
            continue
        for action in list(actions(card)):
            if verb_of(action) == "list.page" and not wanted <= found:
                found |= await _paged(crowd, place, person, message.id, action)
    return found & wanted


async def _paged(
    crowd: Crowd, place: Conversation, person: str, message_id: str, action: Mapping[str, Any]
) -> set[str]:
    seen: set[str] = set()
    for _ in range(MOST_PAGES):
        post = Posted(0, place.id, message_id, False, None, "")
        sent = {name: action[name] for name in ("type", "verb", "data", "title") if name in action}
        answer = await crowd.client("execute", person, post, action=sent, trigger="manual")
        body = answer.get("body")
        card = body.get("value") if isinstance(body, Mapping) else None
        if not isinstance(card, Mapping):
            return seen
        seen |= {text for text in texts(card) if text in crowd.alerts}
        page = int(action["data"].get("page", 1))
        following = [
            each
            for each in actions(card)
            if verb_of(each) == "list.page" and int(each["data"].get("page", 1)) == page + 1
        ]
        if not following:
            return seen
        action = following[0]
    return seen
