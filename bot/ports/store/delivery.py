"""What goes out: the outbox, cards, roll-ups, calls and digests, and whether every alert has its card."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.alerts import AlertKey, AlertRecord
from bot.domain.delivery import CardPost, Doubt, NewItem, OutboxItem, PastCall, Uncovered
from bot.domain.digest import Digest
from bot.domain.escalation import Taken, Waiting, Window
from bot.domain.filters import AlertQuery
from bot.domain.storms import Arrivals, Census, Membership, News, RollUp, Scope
from bot.ports.store.alerts import Decided


class Outbox(Protocol):
    async def add(self, items: Iterable[NewItem], now: datetime) -> int:
        """How many were new (the rest stood there already under their dedup key)."""
        ...

    async def claim(
        self,
        owner: str,
        now: datetime,
        lease: float,
        limit: int,
        *,
        after: str = "",
        not_in: Collection[str] = (),
        not_of: Collection[str] = (),
    ) -> tuple[OutboxItem, ...]:
        """Due items, one per conversation at most and none where one is being sent; highest priority, then oldest.

        At equal priority partners take turns, beginning with the one that comes `after` that one. Items of
        conversations that are not active stay where they are, as do those of the conversations `not_in` and of the
        tenants `not_of`.
        """
        ...

    async def sent(self, item: OutboxItem, activity_id: str, now: datetime) -> bool:
        """False: the fence is no longer ours, nothing was written."""
        ...

    async def retry(self, item: OutboxItem, at: datetime, error: str) -> bool: ...
    async def shorten(self, item: OutboxItem, now: datetime, error: str) -> bool:
        """It was too large for Teams: pending again, with its card to be drawn a step shorter."""
        ...

    async def uncertain(self, item: OutboxItem, recheck_at: datetime, error: str) -> bool:
        """Its end is unknown; unless adopted it becomes pending again, marked repeat, at `recheck_at`."""
        ...

    async def park(self, item: OutboxItem, error: str) -> bool: ...
    async def drop(self, conversation_id: str, dedup_key: str) -> bool:
        """Nothing is left to be said: the pending item of that key is gone. False: there is none (any more)."""
        ...

    async def unpark(self, conversation_id: str, now: datetime, card_id: str = "") -> int:
        """The conversation is back, or that one card stands there: what was parked is pending again. How many."""
        ...

    async def parked_of(self, card_id: str) -> frozenset[str]:
        """The kinds of items that are parked of the card."""
        ...

    async def refused_in(self, conversation_id: str) -> str:
        """What Teams said to the last card for the conversation, where it did not take that; else empty."""
        ...

    async def adopt(self, card_id: str, activity_id: str, now: datetime) -> bool:
        """Something proved that an uncertain card arrived."""
        ...

    async def recover(self, now: datetime) -> int:
        """Items whose sender died (lease ran out while sending): updates become pending, posts uncertain."""
        ...

    async def doubts(self, conversation_id: str) -> tuple[Doubt, ...]: ...
    async def sent_since(self, since: datetime) -> Mapping[str, int]:
        """How many messages each conversation got since then."""
        ...

    async def knows(self, conversation_id: str, activity_id: str) -> bool:
        """Whether we sent that message and know what it is."""
        ...

    async def calls(self, since: datetime, now: datetime, not_by: str) -> tuple[PastCall, ...]:
        """What went, or may have gone, to conversations since then; what `not_by` has under way itself is left out."""
        ...

    async def waiting_in(self, conversation_id: str) -> int: ...
    async def oldest_waiting(self) -> datetime | None: ...
    async def counts(self) -> Mapping[str, int]: ...
    async def prune(self, before: datetime) -> int:
        """Forget sent items older than that."""
        ...


class Coverage(Protocol):
    async def uncovered(self, after: tuple[int, str], changed_since: datetime, limit: int) -> tuple[Uncovered, ...]:
        """Open alerts without a confirmed card, or a confirmed roll-up, in active conversations that their partner's
        alerts go to; by number and conversation, beginning `after` that pair. Those without any card only where they
        came after the route began and changed since then; the route's filter is not looked at."""
        ...


class Cards(Protocol):
    async def get(self, card_id: str) -> CardPost | None: ...
    async def of_alert(self, key: AlertKey) -> tuple[CardPost, ...]: ...
    async def by_activity(self, conversation_id: str, activity_id: str) -> CardPost | None: ...
    async def add(self, card: CardPost) -> None: ...
    async def posted(self, card_id: str, activity_id: str) -> None: ...
    async def repeated(self, card_id: str) -> None:
        """It is sent again after an unknown end, and says so from now on."""
        ...

    async def replaced(self, card_id: str, by: str) -> None: ...


class RollUps(Protocol):
    """Roll-up cards of storms, and the alerts that stand in them (by number). No call looks at more rows than it must,
    however large the storm."""

    async def shown_in(self, record: AlertRecord) -> frozenset[str]:
        """The conversations where the alert has a card, or stands in a roll-up that is not closed."""
        ...

    async def arrived(self, conversation_id: str, record: AlertRecord, now: datetime) -> None:
        """Note that an alert came to a conversation."""
        ...

    async def arrivals(self, conversation_id: str, record: AlertRecord, now: datetime) -> Arrivals:
        """How many came there in the last minute, with this one."""
        ...

    async def posts_since(self, conversation_id: str, since: datetime, most: int) -> int:
        """Cards of alerts and roll-ups made there since then; of neither kind more than `most` are counted."""
        ...

    async def prune(self, before: datetime) -> int:
        """Forget older arrivals."""
        ...

    async def get(self, rollup_id: str) -> RollUp | None: ...
    async def open_in(self, conversation_id: str) -> tuple[RollUp, ...]: ...
    async def open(self, rollup: RollUp) -> RollUp:
        """Write it down; where one of its scope is open there, that one stays, and is returned."""
        ...

    async def posted(self, rollup_id: str, activity_id: str) -> None: ...
    async def repeated(self, rollup_id: str) -> None: ...
    async def gone(self, rollup_id: str, activity_id: str) -> bool:
        """This message of it was deleted in Teams. False: it stands in another one meanwhile."""
        ...

    async def drawn_not_before(self, rollup_id: str, at: datetime) -> None: ...
    async def live(self) -> tuple[RollUp, ...]:
        """All that are not closed, the worst first."""
        ...

    async def close(self, rollup_id: str, hot_before: datetime, now: datetime) -> bool:
        """Let it calm, if its rate was below the limit since then. False: it was not, or it is no longer open."""
        ...

    async def finish(self, rollup_id: str) -> None: ...
    async def join(self, rollup: RollUp, number: int, rank: int, now: datetime, *, hot: bool) -> bool:
        """An alert of that severity rank comes in, at a storm's rate or (`hot` False) not. False: it is not open."""
        ...

    async def of_alert(self, key: AlertKey) -> tuple[Membership, ...]: ...
    async def left(self, conversation_id: str, number: int, now: datetime) -> None:
        """The alert leaves the roll-ups of that conversation that are not open."""
        ...

    async def left_since(self, conversation_id: str, since: datetime) -> int: ...
    async def worst(self, rollup_id: str, limit: int, status: str = "") -> tuple[AlertKey, ...]:
        """Its unresolved alerts (of that status alone, where one is given), worst first, then newest."""
        ...

    async def to_release(self, conversation_id: str, young: datetime, limit: int) -> tuple[AlertKey, ...]:
        """Unresolved alerts, detected since `young`, that still stand in calming roll-ups there; worst first."""
        ...

    async def has_more(self, rollup_id: str, young: datetime) -> bool:
        """Whether it holds alerts as `to_release` means them."""
        ...

    async def happened(self, rollup_id: str, number: int, line: str, now: datetime) -> None: ...
    async def news(self, rollup_id: str, since: datetime) -> News: ...
    async def withdraw(self, conversation_id: str, scope: Scope) -> tuple[AlertKey, ...]:
        """Take back the cards of a scope's alerts that were never sent, with all that waits for them. Of which alerts.
        What is being sent, or may have been, stays as it is."""
        ...

    async def census(self, rollup_id: str, most: int) -> Census: ...


class Escalations(Protocol):
    """How far the escalation of alerts has come, in each conversation."""

    async def waiting(
        self,
        conversation_id: str,
        partners: Collection[str],
        windows: Sequence[Window],
        detected_from: datetime,
        now: datetime,
        after: int,
        limit: int,
    ) -> tuple[Waiting, ...]:
        """Unanswered alerts of these partners that fall into one of the windows, by number from `after` on. Routes'
        filters and when the alerts came there are not looked at."""
        ...

    async def taken(self, conversation_id: str, number: int) -> Taken: ...
    async def take(self, conversation_id: str, number: int, step: int, now: datetime) -> bool:
        """Write the step down. False: it is taken already, or the one before is not."""
        ...

    async def taken_since(self, conversation_id: str, step: int, since: datetime) -> int: ...
    async def prune(self, before: datetime) -> int:
        """Forget alerts whose last step was before. How many."""
        ...


class Digests(Protocol):
    """The digests of conversations, one of each kind at most, and what they tell that nothing else asks for."""

    async def of(self, conversation_id: str) -> tuple[Digest, ...]: ...
    async def put(self, digest: Digest) -> None: ...
    async def remove(self, conversation_id: str, kind: str) -> bool:
        """False: there was none."""
        ...

    async def due(self, now: datetime, limit: int) -> tuple[Digest, ...]:
        """Those whose time has come, longest waiting first."""
        ...

    async def advance(self, digest: Digest, next_at: datetime, last_at: datetime | None) -> bool:
        """Set when the next one is due. False: it was set anew, removed, or taken by another replica meanwhile."""
        ...

    async def resolved(self, query: AlertQuery, since: datetime) -> int:
        """How many alerts of the query were resolved since then."""
        ...

    async def decided(self, query: AlertQuery, since: datetime, limit: int) -> tuple[Decided, ...]:
        """The same by person and verdict, most first."""
        ...
