"""The PostgreSQL that store tests stand on: real, empty for each test, and shared by none."""

from __future__ import annotations

import psycopg

from tests.support.postgres import PostgresServer, database_of


def _tables(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]


def _make_table(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (id integer)")


def test_each_database_is_empty_and_apart(postgres_server: PostgresServer, postgres_url: str) -> None:
    _make_table(postgres_url)
    other = postgres_server.fresh()
    assert (_tables(postgres_url), _tables(other)) == (["kept"], [])
    postgres_server.drop(other)


def test_a_template_brings_its_tables(postgres_server: PostgresServer, postgres_url: str) -> None:
    _make_table(postgres_url)
    copy = postgres_server.fresh(template=database_of(postgres_url))
    assert _tables(copy) == ["kept"]
    postgres_server.drop(copy)


def test_rows_are_claimed_past_a_locked_one(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as first, psycopg.connect(postgres_url) as second:
        first.execute("CREATE TABLE work AS SELECT generate_series(1, 2) AS id")
        first.commit()
        claim = "SELECT id FROM work ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED"
        assert (first.execute(claim).fetchone(), second.execute(claim).fetchone()) == ((1,), (2,))
