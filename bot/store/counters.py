"""Numbers for people to say: those of alerts (A-1042) and of requests (R-12)."""

from __future__ import annotations

from sqlalchemy import select, update

from bot.store.session import Session
from bot.store.tables import counters

ALERT = "alert"
REQUESTS = "requests"


async def next_number(session: Session, counter: str) -> int:
    """The counter's row stays locked until the transaction ends: numbers are unique, and a rollback loses none."""
    await session.execute(update(counters).where(counters.c.name == counter).values(value=counters.c.value + 1))
    result = await session.execute(select(counters.c.value).where(counters.c.name == counter))
    return int(result.scalar_one())
