"""Roll-up cards, the alerts that stand in them, and how many alerts came lately. Each count looks at few rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, delete, exists, func, select, text, union, update

from bot.domain.alerts import AlertKey, AlertRecord
from bot.domain.delivery import ItemKind, ItemState
from bot.domain.storms import (
    LIMITS,
    MINUTE,
    Arrivals,
    Census,
    Membership,
    News,
    RollUp,
    RollUpState,
    Scope,
    ScopeKind,
    scope_of,
)
from bot.store.batches import batches
from bot.store.rollup_census import census
from bot.store.rollup_tables import arrivals, rollup_members, rollups
from bot.store.session import Session
from bot.store.tables import IS_OPEN, alerts, cards, outbox

_OPEN = text("rollups.state = 'open'")
_LIVE = text("rollups.state <> 'closed'")
_WORST_FIRST = (alerts.c.severity_rank.desc(), alerts.c.detected_at.desc(), alerts.c.number.desc())


class SqlRollUps:
    def __init__(self, session: Session) -> None:
        self._session = session

    # Arrivals --------------------------------------------------------------------------------------------------------

    async def shown_in(self, record: AlertRecord) -> frozenset[str]:
        carded = select(cards.c.conversation_id).where(
            cards.c.partner == record.alert.partner, cards.c.alert_id == record.alert.id
        )
        rolled = (
            select(rollups.c.conversation_id)
            .join(rollup_members, rollup_members.c.rollup_id == rollups.c.id)
            .where(rollup_members.c.number == record.number, rollup_members.c.left_at.is_(None), _LIVE)
        )
        return frozenset(row.conversation_id for row in await self._session.rows(union(carded, rolled)))

    async def arrived(self, conversation_id: str, record: AlertRecord, now: datetime) -> None:
        values = {
            "conversation_id": conversation_id,
            "number": record.number,
            "at": now,
            "subscription_lower": record.alert.subscription_id.lower(),
            "customer_lower": record.alert.customer_tenant_id.lower(),
        }
        await self._session.execute(self._session.insert(arrivals).on_conflict_do_nothing(), values)

    async def arrivals(self, conversation_id: str, record: AlertRecord, now: datetime) -> Arrivals:
        lately = (arrivals.c.conversation_id == conversation_id, arrivals.c.at > now - MINUTE)
        of_subscription = arrivals.c.subscription_lower == record.alert.subscription_id.lower()
        of_customer = arrivals.c.customer_lower == record.alert.customer_tenant_id.lower()
        found = await self._session.first(
            select(
                _at_most(LIMITS[ScopeKind.SUBSCRIPTION] + 1, *lately, of_subscription),
                _at_most(LIMITS[ScopeKind.CUSTOMER] + 1, *lately, of_customer),
                _at_most(LIMITS[ScopeKind.CONVERSATION] + 1, *lately),
            )
        )
        assert found is not None  # noqa: S101 a select of counts has a row
        return Arrivals(*found)

    async def posts_since(self, conversation_id: str, since: datetime, most: int) -> int:
        own = (cards.c.conversation_id == conversation_id, cards.c.created_at > since)
        rolled = (rollups.c.conversation_id == conversation_id, rollups.c.opened_at > since)
        found = await self._session.first(select(_at_most(most, *own, of=cards), _at_most(most, *rolled, of=rollups)))
        return sum(found) if found is not None else 0

    async def prune(self, before: datetime) -> int:
        return await self._session.changed(delete(arrivals).where(arrivals.c.at < before))

    # Roll-ups --------------------------------------------------------------------------------------------------------

    async def get(self, rollup_id: str) -> RollUp | None:
        found = await self._where(rollups.c.id == rollup_id)
        return found[0] if found else None

    async def open_in(self, conversation_id: str) -> tuple[RollUp, ...]:
        return await self._where(rollups.c.conversation_id == conversation_id, _OPEN)

    async def open(self, rollup: RollUp) -> RollUp:
        values = {
            "id": rollup.id,
            "conversation_id": rollup.conversation_id,
            "scope": rollup.scope.key,
            "state": rollup.state,
            "rank": rollup.rank,
            "activity_id": rollup.activity_id,
            "opened_at": rollup.opened_at,
            "hot_at": rollup.hot_at,
            "redraw_at": rollup.redraw_at,
            "closed_at": rollup.closed_at,
            "repeat": rollup.repeat,
            "replaces": rollup.replaces,
        }
        statement = self._session.insert(rollups).on_conflict_do_nothing(
            index_elements=["conversation_id", "scope"], index_where=text("state = 'open'")
        )
        await self._session.execute(statement, values)
        standing = await self._where(
            rollups.c.conversation_id == rollup.conversation_id, rollups.c.scope == rollup.scope.key, _OPEN
        )
        return standing[0] if standing else rollup

    async def posted(self, rollup_id: str, activity_id: str) -> None:
        await self._change(rollup_id, activity_id=activity_id)

    async def repeated(self, rollup_id: str) -> None:
        await self._change(rollup_id, repeat=True)

    async def gone(self, rollup_id: str, activity_id: str) -> bool:
        statement = update(rollups).where(rollups.c.id == rollup_id, rollups.c.activity_id == activity_id)
        return await self._session.changed(statement.values(activity_id="", replaces=True)) == 1

    async def drawn_not_before(self, rollup_id: str, at: datetime) -> None:
        await self._change(rollup_id, redraw_at=at)

    async def live(self) -> tuple[RollUp, ...]:
        return await self._where(_LIVE)

    async def close(self, rollup_id: str, hot_before: datetime, now: datetime) -> bool:
        statement = update(rollups).where(rollups.c.id == rollup_id, _OPEN, rollups.c.hot_at <= hot_before)
        return await self._session.changed(statement.values(state=RollUpState.CALMING.value, closed_at=now)) == 1

    async def finish(self, rollup_id: str) -> None:
        await self._change(rollup_id, state=RollUpState.CLOSED.value)

    # Members ---------------------------------------------------------------------------------------------------------

    async def join(self, rollup: RollUp, number: int, rank: int, now: datetime, *, hot: bool) -> bool:
        # Where it was hot a moment ago nobody closes it, and there is nothing to write: a storm's alerts do not queue
        # up for one row. Else the row is locked from here on, so that it is not closed while the alert comes in.
        if rank > rollup.rank or not rollup.is_hot(now):
            worst = case((rollups.c.rank < rank, rank), else_=rollups.c.rank)
            values: dict[str, Any] = {"rank": worst} | ({"hot_at": now} if hot else {})
            if not await self._session.changed(update(rollups).where(rollups.c.id == rollup.id, _OPEN).values(values)):
                return False
        member = {"rollup_id": rollup.id, "number": number, "joined_at": now, "news": ""}
        await self._session.execute(self._session.insert(rollup_members).on_conflict_do_nothing(), member)
        if rank > rollup.rank:
            await self._session.execute(
                update(outbox)
                .where(
                    outbox.c.conversation_id == rollup.conversation_id,
                    text("outbox.state = 'pending'"),
                    outbox.c.card_id == rollup.id,
                    outbox.c.priority < rank,
                )
                .values(priority=rank)
            )
        return True

    async def of_alert(self, key: AlertKey) -> tuple[Membership, ...]:
        statement = (
            select(rollups, rollup_members.c.number, rollup_members.c.left_at)
            .join(rollup_members, rollup_members.c.rollup_id == rollups.c.id)
            .join(alerts, alerts.c.number == rollup_members.c.number)
            .where(alerts.c.partner == key.partner, alerts.c.id == key.id)
            .order_by(rollups.c.opened_at, rollups.c.id)
        )
        return tuple(
            Membership(_rollup(row), row.number, row.left_at is not None) for row in await self._session.rows(statement)
        )

    async def left(self, conversation_id: str, number: int, now: datetime) -> None:
        mine = select(rollups.c.id).where(
            rollups.c.conversation_id == conversation_id, rollups.c.state != RollUpState.OPEN.value
        )
        await self._session.execute(
            update(rollup_members)
            .where(
                rollup_members.c.number == number,
                rollup_members.c.left_at.is_(None),
                rollup_members.c.rollup_id.in_(mine),
            )
            .values(left_at=now)
        )

    async def left_since(self, conversation_id: str, since: datetime) -> int:
        statement = (
            select(func.count(rollup_members.c.number.distinct()))
            .join(rollups, rollups.c.id == rollup_members.c.rollup_id)
            .where(rollup_members.c.left_at > since, rollups.c.conversation_id == conversation_id)
        )
        return int((await self._session.execute(statement)).scalar_one())

    async def worst(self, rollup_id: str, limit: int, status: str = "") -> tuple[AlertKey, ...]:
        wanted: list[ColumnElement[bool]] = [rollup_members.c.rollup_id == rollup_id, IS_OPEN]
        if status:
            wanted.append(alerts.c.status_lower == status.lower())
        return await self._keys(_members().where(*wanted), limit)

    async def to_release(self, conversation_id: str, young: datetime, limit: int) -> tuple[AlertKey, ...]:
        statement = (
            _members()
            .join(rollups, rollups.c.id == rollup_members.c.rollup_id)
            .where(
                rollups.c.conversation_id == conversation_id,
                rollups.c.state == RollUpState.CALMING.value,
                *_releasable(young),
            )
            .distinct()
        )
        return await self._keys(statement, limit)

    async def has_more(self, rollup_id: str, young: datetime) -> bool:
        statement = select(
            exists(_members().where(rollup_members.c.rollup_id == rollup_id, *_releasable(young)).subquery().select())
        )
        return bool((await self._session.execute(statement)).scalar_one())

    async def census(self, rollup_id: str, most: int) -> Census:
        return await census(self._session, rollup_id, most)

    # News ------------------------------------------------------------------------------------------------------------

    async def happened(self, rollup_id: str, number: int, line: str, now: datetime) -> None:
        await self._session.execute(
            update(rollup_members)
            .where(rollup_members.c.rollup_id == rollup_id, rollup_members.c.number == number)
            .values(news_at=now, news=line)
        )

    async def news(self, rollup_id: str, since: datetime) -> News:
        lately = and_(rollup_members.c.rollup_id == rollup_id, rollup_members.c.news_at >= since)
        count = (
            await self._session.execute(select(func.count()).select_from(rollup_members).where(lately))
        ).scalar_one()
        newest = select(rollup_members.c.news).where(lately).order_by(rollup_members.c.news_at.desc()).limit(1)
        row = await self._session.first(newest)
        return News(count, row.news if row is not None else "")

    # Absorbing -------------------------------------------------------------------------------------------------------

    async def withdraw(self, conversation_id: str, scope: Scope) -> tuple[AlertKey, ...]:
        unsent = (
            select(outbox.c.id, outbox.c.card_id, cards.c.partner, cards.c.alert_id)
            .join(cards, cards.c.id == outbox.c.card_id)
            .join(alerts, and_(alerts.c.partner == cards.c.partner, alerts.c.id == cards.c.alert_id))
            .where(
                outbox.c.conversation_id == conversation_id,
                text("outbox.state = 'pending'"),
                outbox.c.kind == ItemKind.ALERT_CARD.value,
                ~outbox.c.repeat,  # it may stand there
                cards.c.replaces == "",  # the one that it replaces names it
                *_within(scope),
            )
            .order_by(outbox.c.id)
        )
        withdrawn: list[AlertKey] = []
        for batch in batches(await self._session.rows(unsent)):
            by_card = {row.card_id: AlertKey(row.partner, row.alert_id) for row in batch}
            # Whatever a sender took up since we looked is no longer pending, and stays.
            taken = await self._session.rows(
                delete(outbox)
                .where(outbox.c.id.in_([row.id for row in batch]), outbox.c.state == ItemState.PENDING.value)
                .returning(outbox.c.card_id)
            )
            ids = [row.card_id for row in taken]
            await self._session.execute(
                delete(outbox).where(
                    outbox.c.conversation_id == conversation_id,
                    outbox.c.state == ItemState.PENDING.value,
                    outbox.c.card_id.in_(ids),
                )
            )
            await self._session.execute(delete(cards).where(cards.c.id.in_(ids)))
            withdrawn += [by_card[card_id] for card_id in ids]
        return tuple(withdrawn)

    async def _where(self, *wanted: ColumnElement[bool] | Any) -> tuple[RollUp, ...]:
        statement = select(rollups).where(*wanted).order_by(rollups.c.rank.desc(), rollups.c.opened_at, rollups.c.id)
        return tuple(_rollup(row) for row in await self._session.rows(statement))

    async def _change(self, rollup_id: str, **values: Any) -> None:
        await self._session.execute(update(rollups).where(rollups.c.id == rollup_id).values(values))

    async def _keys(self, statement: Select[Any], limit: int) -> tuple[AlertKey, ...]:
        found = await self._session.rows(statement.order_by(*_WORST_FIRST).limit(limit))
        return tuple(AlertKey(row.partner, row.id) for row in found)


def _members() -> Select[Any]:
    """The alerts that stand in roll-ups, with what they are sorted by."""
    return select(
        alerts.c.partner, alerts.c.id, alerts.c.severity_rank, alerts.c.detected_at, alerts.c.number
    ).join_from(rollup_members, alerts, alerts.c.number == rollup_members.c.number)


def _releasable(young: datetime) -> tuple[ColumnElement[bool], ...]:
    return (rollup_members.c.left_at.is_(None), IS_OPEN, alerts.c.detected_at >= young)


def _within(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    if scope.kind is ScopeKind.SUBSCRIPTION:
        return (alerts.c.subscription_lower == scope.id,)
    return (alerts.c.customer_lower == scope.id,) if scope.kind is ScopeKind.CUSTOMER else ()


def _at_most(most: int, *wanted: ColumnElement[bool], of: Any = arrivals) -> Any:
    """How many rows, without looking at more than `most`."""
    few = select(text("1")).select_from(of).where(*wanted).limit(most).subquery()
    return select(func.count()).select_from(few).scalar_subquery()


def _rollup(row: Row[Any]) -> RollUp:
    return RollUp(
        id=row.id,
        conversation_id=row.conversation_id,
        scope=scope_of(row.scope),
        opened_at=row.opened_at,
        hot_at=row.hot_at,
        redraw_at=row.redraw_at,
        rank=row.rank,
        state=row.state,
        closed_at=row.closed_at,
        activity_id=row.activity_id,
        repeat=row.repeat,
        replaces=row.replaces,
    )
