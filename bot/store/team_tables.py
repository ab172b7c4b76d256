"""What a team keeps for itself: saved filters, who is on duty, escalations under way, digests, drills."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table

from bot.store.column_types import Json
from bot.store.schema import metadata, moment, where, words
from bot.store.tables import alerts

saved_filters = Table(
    "saved_filters",
    metadata,
    words("scope", key=True),  # "person:<object id>" or "conversation:<id>"
    words("name_lower", key=True),
    words("name"),
    words("words"),
    words("by_id"),
    words("by_name"),
    moment("at"),
)

duty = Table(
    "duty",
    metadata,
    words("conversation_id", key=True),
    Column("document", Json, nullable=False),  # the whole roster: who takes turns, exceptions by week, managers
    Column("version", Integer, nullable=False),
    moment("changed_at"),
)

escalations = Table(
    "escalations",
    metadata,
    Column("number", Integer, ForeignKey(alerts.c.number), primary_key=True, autoincrement=False),
    words("conversation_id", key=True),
    Column("step", Integer, nullable=False),  # the last one that was taken
    moment("at"),
)
Index("ix_escalations_at", escalations.c.at)

digests = Table(
    "digests",
    metadata,
    words("conversation_id", key=True),
    words("kind", key=True),  # "daily" or "weekly"
    words("zone"),  # IANA name
    Column("minute", Integer, nullable=False),  # of the local day
    Column("weekday", Integer, nullable=False),  # 0 is Monday; of a weekly one
    moment("next_at"),
    moment("last_at", null=True),  # when the last one that was sent had been due
    words("by_id"),
    words("by_name"),
)
Index("ix_digests_next", digests.c.next_at)

refunds = Table(
    "refunds",
    metadata,
    words("partner", key=True),
    words("subscription_lower", key=True),
    words("customer_lower"),  # who gets one credit at most, whatever the subscription
    words("ticket"),
    words("by_id"),
    words("by_name"),
    moment("at"),
)
Index("ix_refunds_customer", refunds.c.partner, refunds.c.customer_lower)

drills = Table(
    "drills",
    metadata,
    words("id", key=True),  # its alert's
    words("partner"),
    words("conversation_id"),  # where it was asked for
    words("severity"),
    words("by_id"),
    words("by_name"),
    moment("begun_at"),
    moment("detected_at", null=True),
    moment("carded_at", null=True),
    moment("acknowledged_at", null=True),
    words("acknowledged_by"),
    moment("decided_at", null=True),
    words("decided_by"),
    words("verdict"),
    moment("reported_at", null=True),
)
Index("ux_drills_open", drills.c.partner, unique=True, **where("reported_at IS NULL"))
Index("ix_drills_partner", drills.c.partner, drills.c.begun_at)
