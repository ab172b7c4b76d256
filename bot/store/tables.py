"""Every table, index and constraint. The migrations create the same, which a contract test compares.

A column `x_lower` holds Python's `x.lower()`, because the two databases would lower other letters differently.
"""

from __future__ import annotations

from typing import Any

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
    MetaData,
    Table,
    UniqueConstraint,
    literal_column,
    text,
)

from bot.store.column_types import Json, Moment, Serial, Words

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)


def _words(name: str, *, key: bool = False, null: bool = False) -> Column[str]:
    return Column(name, Words, primary_key=key, nullable=null)


def _moment(name: str, *, null: bool = False) -> Column[object]:
    return Column(name, Moment, nullable=null)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


counters = Table(
    "counters",
    metadata,
    _words("name", key=True),
    Column("value", BigInteger, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    _words("partner"),
    _words("id"),
    Column("version", Integer, nullable=False),
    _moment("first_seen_at"),
    _moment("changed_at"),
    # What the source said
    _words("name"),
    _words("alert_type"),
    _words("status"),
    _words("severity"),
    _words("confidence"),
    _moment("detected_at"),
    _moment("first_observed_at", null=True),
    _moment("last_observed_at", null=True),
    _words("customer_tenant_id"),
    _words("subscription_id"),
    _words("reseller_tenant_id"),
    _words("catalog_offer_id"),
    Column("is_test", Boolean, nullable=False),
    _words("resolved_reason"),
    _words("resolved_by"),
    _moment("resolved_at", null=True),
    Column("document", Json, nullable=False),  # description, affected resources, additional details, activity log
    # What selections look at
    _words("id_lower"),
    _words("alert_type_lower"),
    _words("status_lower"),
    _words("severity_lower"),
    Column("severity_rank", Integer, nullable=False),
    _words("customer_lower"),
    _words("subscription_lower"),
    _words("reseller_lower"),
    Column("is_open", Boolean, nullable=False),
    Column("answered_late", Boolean, nullable=True),  # null: not answered yet
    # The verdict
    _words("decision_verdict", null=True),
    _words("decision_by_name", null=True),
    _words("decision_by_id", null=True),
    _moment("decision_at", null=True),
    _words("decision_note", null=True),
    _words("decision_via", null=True),
    UniqueConstraint("partner", "id"),
)
IS_OPEN: ColumnClause[bool] = literal_column("alerts.is_open")
"""The condition of a partial index, written as the index has it: SQLite would not take `is_open = 1` for the same."""

Index("ix_alerts_list", *(alerts.c[name] for name in ("partner", "severity_rank", "detected_at", "number")))
# Small, for few alerts are open; it holds all that counting and listing them asks for, or SQLite would not prefer it.
Index(
    "ix_alerts_open_list",
    *(alerts.c[name] for name in ("partner", "severity_rank", "detected_at", "number", "id", "is_open")),
    **_where("is_open"),
)
Index("ix_alerts_id_lower", alerts.c.partner, alerts.c.id_lower)
Index("ix_alerts_subscription", alerts.c.partner, alerts.c.subscription_lower)
Index("ix_alerts_customer", alerts.c.partner, alerts.c.customer_lower)
Index("ix_alerts_reseller", alerts.c.partner, alerts.c.reseller_lower)

notes = Table(
    "notes",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("number", Integer, ForeignKey(alerts.c.number), nullable=False),
    _moment("at"),
    _words("by_id"),
    _words("by_name"),
    _words("text"),
    sqlite_autoincrement=True,
)
Index("ix_notes_number", notes.c.number, notes.c.id)

names = Table(
    "names",
    metadata,
    _words("partner", key=True),
    _words("tenant_id", key=True),  # lower case
    _words("name"),
    _words("name_lower"),
    _moment("learned_at"),
)

conversations = Table(
    "conversations",
    metadata,
    _words("id", key=True),
    _words("kind"),
    _words("tenant_id"),
    _words("service_url"),
    _words("bot_id"),
    _words("name"),
    _words("team_id"),
    _words("team_name"),
    _words("person_id"),
    _words("state"),
)
Index("ix_conversations_team", conversations.c.team_id)
Index("ix_conversations_person", conversations.c.person_id)

routes = Table(
    "routes",
    metadata,
    _words("conversation_id", key=True),
    _words("partner", key=True),
    Column("is_on", Boolean, nullable=False),
    _words("filter_text"),
    _words("by_id"),
    _words("by_name"),
    Column("summarised", Boolean, nullable=False),
)
Index("ix_routes_partner", routes.c.partner)

people = Table(
    "people",
    metadata,
    _words("id", key=True),  # the Entra object id, or the MRI of someone who has none
    _words("aad_id"),
    _words("mri"),
    _words("name"),
    _words("tenant_id"),
    _words("upn"),
    _moment("seen_at"),
)
Index("ix_people_mri", people.c.mri)

people_seen = Table(
    "people_seen",
    metadata,
    _words("person_id", key=True),
    _words("conversation_id", key=True),
    _moment("seen_at"),
)

people_roles = Table(
    "people_roles",
    metadata,
    _words("person_id", key=True),
    _words("partner", key=True),
    Column("admin_agent", Boolean, nullable=False),
    Column("global_administrator", Boolean, nullable=False),
    _moment("checked_at"),
)

intents = Table(
    "intents",
    metadata,
    _words("id", key=True),
    _words("partner"),
    _words("alert_id"),
    _words("status"),
    _words("reason"),
    _words("note"),
    _words("by_id"),
    _words("by_name"),
    _moment("at"),
    _words("conversation_id"),
    Column("may_replace", Boolean, nullable=False),
    _words("state"),
    Column("attempts", Integer, nullable=False),
    _words("error"),
    _words("owner"),
    _moment("claimed_until"),
    ForeignKeyConstraint(["partner", "alert_id"], [alerts.c.partner, alerts.c.id]),
)
Index("ux_intents_open", intents.c.partner, intents.c.alert_id, unique=True, **_where("state = 'open'"))
Index("ix_intents_due", intents.c.claimed_until, **_where("state = 'open'"))

cards = Table(
    "cards",
    metadata,
    _words("id", key=True),
    _words("partner"),
    _words("alert_id"),
    _words("conversation_id"),
    _words("activity_id"),
    _moment("created_at"),
    _words("replaces"),
    Column("repeat", Boolean, nullable=False),
    _words("replaced_by"),
    ForeignKeyConstraint(["partner", "alert_id"], [alerts.c.partner, alerts.c.id]),
)
Index("ix_cards_alert", cards.c.partner, cards.c.alert_id)
Index("ix_cards_activity", cards.c.conversation_id, cards.c.activity_id)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Serial, primary_key=True),
    _words("conversation_id"),
    _words("kind"),
    _words("card_id"),
    Column("payload", Json, nullable=False),
    Column("priority", Integer, nullable=False),
    _words("dedup_key"),
    _words("state"),
    Column("attempts", Integer, nullable=False),
    Column("repeat", Boolean, nullable=False),
    _moment("created_at"),
    _moment("due_at"),  # when it was first meant to go
    _moment("available_at"),  # when it is looked at next: pending, for sending; uncertain, for giving up hope
    _words("owner"),
    _words("fence"),
    _moment("lease_until", null=True),
    _words("activity_id"),
    _moment("sent_at", null=True),
    _words("error"),
    sqlite_autoincrement=True,
)
Index(
    "ux_outbox_dedup",
    outbox.c.conversation_id,
    outbox.c.dedup_key,
    unique=True,
    **_where("state = 'pending' AND dedup_key <> ''"),
)
Index("ux_outbox_sending", outbox.c.conversation_id, unique=True, **_where("state = 'sending'"))
Index(
    "ix_outbox_pending",
    outbox.c.conversation_id,
    outbox.c.priority.desc(),
    outbox.c.id,
    outbox.c.available_at,
    **_where("state = 'pending'"),
)
Index("ix_outbox_state", outbox.c.state, outbox.c.due_at)
Index("ix_outbox_card", outbox.c.card_id, **_where("state = 'uncertain'"))
Index("ix_outbox_sent", outbox.c.sent_at, **_where("state = 'sent'"))

inbox = Table(
    "inbox",
    metadata,
    _words("key", key=True),
    _moment("at"),
    Column("answer", Json, nullable=True),
)
Index("ix_inbox_at", inbox.c.at)

audit = Table(
    "audit",
    metadata,
    _words("partner", key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    _moment("at"),
    _words("act"),
    _words("outcome"),
    _words("actor_id"),
    _words("actor_name"),
    _words("subject"),
    Column("detail", Json, nullable=False),
    _words("previous"),
    _words("hash"),
)

audit_heads = Table(
    "audit_heads",
    metadata,
    _words("partner", key=True),
    Column("length", BigInteger, nullable=False),
    _words("hash"),
)

exports = Table(
    "exports",
    metadata,
    _words("id", key=True),
    _words("person_id"),
    _words("tenant_id"),
    Column("query", Json, nullable=False),
    _words("file_name"),
    Column("rows", Integer, nullable=False),
    _moment("expires_at"),
    _words("token_hash"),
)
Index("ux_exports_token", exports.c.token_hash, unique=True, **_where("token_hash <> ''"))
Index("ix_exports_expiry", exports.c.expires_at)

sign_ins = Table(
    "sign_ins",
    metadata,
    _words("state", key=True),
    _words("person_id"),
    _words("tenant_id"),
    _words("after"),
    Column("flow", Json, nullable=False),
    _moment("expires_at"),
)
Index("ix_sign_ins_expiry", sign_ins.c.expires_at)

leases = Table(
    "leases",
    metadata,
    _words("name", key=True),
    _words("owner"),
    _moment("until"),
)

syncs = Table(
    "syncs",
    metadata,
    _words("partner", key=True),
    Column("baseline", Boolean, nullable=False),
    _moment("last_open_at", null=True),
    _moment("last_full_at", null=True),
    _words("error"),
)

vault = Table(
    "vault",
    metadata,
    _words("kind", key=True),
    _words("owner", key=True),
    Column("blob", LargeBinary, nullable=False),
    _words("key_id"),
    Column("version", BigInteger, nullable=False),
    _moment("changed_at"),
)
Index("ix_vault_key", vault.c.key_id)
