"""Roll-up cards of storms. Adds tables and an index to `cards`, and changes nothing that older programs use."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    _create_rollups()
    _create_members()
    _create_arrivals()
    op.create_index("ix_cards_created", "cards", ["conversation_id", "created_at"])


def _create_rollups() -> None:
    op.create_table(
        "rollups",
        sa.Column("id", WORDS, nullable=False),
        sa.Column("conversation_id", WORDS, nullable=False),
        sa.Column("scope", WORDS, nullable=False),
        sa.Column("state", WORDS, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("activity_id", WORDS, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("hot_at", MOMENT, nullable=False),
        sa.Column("redraw_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("repeat", sa.Boolean(), nullable=False),
        sa.Column("replaces", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rollups"),
    )
    op.create_index("ux_rollups_open", "rollups", ["conversation_id", "scope"], unique=True, **_where("state = 'open'"))
    op.create_index("ix_rollups_conversation", "rollups", ["conversation_id", "opened_at"])
    op.create_index("ix_rollups_live", "rollups", ["state", "hot_at"], **_where("state <> 'closed'"))


def _create_members() -> None:
    op.create_table(
        "rollup_members",
        sa.Column("rollup_id", WORDS, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("joined_at", MOMENT, nullable=False),
        sa.Column("left_at", MOMENT, nullable=True),
        sa.Column("news_at", MOMENT, nullable=True),
        sa.Column("news", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("rollup_id", "number", name="pk_rollup_members"),
        sa.ForeignKeyConstraint(["rollup_id"], ["rollups.id"], name="fk_rollup_members_rollups"),
        sa.ForeignKeyConstraint(["number"], ["alerts.number"], name="fk_rollup_members_alerts"),
    )
    op.create_index("ix_rollup_members_number", "rollup_members", ["number"])
    op.create_index("ix_rollup_members_left", "rollup_members", ["left_at"], **_where("left_at IS NOT NULL"))
    op.create_index(
        "ix_rollup_members_news", "rollup_members", ["rollup_id", "news_at"], **_where("news_at IS NOT NULL")
    )


def _create_arrivals() -> None:
    op.create_table(
        "arrivals",
        sa.Column("conversation_id", WORDS, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("subscription_lower", WORDS, nullable=False),
        sa.Column("customer_lower", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "number", name="pk_arrivals"),
        sa.ForeignKeyConstraint(["number"], ["alerts.number"], name="fk_arrivals_alerts"),
    )
    op.create_index("ix_arrivals_at", "arrivals", ["at"])
    op.create_index("ix_arrivals_conversation", "arrivals", ["conversation_id", "at"])
    op.create_index("ix_arrivals_subscription", "arrivals", ["conversation_id", "subscription_lower", "at"])
    op.create_index("ix_arrivals_customer", "arrivals", ["conversation_id", "customer_lower", "at"])
