"""What a team does with alerts beyond the verdict: assigned and snoozed alerts, saved filters, duty, escalations,
digests and drills; indexes for the tiles. Adds tables, and columns with a default or none needed, so that a program of
the version before can work on beside this one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")

_CUSTOMER_SORT = """
    UPDATE alerts SET customer_sort = coalesce((
        SELECT nullif(names.name_lower, '') FROM names
        WHERE names.partner = alerts.partner AND names.tenant_id = alerts.customer_lower
    ), :last || alerts.customer_lower)
"""


def upgrade() -> None:
    for name in ("assigned_id", "assigned_name", "assigned_lower"):
        op.add_column("alerts", sa.Column(name, WORDS, nullable=False, server_default=sa.text("''")))
    op.add_column("alerts", sa.Column("snoozed_until", MOMENT, nullable=True))
    op.add_column("alerts", sa.Column("snoozed_by", WORDS, nullable=False, server_default=sa.text("''")))
    op.add_column("alerts", sa.Column("taken_by", WORDS, nullable=False, server_default=sa.text("''")))
    op.add_column("alerts", sa.Column("customer_sort", WORDS, nullable=False, server_default=sa.text("''")))
    op.execute(sa.text(_CUSTOMER_SORT).bindparams(last="\U0010ffff"))
    by_status = ["partner", "status_lower", "severity_rank", "detected_at", "number", "is_test", "is_open"]
    _index("ix_alerts_open_status", "alerts", by_status, "is_open")
    by_time = ["partner", "detected_at", "number", "is_open", "id_lower", "subscription_lower"]
    _index("ix_alerts_open_detected", "alerts", by_time, "is_open")
    by_customer = ["partner", "customer_sort", "detected_at", "number"]
    op.create_index("ix_alerts_by_customer", "alerts", by_customer)
    _index("ix_alerts_open_by_customer", "alerts", [*by_customer, "is_open"], "is_open")
    of_history = ["partner", "subscription_lower", "detected_at"]
    _index("ix_alerts_history", "alerts", of_history, "decision_verdict IS NOT NULL")
    _index("ix_alerts_assigned", "alerts", ["partner", "assigned_id"], "assigned_id <> ''")
    _index("ix_alerts_snoozed", "alerts", ["partner", "snoozed_until"], "snoozed_until IS NOT NULL")
    op.create_index("ix_alerts_detected", "alerts", ["partner", "detected_at", "number", "is_test"])
    of_resolved = ["partner", "resolved_at", "detected_at", "is_test", "is_open", "resolved_reason"]
    _index("ix_alerts_resolved", "alerts", of_resolved, "resolved_at IS NOT NULL")

    op.create_table(
        "saved_filters",
        *(
            sa.Column(name, WORDS, nullable=False)
            for name in ("scope", "name_lower", "name", "words", "by_id", "by_name")
        ),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("scope", "name_lower", name="pk_saved_filters"),
    )
    op.create_table(
        "duty",
        sa.Column("conversation_id", WORDS, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", name="pk_duty"),
    )
    op.create_table(
        "escalations",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("conversation_id", WORDS, nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("number", "conversation_id", name="pk_escalations"),
        sa.ForeignKeyConstraint(["number"], ["alerts.number"], name="fk_escalations_alerts"),
    )
    op.create_index("ix_escalations_at", "escalations", ["at"])
    op.create_table(
        "digests",
        sa.Column("conversation_id", WORDS, nullable=False),
        sa.Column("kind", WORDS, nullable=False),
        sa.Column("zone", WORDS, nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=True),
        sa.Column("by_id", WORDS, nullable=False),
        sa.Column("by_name", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "kind", name="pk_digests"),
    )
    op.create_index("ix_digests_next", "digests", ["next_at"])
    op.create_table(
        "refunds",
        *(
            sa.Column(name, WORDS, nullable=False)
            for name in ("partner", "subscription_lower", "customer_lower", "ticket", "by_id", "by_name")
        ),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("partner", "subscription_lower", name="pk_refunds"),
    )
    op.create_index("ix_refunds_customer", "refunds", ["partner", "customer_lower"])
    of_fraud = ["partner", "subscription_lower", "first_observed_at", "detected_at", "customer_lower", "number"]
    of_fraud += ["resolved_reason", "is_open", "is_test"]
    _index("ix_alerts_fraud", "alerts", of_fraud, "resolved_reason = 'fraud' AND NOT is_open AND NOT is_test")
    op.create_table(
        "drills",
        *(
            sa.Column(name, WORDS, nullable=False)
            for name in ("id", "partner", "conversation_id", "severity", "by_id", "by_name")
        ),
        sa.Column("begun_at", MOMENT, nullable=False),
        *(sa.Column(name, MOMENT, nullable=True) for name in ("detected_at", "carded_at", "acknowledged_at")),
        sa.Column("acknowledged_by", WORDS, nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        *(sa.Column(name, WORDS, nullable=False) for name in ("decided_by", "verdict")),
        sa.Column("reported_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_drills"),
    )
    only_one = sa.text("reported_at IS NULL")
    op.create_index(
        "ux_drills_open", "drills", ["partner"], unique=True, sqlite_where=only_one, postgresql_where=only_one
    )
    op.create_index("ix_drills_partner", "drills", ["partner", "begun_at"])


def _index(name: str, table: str, columns: list[str], condition: str) -> None:
    only = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=only, postgresql_where=only)
