"""What the auditor needs: when a route began, and unsent items by card. Also from which version on programs can work
with this schema, so that the version before starts beside a newer one. Adds only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    op.add_column("routes", sa.Column("begun_at", MOMENT, nullable=True))
    unsent = sa.text("state <> 'sent'")
    op.create_index("ix_outbox_unsent", "outbox", ["card_id"], sqlite_where=unsent, postgresql_where=unsent)
    counters = sa.table("counters", sa.column("name", sa.Text), sa.column("value", sa.Integer))
    op.bulk_insert(counters, [{"name": "schema for", "value": 6}])
