"""What every test gets: a clean environment, Hypothesis without clocks, and PostgreSQL when it asks for it.

`postgres_url` is a new, empty database for one test. A suite that wants its schema ready makes it once, with
`postgres_server.fresh()`, and copies it for each test with `postgres_server.fresh(template=database_of(url))`.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.support import postgres
from tests.support.postgres import PostgresServer

POSTGRES_FOLDER = pytest.StashKey[Path]()

# Busy machines make single examples slow; the timeout of the whole test is the guard.
hypothesis.settings.register_profile("project", deadline=None)
hypothesis.settings.load_profile("project")


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell starts its background jobs so, and the programs that tests start would inherit deafness to Ctrl-C.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in [name for name in os.environ if name.startswith("ALERTDESK_")]:
        del os.environ[name]  # the settings of whoever runs the tests must not reach them
    if (worker := getattr(config, "workerinput", None)) is not None:
        config.stash[POSTGRES_FOLDER] = Path(worker["postgres_folder"])
    else:
        config.stash[POSTGRES_FOLDER] = Path(tempfile.mkdtemp(prefix="alertdesk-postgres-"))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist: runs in the controlling process for each worker that it is about to start."""
    node.workerinput["postgres_folder"] = str(node.config.stash[POSTGRES_FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        postgres.stop(config.stash[POSTGRES_FOLDER])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark by what a test asks for, so that `-m "not postgres and not browser"` is always right."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "postgres_server" in fixtures:
            item.add_marker(pytest.mark.postgres)
        if "browser" in fixtures:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> PostgresServer:
    """The PostgreSQL server of this run, started by the first worker that asks."""
    return postgres.start(pytestconfig.stash[POSTGRES_FOLDER])


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a new, empty database for this test alone."""
    url = postgres_server.fresh()
    yield url
    postgres_server.drop(url)
