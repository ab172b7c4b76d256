"""Every table, index and constraint, but for those of requests (cancellation_tables.py), of storms
(rollup_tables.py), of bulk runs (bulk_tables.py) and of what a team keeps (team_tables.py). The migrations create the
same, which a contract test compares.

A column `x_lower` holds Python's `x.lower()`, because the two databases would lower other letters differently.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnClause,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    literal_column,
)

from bot.store.column_types import Json, Serial
from bot.store.schema import metadata, moment, where, words

counters = Table(
    "counters",
    metadata,
    words("name", key=True),
    Column("value", BigInteger, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    words("partner"),
    words("id"),
    Column("version", Integer, nullable=False),
    moment("first_seen_at"),
    moment("changed_at"),
    # What the source said
    words("name"),
    words("alert_type"),
    words("status"),
    words("severity"),
    words("confidence"),
    moment("detected_at"),
    moment("first_observed_at", null=True),
    moment("last_observed_at", null=True),
    words("customer_tenant_id"),
    words("subscription_id"),
    words("reseller_tenant_id"),
    words("catalog_offer_id"),
    Column("is_test", Boolean, nullable=False),
    words("resolved_reason"),
    words("resolved_by"),
    moment("resolved_at", null=True),
    Column("document", Json, nullable=False),  # description, affected resources, additional details, activity log
    # What selections look at
    words("id_lower"),
    words("alert_type_lower"),
    words("status_lower"),
    words("severity_lower"),
    Column("severity_rank", Integer, nullable=False),
    words("customer_lower"),
    words("subscription_lower"),
    words("reseller_lower"),
    Column("is_open", Boolean, nullable=False),
    Column("answered_late", Boolean, nullable=True),  # null: not answered yet
    # The verdict
    words("decision_verdict", null=True),
    words("decision_by_name", null=True),
    words("decision_by_id", null=True),
    moment("decision_at", null=True),
    words("decision_note", null=True),
    words("decision_via", null=True),
    # What the team made of it, in Alert Desk only
    words("assigned_id", later=True),
    words("assigned_name", later=True),
    words("assigned_lower", later=True),
    moment("snoozed_until", null=True),
    words("snoozed_by", later=True),
    words("taken_by", later=True),
    words("customer_sort", later=True),  # the customer's name as lists by customer have it; see alert_rows
    UniqueConstraint("partner", "id"),
)
IS_OPEN: ColumnClause[bool] = literal_column("alerts.is_open")
"""The condition of a partial index, written as the index has it: SQLite would not take `is_open = 1` for the same."""

Index("ix_alerts_list", *(alerts.c[name] for name in ("partner", "severity_rank", "detected_at", "number")))
# Small, for few alerts are open; it holds all that counting and listing them asks for, or SQLite would not prefer it.
Index(
    "ix_alerts_open_list",
    *(alerts.c[name] for name in ("partner", "severity_rank", "detected_at", "number", "id", "is_open")),
    **where("is_open"),
)
# Open ones of one status, of which there may be none among many: what can be marked at once is looked for so.
Index(
    "ix_alerts_open_status",
    *(
        alerts.c[name]
        for name in ("partner", "status_lower", "severity_rank", "detected_at", "number", "is_test", "is_open")
    ),
    **where("is_open"),
)
# The same in the order of time, with what a search looks at; and all and the open ones in the order of customers.
Index(
    "ix_alerts_open_detected",
    *(alerts.c[name] for name in ("partner", "detected_at", "number", "is_open", "id_lower", "subscription_lower")),
    **where("is_open"),
)
Index("ix_alerts_by_customer", *(alerts.c[name] for name in ("partner", "customer_sort", "detected_at", "number")))
Index(
    "ix_alerts_open_by_customer",
    *(alerts.c[name] for name in ("partner", "customer_sort", "detected_at", "number", "is_open")),
    **where("is_open"),
)
Index("ix_alerts_id_lower", alerts.c.partner, alerts.c.id_lower)
Index("ix_alerts_subscription", alerts.c.partner, alerts.c.subscription_lower)
Index("ix_alerts_customer", alerts.c.partner, alerts.c.customer_lower)
Index("ix_alerts_reseller", alerts.c.partner, alerts.c.reseller_lower)
Index("ix_alerts_assigned", alerts.c.partner, alerts.c.assigned_id, **where("assigned_id <> ''"))
Index("ix_alerts_snoozed", alerts.c.partner, alerts.c.snoozed_until, **where("snoozed_until IS NOT NULL"))
# What was decided on a subscription, in order of time, so that a card's look back ends after a few rows.
Index(
    "ix_alerts_history",
    *(alerts.c[name] for name in ("partner", "subscription_lower", "detected_at")),
    **where("decision_verdict IS NOT NULL"),
)
# They hold all that the tiles ask for, so that no row is looked at.
Index("ix_alerts_detected", *(alerts.c[name] for name in ("partner", "detected_at", "number", "is_test")))
Index(
    "ix_alerts_resolved",
    *(alerts.c[name] for name in ("partner", "resolved_at", "detected_at", "is_test", "is_open", "resolved_reason")),
    **where("resolved_at IS NOT NULL"),
)
Index(
    "ix_alerts_fraud",
    *(alerts.c[name] for name in ("partner", "subscription_lower", "first_observed_at", "detected_at")),
    *(alerts.c[name] for name in ("customer_lower", "number", "resolved_reason", "is_open", "is_test")),
    **where("resolved_reason = 'fraud' AND NOT is_open AND NOT is_test"),
)
IS_FRAUD: ColumnClause[bool] = literal_column(
    "(alerts.resolved_reason = 'fraud' AND NOT alerts.is_open AND NOT alerts.is_test)"
)
"""The condition of that index: a verdict of fraud on a real alert."""
Index(
    "ix_alerts_open_kinds",
    *(
        alerts.c[name]
        for name in ("partner", "severity_rank", "severity_lower", "alert_type", "detected_at", "is_test", "is_open")
    ),
    **where("is_open"),
)

# Answered alerts by the hour of their resolution, as domain/response_clock.py counts them. Triggers on alerts keep it
# up: rows of an hour add up, and one that counts against it takes back what another counted.
answer_tallies = Table(
    "answer_tallies",
    metadata,
    Column("id", Serial, primary_key=True),
    words("partner"),
    moment("hour"),
    Column("count", Integer, nullable=False),
    Column("seconds", BigInteger, nullable=False),
    Column("within_hour", Integer, nullable=False),
    Column("within_day", Integer, nullable=False),
    Column("reasoned", Integer, nullable=False),
)
Index("ix_answer_tallies_hour", *(column for column in answer_tallies.c if column.name != "id"))

notes = Table(
    "notes",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("number", Integer, ForeignKey(alerts.c.number), nullable=False),
    moment("at"),
    words("by_id"),
    words("by_name"),
    words("text"),
    sqlite_autoincrement=True,
)
Index("ix_notes_number", notes.c.number, notes.c.id)

names = Table(
    "names",
    metadata,
    words("partner", key=True),
    words("tenant_id", key=True),  # lower case
    words("name"),
    words("name_lower"),
    moment("learned_at"),
)

conversations = Table(
    "conversations",
    metadata,
    words("id", key=True),
    words("kind"),
    words("tenant_id"),
    words("service_url"),
    words("bot_id"),
    words("name"),
    words("team_id"),
    words("team_name"),
    words("person_id"),
    words("state"),
)
Index("ix_conversations_team", conversations.c.team_id)
Index("ix_conversations_person", conversations.c.person_id)

routes = Table(
    "routes",
    metadata,
    words("conversation_id", key=True),
    words("partner", key=True),
    Column("is_on", Boolean, nullable=False),
    words("filter_text"),
    words("by_id"),
    words("by_name"),
    Column("summarised", Boolean, nullable=False),
    moment("begun_at", null=True),  # null: not begun, or begun by a program that did not write it down
)
Index("ix_routes_partner", routes.c.partner)

people = Table(
    "people",
    metadata,
    words("id", key=True),  # the Entra object id, or the MRI of someone who has none
    words("aad_id"),
    words("mri"),
    words("name"),
    words("tenant_id"),
    words("upn"),
    moment("seen_at"),
)
Index("ix_people_mri", people.c.mri)

people_seen = Table(
    "people_seen",
    metadata,
    words("person_id", key=True),
    words("conversation_id", key=True),
    moment("seen_at"),
)

people_roles = Table(
    "people_roles",
    metadata,
    words("person_id", key=True),
    words("partner", key=True),
    Column("admin_agent", Boolean, nullable=False),
    Column("global_administrator", Boolean, nullable=False),
    moment("checked_at"),
)

intents = Table(
    "intents",
    metadata,
    words("id", key=True),
    words("partner"),
    words("alert_id"),
    words("status"),
    words("reason"),
    words("note"),
    words("by_id"),
    words("by_name"),
    moment("at"),
    words("conversation_id"),
    Column("may_replace", Boolean, nullable=False),
    words("state"),
    Column("attempts", Integer, nullable=False),
    words("error"),
    words("owner"),
    moment("claimed_until"),
    words("bulk", later=True),
    words("only_from", later=True),
    ForeignKeyConstraint(["partner", "alert_id"], [alerts.c.partner, alerts.c.id]),
)
Index("ux_intents_open", intents.c.partner, intents.c.alert_id, unique=True, **where("state = 'open'"))
Index("ix_intents_due", intents.c.claimed_until, **where("state = 'open'"))
Index("ix_intents_bulk", intents.c.bulk, **where("bulk <> ''"))

cards = Table(
    "cards",
    metadata,
    words("id", key=True),
    words("partner"),
    words("alert_id"),
    words("conversation_id"),
    words("activity_id"),
    moment("created_at"),
    words("replaces"),
    Column("repeat", Boolean, nullable=False),
    words("replaced_by"),
    ForeignKeyConstraint(["partner", "alert_id"], [alerts.c.partner, alerts.c.id]),
)
Index("ix_cards_alert", cards.c.partner, cards.c.alert_id)
Index("ix_cards_activity", cards.c.conversation_id, cards.c.activity_id)
Index("ix_cards_created", cards.c.conversation_id, cards.c.created_at)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Serial, primary_key=True),
    words("conversation_id"),
    words("kind"),
    words("card_id"),
    Column("payload", Json, nullable=False),
    Column("priority", Integer, nullable=False),
    words("dedup_key"),
    words("state"),
    Column("attempts", Integer, nullable=False),
    Column("repeat", Boolean, nullable=False),
    moment("created_at"),
    moment("due_at"),  # when it was first meant to go
    moment("available_at"),  # when it is looked at next: pending, for sending; uncertain, for giving up hope
    words("owner"),
    words("fence"),
    moment("lease_until", null=True),
    words("activity_id"),
    moment("sent_at", null=True),
    words("error"),
    sqlite_autoincrement=True,
)
Index(
    "ux_outbox_dedup",
    outbox.c.conversation_id,
    outbox.c.dedup_key,
    unique=True,
    **where("state = 'pending' AND dedup_key <> ''"),
)
Index("ux_outbox_sending", outbox.c.conversation_id, unique=True, **where("state = 'sending'"))
Index(
    "ix_outbox_pending",
    outbox.c.conversation_id,
    outbox.c.priority.desc(),
    outbox.c.id,
    outbox.c.available_at,
    **where("state = 'pending'"),
)
Index("ix_outbox_state", outbox.c.state, outbox.c.due_at)
Index("ix_outbox_card", outbox.c.card_id, **where("state = 'uncertain'"))
Index("ix_outbox_unsent", outbox.c.card_id, **where("state <> 'sent'"))
Index("ix_outbox_sent", outbox.c.sent_at, **where("state = 'sent'"))

inbox = Table(
    "inbox",
    metadata,
    words("key", key=True),
    moment("at"),
    Column("answer", Json, nullable=True),
)
Index("ix_inbox_at", inbox.c.at)

audit = Table(
    "audit",
    metadata,
    words("partner", key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    moment("at"),
    words("act"),
    words("outcome"),
    words("actor_id"),
    words("actor_name"),
    words("subject"),
    Column("detail", Json, nullable=False),
    words("previous"),
    words("hash"),
)

audit_heads = Table(
    "audit_heads",
    metadata,
    words("partner", key=True),
    Column("length", BigInteger, nullable=False),
    words("hash"),
)

exports = Table(
    "exports",
    metadata,
    words("id", key=True),
    words("person_id"),
    words("tenant_id"),
    Column("query", Json, nullable=False),
    words("file_name"),
    Column("rows", Integer, nullable=False),
    moment("expires_at"),
    words("token_hash"),
)
Index("ux_exports_token", exports.c.token_hash, unique=True, **where("token_hash <> ''"))
Index("ix_exports_expiry", exports.c.expires_at)

sign_ins = Table(
    "sign_ins",
    metadata,
    words("state", key=True),
    words("person_id"),
    words("tenant_id"),
    words("after"),
    Column("flow", Json, nullable=False),
    moment("expires_at"),
)
Index("ix_sign_ins_expiry", sign_ins.c.expires_at)

leases = Table(
    "leases",
    metadata,
    words("name", key=True),
    words("owner"),
    moment("until"),
)

syncs = Table(
    "syncs",
    metadata,
    words("partner", key=True),
    Column("baseline", Boolean, nullable=False),
    moment("last_open_at", null=True),
    moment("last_full_at", null=True),
    words("error"),
)

vault = Table(
    "vault",
    metadata,
    words("kind", key=True),
    words("owner", key=True),
    Column("blob", LargeBinary, nullable=False),
    words("key_id"),
    Column("version", BigInteger, nullable=False),
    moment("changed_at"),
)
Index("ix_vault_key", vault.c.key_id)
