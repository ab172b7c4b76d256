"""The first schema."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

FIRST_ALERT_NUMBER = 1001


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    _create_tables()
    op.execute(
        sa.text("INSERT INTO counters (name, value) VALUES ('alert', :last)").bindparams(last=FIRST_ALERT_NUMBER - 1)
    )
    _make_audit_append_only()


def _make_audit_append_only() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{change.lower()} BEFORE {change} ON audit "
                "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
    )


def _create_tables() -> None:
    op.create_table(
        "alerts",
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("partner", WORDS, nullable=False),
        sa.Column("id", WORDS, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("first_seen_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("name", WORDS, nullable=False),
        sa.Column("alert_type", WORDS, nullable=False),
        sa.Column("status", WORDS, nullable=False),
        sa.Column("severity", WORDS, nullable=False),
        sa.Column("confidence", WORDS, nullable=False),
        sa.Column("detected_at", MOMENT, nullable=False),
        sa.Column("first_observed_at", MOMENT, nullable=True),
        sa.Column("last_observed_at", MOMENT, nullable=True),
        sa.Column("customer_tenant_id", WORDS, nullable=False),
        sa.Column("subscription_id", WORDS, nullable=False),
        sa.Column("reseller_tenant_id", WORDS, nullable=False),
        sa.Column("catalog_offer_id", WORDS, nullable=False),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("resolved_reason", WORDS, nullable=False),
        sa.Column("resolved_by", WORDS, nullable=False),
        sa.Column("resolved_at", MOMENT, nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("id_lower", WORDS, nullable=False),
        sa.Column("alert_type_lower", WORDS, nullable=False),
        sa.Column("status_lower", WORDS, nullable=False),
        sa.Column("severity_lower", WORDS, nullable=False),
        sa.Column("severity_rank", sa.Integer(), nullable=False),
        sa.Column("customer_lower", WORDS, nullable=False),
        sa.Column("subscription_lower", WORDS, nullable=False),
        sa.Column("reseller_lower", WORDS, nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("answered_late", sa.Boolean(), nullable=True),
        sa.Column("decision_verdict", WORDS, nullable=True),
        sa.Column("decision_by_name", WORDS, nullable=True),
        sa.Column("decision_by_id", WORDS, nullable=True),
        sa.Column("decision_at", MOMENT, nullable=True),
        sa.Column("decision_note", WORDS, nullable=True),
        sa.Column("decision_via", WORDS, nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_alerts"),
        sa.UniqueConstraint("partner", "id", name="uq_alerts_partner_id"),
    )
    op.create_index("ix_alerts_customer", "alerts", ["partner", "customer_lower"])
    op.create_index("ix_alerts_id_lower", "alerts", ["partner", "id_lower"])
    op.create_index("ix_alerts_list", "alerts", ["partner", "severity_rank", "detected_at", "number"])
    op.create_index(
        "ix_alerts_open_list",
        "alerts",
        ["partner", "severity_rank", "detected_at", "number", "id", "is_open"],
        **_where("is_open"),
    )
    op.create_index("ix_alerts_reseller", "alerts", ["partner", "reseller_lower"])
    op.create_index("ix_alerts_subscription", "alerts", ["partner", "subscription_lower"])
    op.create_table(
        "audit",
        sa.Column("partner", WORDS, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("act", WORDS, nullable=False),
        sa.Column("outcome", WORDS, nullable=False),
        sa.Column("actor_id", WORDS, nullable=False),
        sa.Column("actor_name", WORDS, nullable=False),
        sa.Column("subject", WORDS, nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous", WORDS, nullable=False),
        sa.Column("hash", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("partner", "seq", name="pk_audit"),
    )
    op.create_table(
        "audit_heads",
        sa.Column("partner", WORDS, nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("hash", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("partner", name="pk_audit_heads"),
    )
    op.create_table(
        "conversations",
        sa.Column("id", WORDS, nullable=False),
        sa.Column("kind", WORDS, nullable=False),
        sa.Column("tenant_id", WORDS, nullable=False),
        sa.Column("service_url", WORDS, nullable=False),
        sa.Column("bot_id", WORDS, nullable=False),
        sa.Column("name", WORDS, nullable=False),
        sa.Column("team_id", WORDS, nullable=False),
        sa.Column("team_name", WORDS, nullable=False),
        sa.Column("person_id", WORDS, nullable=False),
        sa.Column("state", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
    )
    op.create_index("ix_conversations_person", "conversations", ["person_id"])
    op.create_index("ix_conversations_team", "conversations", ["team_id"])
    op.create_table(
        "counters",
        sa.Column("name", WORDS, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counters"),
    )
    op.create_table(
        "exports",
        sa.Column("id", WORDS, nullable=False),
        sa.Column("person_id", WORDS, nullable=False),
        sa.Column("tenant_id", WORDS, nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("file_name", WORDS, nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("token_hash", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_exports"),
    )
    op.create_index("ix_exports_expiry", "exports", ["expires_at"])
    op.create_index("ux_exports_token", "exports", ["token_hash"], unique=True, **_where("token_hash <> ''"))
    op.create_table(
        "inbox",
        sa.Column("key", WORDS, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_inbox"),
    )
    op.create_index("ix_inbox_at", "inbox", ["at"])
    op.create_table(
        "leases",
        sa.Column("name", WORDS, nullable=False),
        sa.Column("owner", WORDS, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    op.create_table(
        "names",
        sa.Column("partner", WORDS, nullable=False),
        sa.Column("tenant_id", WORDS, nullable=False),
        sa.Column("name", WORDS, nullable=False),
        sa.Column("name_lower", WORDS, nullable=False),
        sa.Column("learned_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("partner", "tenant_id", name="pk_names"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("conversation_id", WORDS, nullable=False),
        sa.Column("kind", WORDS, nullable=False),
        sa.Column("card_id", WORDS, nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("dedup_key", WORDS, nullable=False),
        sa.Column("state", WORDS, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("repeat", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("available_at", MOMENT, nullable=False),
        sa.Column("owner", WORDS, nullable=False),
        sa.Column("fence", WORDS, nullable=False),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("activity_id", WORDS, nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("error", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_card", "outbox", ["card_id"], **_where("state = 'uncertain'"))
    op.create_index(
        "ix_outbox_pending",
        "outbox",
        ["conversation_id", sa.text("priority DESC"), "id", "available_at"],
        **_where("state = 'pending'"),
    )
    op.create_index("ix_outbox_sent", "outbox", ["sent_at"], **_where("state = 'sent'"))
    op.create_index("ix_outbox_state", "outbox", ["state", "due_at"])
    op.create_index(
        "ux_outbox_dedup",
        "outbox",
        ["conversation_id", "dedup_key"],
        unique=True,
        **_where("state = 'pending' AND dedup_key <> ''"),
    )
    op.create_index("ux_outbox_sending", "outbox", ["conversation_id"], unique=True, **_where("state = 'sending'"))
    op.create_table(
        "people",
        sa.Column("id", WORDS, nullable=False),
        sa.Column("aad_id", WORDS, nullable=False),
        sa.Column("mri", WORDS, nullable=False),
        sa.Column("name", WORDS, nullable=False),
        sa.Column("tenant_id", WORDS, nullable=False),
        sa.Column("upn", WORDS, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
    )
    op.create_index("ix_people_mri", "people", ["mri"])
    op.create_table(
        "people_roles",
        sa.Column("person_id", WORDS, nullable=False),
        sa.Column("partner", WORDS, nullable=False),
        sa.Column("admin_agent", sa.Boolean(), nullable=False),
        sa.Column("global_administrator", sa.Boolean(), nullable=False),
        sa.Column("checked_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("person_id", "partner", name="pk_people_roles"),
    )
    op.create_table(
        "people_seen",
        sa.Column("person_id", WORDS, nullable=False),
        sa.Column("conversation_id", WORDS, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("person_id", "conversation_id", name="pk_people_seen"),
    )
    op.create_table(
        "routes",
        sa.Column("conversation_id", WORDS, nullable=False),
        sa.Column("partner", WORDS, nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("filter_text", WORDS, nullable=False),
        sa.Column("by_id", WORDS, nullable=False),
        sa.Column("by_name", WORDS, nullable=False),
        sa.Column("summarised", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "partner", name="pk_routes"),
    )
    op.create_index("ix_routes_partner", "routes", ["partner"])
    op.create_table(
        "sign_ins",
        sa.Column("state", WORDS, nullable=False),
        sa.Column("person_id", WORDS, nullable=False),
        sa.Column("tenant_id", WORDS, nullable=False),
        sa.Column("after", WORDS, nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("state", name="pk_sign_ins"),
    )
    op.create_index("ix_sign_ins_expiry", "sign_ins", ["expires_at"])
    op.create_table(
        "syncs",
        sa.Column("partner", WORDS, nullable=False),
        sa.Column("baseline", sa.Boolean(), nullable=False),
        sa.Column("last_open_at", MOMENT, nullable=True),
        sa.Column("last_full_at", MOMENT, nullable=True),
        sa.Column("error", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("partner", name="pk_syncs"),
    )
    op.create_table(
        "cards",
        sa.Column("id", WORDS, nullable=False),
        sa.Column("partner", WORDS, nullable=False),
        sa.Column("alert_id", WORDS, nullable=False),
        sa.Column("conversation_id", WORDS, nullable=False),
        sa.Column("activity_id", WORDS, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("replaces", WORDS, nullable=False),
        sa.Column("repeat", sa.Boolean(), nullable=False),
        sa.Column("replaced_by", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cards"),
        sa.ForeignKeyConstraint(["partner", "alert_id"], ["alerts.partner", "alerts.id"], name="fk_cards_alerts"),
    )
    op.create_index("ix_cards_activity", "cards", ["conversation_id", "activity_id"])
    op.create_index("ix_cards_alert", "cards", ["partner", "alert_id"])
    op.create_table(
        "intents",
        sa.Column("id", WORDS, nullable=False),
        sa.Column("partner", WORDS, nullable=False),
        sa.Column("alert_id", WORDS, nullable=False),
        sa.Column("status", WORDS, nullable=False),
        sa.Column("reason", WORDS, nullable=False),
        sa.Column("note", WORDS, nullable=False),
        sa.Column("by_id", WORDS, nullable=False),
        sa.Column("by_name", WORDS, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("conversation_id", WORDS, nullable=False),
        sa.Column("may_replace", sa.Boolean(), nullable=False),
        sa.Column("state", WORDS, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", WORDS, nullable=False),
        sa.Column("owner", WORDS, nullable=False),
        sa.Column("claimed_until", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_intents"),
        sa.ForeignKeyConstraint(["partner", "alert_id"], ["alerts.partner", "alerts.id"], name="fk_intents_alerts"),
    )
    op.create_index("ix_intents_due", "intents", ["claimed_until"], **_where("state = 'open'"))
    op.create_index("ux_intents_open", "intents", ["partner", "alert_id"], unique=True, **_where("state = 'open'"))
    op.create_table(
        "notes",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by_id", WORDS, nullable=False),
        sa.Column("by_name", WORDS, nullable=False),
        sa.Column("text", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notes"),
        sa.ForeignKeyConstraint(["number"], ["alerts.number"], name="fk_notes_alerts"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_notes_number", "notes", ["number", "id"])
