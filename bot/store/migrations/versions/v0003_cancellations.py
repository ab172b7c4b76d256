"""Requests to cancel or reactivate, and their cards. Adds tables and touches no other, as 0002 does."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
PLAN_COLUMNS = "number, plan, digest, request_id, kind, partner, entitlement_lower, asked_at, expires_at"


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    _create_cancellations()
    _create_request_cards()
    op.execute(sa.text("INSERT INTO counters (name, value) VALUES ('requests', 0)"))
    _keep_plans()


def _create_cancellations() -> None:
    op.create_table(
        "cancellations",
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("digest", WORDS, nullable=False),
        sa.Column("request_id", WORDS, nullable=False),
        sa.Column("kind", WORDS, nullable=False),
        sa.Column("partner", WORDS, nullable=False),
        sa.Column("entitlement_lower", WORDS, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", WORDS, nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("approver_id", WORDS, nullable=False),
        sa.Column("approver_name", WORDS, nullable=False),
        sa.Column("approved_at", MOMENT, nullable=True),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("accepted_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("outcome", WORDS, nullable=False),
        sa.Column("code", WORDS, nullable=False),
        sa.Column("earliest_at", MOMENT, nullable=True),
        sa.Column("seen_status", WORDS, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=True),
        sa.Column("notified", sa.Boolean(), nullable=False),
        sa.Column("reminded", sa.Boolean(), nullable=False),
        sa.Column("asked_names", sa.Text(), nullable=False),
        sa.Column("unreached", sa.Text(), nullable=False),
        sa.Column("marks", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("owner", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_cancellations"),
        sa.UniqueConstraint("request_id", name="uq_cancellations_request_id"),
    )
    op.create_index(
        "ux_cancellations_open", "cancellations", ["partner", "entitlement_lower"], unique=True, **_where("is_open")
    )
    op.create_index("ix_cancellations_subscription", "cancellations", ["partner", "entitlement_lower", "number"])
    op.create_index("ix_cancellations_due", "cancellations", ["due_at", "number"], **_where("due_at IS NOT NULL"))


def _create_request_cards() -> None:
    op.create_table(
        "request_cards",
        sa.Column("id", WORDS, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("conversation_id", WORDS, nullable=False),
        sa.Column("activity_id", WORDS, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("root_card_id", WORDS, nullable=False),
        sa.Column("person_id", WORDS, nullable=False),
        sa.Column("mentions", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_request_cards"),
        sa.ForeignKeyConstraint(["number"], ["cancellations.number"], name="fk_request_cards_cancellations"),
    )
    op.create_index("ix_request_cards_number", "request_cards", ["number"])


def _keep_plans() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name, change in (("kept", "DELETE"), ("fixed", f"UPDATE OF {PLAN_COLUMNS}")):
            op.execute(
                f"CREATE TRIGGER cancellations_plan_is_{name} BEFORE {change} ON cancellations "
                "BEGIN SELECT RAISE(ABORT, 'a plan is neither changed nor deleted'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION plan_is_kept() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'a plan is neither changed nor deleted'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER cancellations_plan_is_kept BEFORE UPDATE OF {PLAN_COLUMNS} OR DELETE OR TRUNCATE "
        "ON cancellations FOR EACH STATEMENT EXECUTE FUNCTION plan_is_kept()"
    )
