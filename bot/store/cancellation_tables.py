"""The tables of requests to cancel or reactivate, and of their cards."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, UniqueConstraint

from bot.store.column_types import FoundJson, Json
from bot.store.schema import metadata, moment, where, words

cancellations = Table(
    "cancellations",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    # The plan: triggers refuse any change of these
    Column("plan", FoundJson, nullable=False),  # all of it; the others repeat what is searched for or must be unique
    words("digest"),
    words("request_id"),
    words("kind"),
    words("partner"),
    words("entitlement_lower"),
    moment("asked_at"),
    moment("expires_at"),
    # How far it has come
    Column("version", Integer, nullable=False),
    words("state"),
    Column("is_open", Boolean, nullable=False),
    words("approver_id"),
    words("approver_name"),
    moment("approved_at", null=True),
    Column("sent", Integer, nullable=False),
    moment("accepted_at", null=True),
    moment("ended_at", null=True),
    words("outcome"),
    words("code"),
    moment("earliest_at", null=True),
    words("seen_status"),
    moment("seen_at", null=True),
    Column("notified", Boolean, nullable=False),
    Column("reminded", Boolean, nullable=False),
    Column("asked_names", Json, nullable=False),
    Column("unreached", Json, nullable=False),
    Column("marks", Json, nullable=False),
    Column("attempts", Integer, nullable=False),
    moment("due_at", null=True),  # claimed: when the lease of `owner` runs out
    words("owner"),
    UniqueConstraint("request_id"),
)
Index(
    "ux_cancellations_open",
    cancellations.c.partner,
    cancellations.c.entitlement_lower,
    unique=True,
    **where("is_open"),
)
Index(
    "ix_cancellations_subscription",
    *(cancellations.c[name] for name in ("partner", "entitlement_lower", "number")),
)
Index("ix_cancellations_due", cancellations.c.due_at, cancellations.c.number, **where("due_at IS NOT NULL"))

request_cards = Table(
    "request_cards",
    metadata,
    words("id", key=True),
    Column("number", Integer, ForeignKey(cancellations.c.number), nullable=False),
    words("conversation_id"),
    words("activity_id"),
    moment("created_at"),
    words("root_card_id"),
    words("person_id"),
    Column("mentions", Json, nullable=False),
)
Index("ix_request_cards_number", request_cards.c.number)
