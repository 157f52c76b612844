"""One embedded PostgreSQL for each process of a run; every test starts from empty tables."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples in every run; `pytest --hypothesis-profile=search` looks for new ones.
# No deadline: a busy machine is no fault.
settings.register_profile("house", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None)
settings.load_profile("house")

pytest.register_assert_rewrite("tests.house.trial")

_ROOT = Path(tempfile.mkdtemp(prefix="grants-tests-"))
os.environ["GRANTS_DATA"] = str(_ROOT)
os.environ["GRANTS_DEMO"] = "1"
os.environ["GRANTS_SECOND_FACTOR"] = "0"

from grants.invariants.verify import verify  # noqa: E402
from grants.platform import db, embedded, schema  # noqa: E402
from tests.world import empty_tables  # noqa: E402


def pytest_unconfigure() -> None:
    """Each process of a run has a folder of its own; it goes with the process."""
    shutil.rmtree(_ROOT, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster() -> Iterator[embedded.Cluster]:
    """A throwaway PostgreSQL, gone after the run."""
    _ROOT.chmod(0o711)
    yield embedded.start_cluster(_ROOT, durable=False)
    embedded.remove_cluster(_ROOT)


@pytest.fixture(scope="session")
async def database(cluster: embedded.Cluster) -> AsyncIterator[None]:
    """The migrated database, with the pool of this process open on it."""
    await schema.ensure_database(cluster.connect("postgres"), "grants_test")
    await db.open_pool(cluster.connect("grants_test"), size=20)
    await schema.migrate()
    yield
    await db.close_pool()


@pytest.fixture
async def empty(database: None, request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Empty tables before a test; afterwards every invariant of the money still holds.

    A test that breaks invariants on purpose is marked `breaches`.
    """
    await empty_tables()
    yield
    if request.node.get_closest_marker("breaches") is None:
        broken = {v.name: v.examples for v in await verify() if v.breaches}
        assert not broken, "the test leaves broken invariants behind"


@pytest.fixture
def today() -> date:
    """The day on which tests take place."""
    return date(2026, 6, 15)
