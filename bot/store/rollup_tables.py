"""The tables of storms: roll-up cards, the alerts that stand in them, and the arrivals by which a storm is noticed."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table

from bot.store.schema import metadata, moment, where, words

rollups = Table(
    "rollups",
    metadata,
    words("id", key=True),
    words("conversation_id"),
    words("scope"),
    words("state"),
    Column("rank", Integer, nullable=False),
    words("activity_id"),
    moment("opened_at"),
    moment("hot_at"),
    moment("redraw_at"),
    moment("closed_at", null=True),
    Column("repeat", Boolean, nullable=False),
    Column("replaces", Boolean, nullable=False),
)
Index("ux_rollups_open", rollups.c.conversation_id, rollups.c.scope, unique=True, **where("state = 'open'"))
Index("ix_rollups_conversation", rollups.c.conversation_id, rollups.c.opened_at)
Index("ix_rollups_live", rollups.c.state, rollups.c.hot_at, **where("state <> 'closed'"))

rollup_members = Table(
    "rollup_members",
    metadata,
    Column("rollup_id", rollups.c.id.type, ForeignKey("rollups.id"), primary_key=True),
    Column("number", Integer, ForeignKey("alerts.number"), primary_key=True, autoincrement=False),
    moment("joined_at"),
    moment("left_at", null=True),  # it has a card of its own since
    moment("news_at", null=True),
    words("news"),
)
Index("ix_rollup_members_number", rollup_members.c.number)
Index("ix_rollup_members_left", rollup_members.c.left_at, **where("left_at IS NOT NULL"))
Index("ix_rollup_members_news", rollup_members.c.rollup_id, rollup_members.c.news_at, **where("news_at IS NOT NULL"))

arrivals = Table(
    "arrivals",
    metadata,
    words("conversation_id", key=True),
    Column("number", Integer, ForeignKey("alerts.number"), primary_key=True, autoincrement=False),
    moment("at"),
    words("subscription_lower"),
    words("customer_lower"),
)
Index("ix_arrivals_at", arrivals.c.at)
Index("ix_arrivals_conversation", arrivals.c.conversation_id, arrivals.c.at)
Index("ix_arrivals_subscription", *(arrivals.c[name] for name in ("conversation_id", "subscription_lower", "at")))
Index("ix_arrivals_customer", *(arrivals.c[name] for name in ("conversation_id", "customer_lower", "at")))
