"""Tallies of answered alerts, kept up by the database itself: a program of the version before, which knows nothing of
them, changes alerts beside this one. Each change adds a row that counts for or against its hour, so that no two
transactions ever wait for each other's tally."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
COLUMNS = "partner, hour, count, seconds, within_hour, within_day, reasoned"

# From detection to resolution in whole seconds, begun ones counted, and the hour of the resolution.
SQLITE_SECONDS = (
    "max(0, CAST(strftime('%s', substr({0}.resolved_at, 1, 19)) AS INTEGER)"
    " - CAST(strftime('%s', substr({0}.detected_at, 1, 19)) AS INTEGER)"
    " + (substr({0}.resolved_at, 20) > substr({0}.detected_at, 20)))"
)
SQLITE_HOUR = "substr({0}.resolved_at, 1, 14) || '00:00.000000Z'"
POSTGRES_SECONDS = "GREATEST(0, CEIL(EXTRACT(EPOCH FROM ({0}.resolved_at - {0}.detected_at))))::bigint"
POSTGRES_HOUR = "date_trunc('hour', {0}.resolved_at, 'UTC')"
ANSWERED = "NOT {0}.is_open AND NOT {0}.is_test AND {0}.resolved_at IS NOT NULL"
LOOKED_AT = "{0}.resolved_at, {0}.detected_at, {0}.is_open, {0}.is_test, {0}.resolved_reason"


def upgrade() -> None:
    op.create_table(
        "answer_tallies",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("partner", WORDS, nullable=False),
        sa.Column("hour", MOMENT, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("within_hour", "within_day", "reasoned")),
        sa.PrimaryKeyConstraint("id", name="pk_answer_tallies"),
    )
    op.create_index("ix_answer_tallies_hour", "answer_tallies", COLUMNS.split(", "))
    of_open = ["partner", "severity_rank", "severity_lower", "alert_type", "detected_at", "is_test", "is_open"]
    only = sa.text("is_open")
    op.create_index("ix_alerts_open_kinds", "alerts", of_open, sqlite_where=only, postgresql_where=only)

    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in [counted(on_sqlite=on_sqlite), *(_sqlite_triggers() if on_sqlite else _postgres_trigger())]:
        op.get_bind().exec_driver_sql(statement)


def counted(*, on_sqlite: bool) -> str:
    """What was answered before."""
    seconds, hour = (SQLITE_SECONDS, SQLITE_HOUR) if on_sqlite else (POSTGRES_SECONDS, POSTGRES_HOUR)
    inner = f"SELECT partner, {hour} AS hour, {seconds} AS s, resolved_reason FROM alerts WHERE {ANSWERED}"  # noqa: S608
    return (
        f"INSERT INTO answer_tallies ({COLUMNS}) "  # noqa: S608 our own words
        "SELECT partner, hour, COUNT(*), SUM(s), SUM(CASE WHEN s <= 3600 THEN 1 ELSE 0 END), "
        "SUM(CASE WHEN s <= 86400 THEN 1 ELSE 0 END), SUM(CASE WHEN resolved_reason <> '' THEN 1 ELSE 0 END) "
        f"FROM ({inner.format('alerts')}) AS answered GROUP BY partner, hour"
    )


def _tally(row: str, seconds: str, hour: str, sign: str) -> str:
    """Counts a row of a trigger, OLD or NEW, if it was answered."""
    inner = f"SELECT {seconds} AS s WHERE {ANSWERED}".format(row)
    return (
        f"INSERT INTO answer_tallies ({COLUMNS}) "  # noqa: S608 our own words
        f"SELECT {row}.partner, {hour.format(row)}, {sign}1, {sign}s, {sign}CASE WHEN s <= 3600 THEN 1 ELSE 0 END, "
        f"{sign}CASE WHEN s <= 86400 THEN 1 ELSE 0 END, {sign}CASE WHEN {row}.resolved_reason <> '' THEN 1 ELSE 0 END "
        f"FROM ({inner}) AS answered"
    )


def _sqlite_triggers() -> list[str]:
    new = _tally("NEW", SQLITE_SECONDS, SQLITE_HOUR, "")
    old = _tally("OLD", SQLITE_SECONDS, SQLITE_HOUR, "-")
    columns = LOOKED_AT.format("alerts").replace("alerts.", "")
    changed = f"({LOOKED_AT.format('OLD')}) IS NOT ({LOOKED_AT.format('NEW')})"
    return [
        f"CREATE TRIGGER alerts_answered_new AFTER INSERT ON alerts BEGIN {new}; END",
        (
            f"CREATE TRIGGER alerts_answered_changed AFTER UPDATE OF {columns} ON alerts WHEN {changed} "
            f"BEGIN {old}; {new}; END"
        ),
    ]


def _postgres_trigger() -> list[str]:
    new = _tally("NEW", POSTGRES_SECONDS, POSTGRES_HOUR, "")
    old = _tally("OLD", POSTGRES_SECONDS, POSTGRES_HOUR, "-")
    columns = LOOKED_AT.format("alerts").replace("alerts.", "")
    same = f"({LOOKED_AT.format('OLD')}) IS NOT DISTINCT FROM ({LOOKED_AT.format('NEW')})"
    return [
        (
            "CREATE FUNCTION alerts_answered() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF TG_OP = 'UPDATE' THEN IF {same} THEN RETURN NULL; END IF; {old}; END IF; {new}; RETURN NULL; END $$"
        ),
        (
            f"CREATE TRIGGER alerts_answered AFTER INSERT OR UPDATE OF {columns} ON alerts "
            "FOR EACH ROW EXECUTE FUNCTION alerts_answered()"
        ),
    ]
