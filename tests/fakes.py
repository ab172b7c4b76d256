"""The world around the use cases, made up: small stand-ins for the ports that behave, and expose facts.

What Partner Center was changed to, what stands in a conversation, what was uploaded; never how often one was called.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bot.domain.alerts import ActivityLogEntry, Alert, AlertKey
from bot.domain.delivery import OutboxItem
from bot.domain.people import NO_ROLES, Conversation, Partner, Person, Roles
from bot.errors import AlertDeskError, Missing, Refused, SignInNeeded, Transient, Unreachable
from bot.ports import AlertPage, Entitlement, Message, Receipt, Roster, UnreadableAlert
from tests.factories import NOW


class FakeClock:
    """Time that stands still but for `forward`, and for pauses, which take no time and move it.

    `held`: a pause lasts until `forward` has carried the time past its end.
    """

    def __init__(self, now: datetime = NOW, *, held: bool = False) -> None:
        self.held = held
        self._now, self._monotonic = now, 1000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        if not self.held:
            self.forward(max(0.0, seconds))
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._monotonic + seconds, woken))
        await woken

    def forward(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds
        due = [sleeper for sleeper in self._sleepers if sleeper[0] <= self._monotonic]
        self._sleepers = [sleeper for sleeper in self._sleepers if sleeper not in due]
        for _, woken in due:
            if not woken.done():
                woken.set_result(None)

    @property
    def pauses(self) -> list[float]:
        """How many seconds each one that sleeps has still to sleep."""
        return sorted(at - self._monotonic for at, woken in self._sleepers if not woken.done())


class FakeIds:
    """Ids that are fresh but always the same ones, and no chance at all."""

    def __init__(self) -> None:
        self._count = 0

    def guid(self) -> str:
        self._count += 1
        return str(uuid.UUID(int=self._count, version=4))

    def token(self) -> str:
        self._count += 1
        return f"token-{self._count:037}"

    def jitter(self) -> float:
        return 0.0


@dataclass(frozen=True)
class Trouble:
    """What goes wrong with one change: `error` is raised, before the deed or after it."""

    error: AlertDeskError
    after: bool = False


DROPPED_BEFORE = Trouble(Transient("no connection", in_doubt=False))
DROPPED_AFTER = Trouble(Transient("the connection broke", in_doubt=True), after=True)
LOST_BEFORE = Trouble(Transient("the connection broke", in_doubt=True))
"""In doubt like one that was dropped after the deed, but the deed was not done."""


class FakeSource:
    """Partner Center's alerts. `changes` is what reached it: (alert id, status, reason)."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.alerts: dict[AlertKey, Alert] = {}
        self.changes: list[tuple[str, str, str]] = []
        self.troubles: deque[Trouble] = deque()
        self.read_troubles: deque[AlertDeskError] = deque()
        self.away: dict[str, AlertDeskError] = {}  # by partner
        self.unreadable: list[UnreadableAlert] = []
        self.remarks: dict[str, str] = {}  # by partner
        self.left_out: set[str] = set()  # alert ids that the lists do not show
        self.page_size = 2
        self.slow = asyncio.Event()
        self.slow.set()  # cleared: a change is not answered until it is set again
        self.arrived = asyncio.Event()
        """Set with each change that reaches it."""
        self.stale_reads = 0
        self.stale_lists = False  # the next list shows what stood before the changes
        self.lists = 0
        """Of what was detected since: how often it was read."""
        self.reads: list[str] = []
        """Alerts that were read by their id."""
        self.on_read: Callable[[], None] = lambda: None
        self._before: dict[AlertKey, Alert] = {}

    def put(self, *alerts: Alert) -> None:
        self.alerts |= {alert.key: alert for alert in alerts}

    async def open_alerts(self, partner: Partner) -> AsyncIterator[AlertPage]:
        async for page in self._pages(partner, lambda alert: alert.is_open):
            yield page

    async def all_alerts(self, partner: Partner) -> AsyncIterator[AlertPage]:
        async for page in self._pages(partner, lambda _: True):
            yield page

    async def alerts_since(self, partner: Partner, detected_from: datetime) -> AsyncGenerator[AlertPage, None]:
        self.lists += 1
        async for page in self._pages(partner, lambda alert: alert.detected_at >= detected_from, self.stale_lists):
            yield page
        self.stale_lists = False

    async def _pages(
        self, partner: Partner, wanted: Callable[[Alert], bool], stale: bool = False
    ) -> AsyncIterator[AlertPage]:
        if (problem := self.away.get(partner.tenant_id)) is not None:
            raise problem
        found = [
            self._before.get(alert.key, alert) if stale else alert
            for alert in self.alerts.values()
            if alert.partner == partner.tenant_id and wanted(alert) and alert.id not in self.left_out
        ]
        self.on_read()
        for start in range(0, len(found), self.page_size):
            yield AlertPage(tuple(found[start : start + self.page_size]))
        yield AlertPage((), tuple(self.unreadable))

    async def get(self, partner: Partner, alert_id: str, actor: Person | None = None) -> Alert:
        if (problem := self.away.get(partner.tenant_id)) is not None:
            raise problem
        self.reads.append(alert_id)
        if self.read_troubles:
            raise self.read_troubles.popleft()
        key = AlertKey(partner.tenant_id, alert_id)
        if key not in self.alerts:
            raise Missing("there is no such alert", code="ItemNotFound")
        if self.stale_reads and key in self._before:
            self.stale_reads -= 1
            return self._before[key]
        return self.alerts[key]

    def remark(self, partner: Partner) -> str:
        return self.remarks.get(partner.tenant_id, "")

    async def set_status(
        self, partner: Partner, alert_id: str, status: str, reason: str, actor: Person | None = None
    ) -> None:
        trouble = self.troubles.popleft() if self.troubles else None
        if trouble is not None and not trouble.after:
            raise trouble.error
        self._change(AlertKey(partner.tenant_id, alert_id), status, reason, "alert-desk")
        self.changes.append((alert_id, status, reason))
        self.arrived.set()
        await self.slow.wait()
        if trouble is not None:
            raise trouble.error

    def in_the_portal(self, key: AlertKey, status: str, reason: str = "", by: str = "kim@northwind.example") -> None:
        self._change(key, status, reason, by)

    def _change(self, key: AlertKey, status: str, reason: str, by: str) -> None:
        old, now = self.alerts[key], self._clock.now()
        self._before.setdefault(key, old)
        closed = status == "resolved"
        self.alerts[key] = replace(
            old,
            status=status,
            resolved_reason=reason,
            resolved_by=by if closed else "",
            resolved_at=now if closed else None,
            activity_log=(*old.activity_log, ActivityLogEntry(old.status, status, by, now)),
        )


class FakeSubscriptions:
    """Azure subscriptions at Partner Center. What is accepted shows `takes` seconds later; the same request id again
    changes nothing. `accepted` is (kind, entitlement id, request id, whose token) of each request that was new."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.known: dict[str, Entitlement] = {}  # by id
        self.signed_out: set[str] = set()  # object ids of whom we hold no token
        self.takes = 600.0
        self.accepted: list[tuple[str, str, str, str]] = []
        self.request_ids: list[str] = []
        """Of all requests that reached it, repeats included."""
        self.reached_at: list[tuple[str, datetime]] = []
        """The same, with when it did."""
        self.troubles: deque[Trouble] = deque()  # of the next requests to change something
        self.read_troubles: deque[AlertDeskError] = deque()
        self.slow = asyncio.Event()
        self.slow.set()  # cleared: a request is not answered until it is set again
        self.arrived = asyncio.Event()
        self._pending: dict[str, tuple[str, datetime]] = {}

    async def ready(self, partner: Partner, actor: Person) -> None:
        if actor.aad_id in self.signed_out:
            raise SignInNeeded("sign in", code="no_token")

    def put(self, *entitlements: Entitlement) -> None:
        self.known |= {entitlement.id: entitlement for entitlement in entitlements}

    def change(self, entitlement_id: str, **what: str) -> None:
        """As somebody in the portal would."""
        self.known[entitlement_id] = replace(self.known[entitlement_id], **what)

    async def find(
        self, partner: Partner, customer_tenant_id: str, subscription_id: str, actor: Person | None = None
    ) -> Entitlement:
        self._trouble(self.read_troubles)
        found = self._settled(subscription_id)
        if found is None or found.customer_tenant_id != customer_tenant_id:
            raise Missing("no such subscription", code="no_entitlement")
        return found

    async def get(self, partner: Partner, entitlement: Entitlement, actor: Person | None = None) -> Entitlement:
        self._trouble(self.read_troubles)
        found = self._settled(entitlement.id)
        if found is None or found.plan_id != entitlement.plan_id:
            raise Missing("no such subscription", code="800111")
        return found

    async def cancel(
        self,
        partner: Partner,
        entitlement: Entitlement,
        request_id: str,
        actor: Person | None = None,
        *,
        until: datetime | None = None,
    ) -> Receipt:
        return await self._change("cancel", "inactive", entitlement, request_id, actor, until)

    async def reactivate(
        self,
        partner: Partner,
        entitlement: Entitlement,
        request_id: str,
        actor: Person | None = None,
        *,
        until: datetime | None = None,
    ) -> Receipt:
        return await self._change("reactivate", "active", entitlement, request_id, actor, until)

    async def _change(
        self,
        kind: str,
        to: str,
        entitlement: Entitlement,
        request_id: str,
        actor: Person | None,
        until: datetime | None,
    ) -> Receipt:
        if until is not None and self._clock.now() >= until:
            raise Transient("too late", code="too_late")
        trouble = self.troubles.popleft() if self.troubles else None
        if trouble is not None and not trouble.after:
            raise trouble.error
        self.request_ids.append(request_id)
        self.reached_at.append((request_id, self._clock.now()))
        if request_id not in [accepted for _, _, accepted, _ in self.accepted]:
            self.accepted.append((kind, entitlement.id, request_id, actor.aad_id if actor else ""))
            self._pending[entitlement.id] = (to, self._clock.now() + timedelta(seconds=self.takes))
        self.arrived.set()
        await self.slow.wait()
        if trouble is not None:
            raise trouble.error
        return Receipt(202, f"support-{len(self.request_ids)}")

    def _settled(self, entitlement_id: str) -> Entitlement | None:
        to, at = self._pending.get(entitlement_id.lower(), ("", self._clock.now()))
        if to and self._clock.now() >= at:
            self.change(entitlement_id.lower(), status=to)
            del self._pending[entitlement_id.lower()]
        return self.known.get(entitlement_id.lower())

    @staticmethod
    def _trouble(troubles: deque[AlertDeskError]) -> None:
        if troubles:
            raise troubles.popleft()


class FakeDirectory:
    """Roles and names. `away` is raised instead of an answer; `slow` never answers."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], Roles] = {}
        self.customers: dict[str, str] = {}
        self.resellers: dict[str, str] = {}
        self.group: tuple[Person, ...] = ()
        """The approvers group."""
        self.away: AlertDeskError | None = None
        self.group_away: AlertDeskError | None = None  # of the approvers group alone
        self.slow = False
        self.signed_out: set[str] = set()  # object ids of whom we hold no token
        self.token_troubles: dict[str, AlertDeskError] = {}  # by object id: what asking with their token brings
        self.app_refused = False  # the bot itself may not ask for roles
        self.asked: list[str] = []
        """Whose roles were looked up, live."""

    def grant(self, partner: str, person: Person, *, admin_agent: bool = False, global_admin: bool = False) -> None:
        self.held[partner, person.aad_id] = Roles(admin_agent, global_admin)

    async def roles(self, partner: Partner, person_id: str, actor: Person | None = None) -> Roles:
        self.asked.append(person_id)
        await self._ready()
        if actor is not None and actor.aad_id in self.signed_out:
            raise SignInNeeded("sign in", code="no_token")
        if actor is not None and actor.aad_id in self.token_troubles:
            raise self.token_troubles[actor.aad_id]
        if actor is None and self.app_refused:
            raise Refused("no permission", code="Authorization_RequestDenied")
        return self.held.get((partner.tenant_id, person_id), NO_ROLES)

    async def approvers(self, partner: Partner) -> tuple[Person, ...]:
        await self._ready()
        if self.group_away is not None:
            raise self.group_away
        return self.group

    async def customer_name(self, partner: Partner, tenant_id: str) -> str | None:
        await self._ready()
        return self.customers.get(tenant_id)

    async def customer_names(self, partner: Partner) -> AsyncIterator[Mapping[str, str]]:
        await self._ready()
        for tenant_id, name in self.customers.items():
            yield {tenant_id: name}

    async def reseller_names(self, partner: Partner) -> Mapping[str, str]:
        await self._ready()
        return self.resellers

    async def _ready(self) -> None:
        if self.slow:
            await asyncio.Event().wait()
        if self.away is not None:
            raise self.away


@dataclass
class Posted:
    """A message as it stands in Teams now."""

    id: str
    conversation: str
    thread: str
    message: Message
    versions: list[Message] = field(default_factory=list)  # what it was before, oldest first


class FakeChannel:
    """Teams: rosters, and what stands in the conversations, oldest first."""

    def __init__(self) -> None:
        self.rosters: dict[str, dict[str, Person]] = defaultdict(dict)
        self.posts: list[Posted] = []
        self.chats: dict[str, Conversation] = {}  # personal chats that can be opened, by the person's Entra id
        self.troubles: deque[Trouble] = deque()  # of the next sends and updates
        self.roster_away: AlertDeskError | None = None
        self.slow = False
        self.open = asyncio.Event()
        self.open.set()  # cleared: sends are under way until it is set again
        self.stuck: dict[str, asyncio.Event] = {}  # the same for single conversations
        self.blocked: set[str] = set()  # conversations that take nothing
        self._count = 0

    def join(self, conversation: Conversation, person: Person, tenant_id: str) -> None:
        self.rosters[conversation.id][person.aad_id] = replace(
            person, tenant_id=tenant_id, upn=f"{person.name.lower()}@{tenant_id[:4]}.example"
        )

    def texts(self, conversation_id: str = "") -> list[str]:
        """The plain lines that stand there, or anywhere."""
        return [post.message.text for post in self._in(conversation_id) if post.message.text]

    def cards(self, conversation_id: str = "") -> list[Posted]:
        return [post for post in self._in(conversation_id) if post.message.card is not None]

    def _in(self, conversation_id: str) -> list[Posted]:
        return [post for post in self.posts if conversation_id in ("", post.conversation)]

    async def send(self, to: Conversation, message: Message, thread: str = "") -> str:
        await self.open.wait()
        if to.id in self.stuck:
            await self.stuck[to.id].wait()
        if to.id in self.blocked:
            raise Unreachable("the person has blocked the bot")
        trouble = self.troubles.popleft() if self.troubles else None
        if trouble is not None and not trouble.after:
            raise trouble.error
        self._count += 1
        posted = Posted(f"message-{self._count}", to.id, thread, message)
        self.posts.append(posted)
        if trouble is not None:
            raise trouble.error
        return posted.id

    async def update(self, to: Conversation, activity_id: str, message: Message) -> None:
        await self.open.wait()
        if self.troubles:
            raise self.troubles.popleft().error
        for posted in self._in(to.id):
            if posted.id == activity_id:
                posted.versions.append(posted.message)
                posted.message = message
                return
        raise Missing("the message is gone")

    async def delete(self, to: Conversation, activity_id: str) -> None:
        self.posts = [post for post in self.posts if (post.conversation, post.id) != (to.id, activity_id)]

    async def member(self, conversation: Conversation, person_id: str) -> Person | None:
        if self.slow:
            await asyncio.Event().wait()
        if self.roster_away is not None:
            raise self.roster_away
        roster = self.rosters[conversation.id].values()
        return next((person for person in roster if person_id in (person.aad_id, person.mri)), None)

    async def members(self, conversation: Conversation, most: int) -> Roster:
        if self.roster_away is not None:
            raise self.roster_away
        people = tuple(self.rosters[conversation.id].values())
        return Roster(people[:most], complete=len(people) <= most)

    async def personal(self, person: Person, like: Conversation) -> Conversation:
        if person.aad_id not in self.chats:
            raise Unreachable("the app is not installed for this person")
        return self.chats[person.aad_id]


class FakeRenderer:
    """Draws each item as a text; `ends` says for a kind of item what happens instead."""

    def __init__(self) -> None:
        self.ends: dict[str, Exception | None] = {}

    async def render(self, item: OutboxItem) -> Message | None:
        if item.kind in self.ends:
            problem = self.ends[item.kind]
            if problem is not None:
                raise problem
            return None
        return Message(
            text=f"{item.kind} {item.card_id or item.payload.get('text', '')}{' again' if item.repeat else ''}"
        )


class FakeFiles:
    """OneDrive. `uploaded` is what lies where; `refuses` is raised instead of taking a file."""

    def __init__(self) -> None:
        self.uploaded: dict[str, bytes] = {}
        self.refuses: Exception | None = None

    def consent_card(self, name: str, description: str, size: int, context: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            "contentType": "consent",
            "name": name,
            "content": {"description": description, "size": size, **context},
        }

    def info_card(self, name: str, content_url: str, unique_id: str, file_type: str) -> Mapping[str, Any]:
        return {"contentType": "info", "name": name, "contentUrl": content_url}

    async def upload(self, url: str, chunks: AsyncIterator[bytes], size: int) -> None:
        if self.refuses is not None:
            raise self.refuses
        content = b"".join([chunk async for chunk in chunks])
        assert len(content) == size
        self.uploaded[url] = content
