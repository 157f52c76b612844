"""The office is killed with -9 again and again: nothing is lost, doubled or half done.

`pytest tests/storm --storm` runs the long one.
"""

from __future__ import annotations

import pytest

from tests.storm.killing import Storm

KILLS, LONG_KILLS = 50, 500
#: Every so many kills PostgreSQL dies with the worker.
DATABASE_TOO = 8


@pytest.fixture(scope="module")
def kills(request: pytest.FixtureRequest) -> int:
    return LONG_KILLS if request.config.getoption("--storm", default=False) else KILLS


def test_a_killed_office_loses_doubles_and_halves_nothing(storm: Storm, kills: int) -> None:
    for number in range(1, kills + 1):
        storm.strike(database_too=number % DATABASE_TOO == 0)
        assert storm.wrong() == {}, f"after kill {number}"
    assert storm.wrong(of_all=True) == {}
    assert storm.acts() > kills


def test_after_the_storm_everything_can_be_finished(storm: Storm) -> None:
    storm.calm()
    assert storm.wrong(of_all=True) == {}
