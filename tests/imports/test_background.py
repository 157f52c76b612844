"""Imports beside the page: watched, ended whatever happens, and never two at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from grants.imports import actions, background, queries, writing
from grants.imports.actions import end_broken_runs, open_run
from grants.imports.background import finish_imports
from grants.imports.report import ImportOptions, ImportReport, Progress
from grants.kernel.errors import Conflict, RuleBroken
from grants.kernel.identity import Role
from grants.platform import db
from tests.imports.office import GOOD, HEAD, PAYEE, Office
from tests.world import DAY, add_actor, furnished

pytestmark = pytest.mark.usefixtures("empty")

TWO = GOOD + f"\nA-2,老年餐,{PAYEE},1万,2024-03-01".encode()
OPTIONS = ImportOptions(programme="NH", fund="G")


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    """The case officer's browser."""
    office = Office(await furnished(), Role.OFFICER)
    async with office.browser:
        yield office


class Gate:
    """Holds an import up in the middle of its writing."""

    def __init__(self, write: Callable[..., Awaitable[None]]) -> None:
        self.write = write
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def __call__(self, *given: Any) -> None:
        tell: Progress = given[-1]
        await self.write(*given)
        tell("writing", 1, 2)
        self.reached.set()
        await self.opened.wait()


@pytest.fixture
async def gate(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gate]:
    """A gate that opens at the latest when the test is over."""
    gate = Gate(writing.write_lines)
    monkeypatch.setattr(actions, "write_lines", gate)
    monkeypatch.setattr(background, "_TELL_SECONDS", 0.01)
    yield gate
    gate.opened.set()
    await finish_imports()


async def written() -> int:
    return int(await db.value("SELECT count(*) FROM award"))


async def told(run_id: int) -> queries.Run:
    """The run, as soon as its progress has been told."""
    while not (run := await queries.run(run_id)).step_done:
        await asyncio.sleep(0.01)
    return run


async def test_a_running_import_shows_how_far_it_is_and_nothing_is_written_yet(
    office: Office, gate: Gate
) -> None:
    address = await office.start(TWO)
    await gate.reached.wait()
    await told(int(address.rsplit("/", 1)[1]))
    shown = (await office.browser.get(address)).text
    assert '<progress class="long" aria-label="How far it is" value="1" max="2">' in shown
    assert "Writing the awards" in shown and "1 of 2 lines" in shown
    assert await written() == 0


async def test_a_running_import_renews_itself_with_script_and_without(
    office: Office, gate: Gate
) -> None:
    address = await office.start(TWO)
    await gate.reached.wait()
    shown = (await office.browser.get(address)).text
    assert f'hx-get="{address}" hx-trigger="every 500ms"' in shown
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in shown
    renewed = (await office.browser.get(address, headers={"hx-request": "true"})).text
    assert renewed.startswith('<div id="run"') and "<html" not in renewed
    gate.opened.set()
    await finish_imports()
    ended = (await office.browser.get(address, headers={"hx-request": "true"})).text
    assert "hx-trigger" not in ended and "Import written" in ended and "70,000.00" in ended
    assert await written() == 2


async def test_the_second_of_two_people_is_told_who_is_importing(
    office: Office, gate: Gate
) -> None:
    address = await office.start(TWO)
    await gate.reached.wait()
    office.world.people[Role.SECTION_HEAD] = await add_actor(Role.OFFICER, name="示例·乙")
    async with Office(office.world, Role.SECTION_HEAD).browser as browser:
        colleague = Office(office.world, Role.SECTION_HEAD)
        colleague.browser = browser
        with pytest.raises(AssertionError, match=r"示例·OFFICER is importing “a\.csv” just now"):
            await colleague.start(TWO)
        gate.opened.set()
        await finish_imports()
        later = (await colleague.look(TWO)).text
    number = address.rsplit("/", 1)[1]
    assert "示例·OFFICER imported this very file on" in later and f"(import {number})" in later
    assert "Nothing new in the file" in later
    assert await db.value("SELECT count(*) FROM import_run") == 1


async def test_who_presses_twice_is_led_to_the_same_run(office: Office, gate: Gate) -> None:
    address = await office.start(TWO)
    await gate.reached.wait()
    assert await office.start(TWO) == address


async def test_the_database_too_lets_one_import_run_at_a_time(office: Office) -> None:
    await open_run(office.actor, "a.csv", GOOD, OPTIONS)
    with pytest.raises(Conflict) as refused:
        async with db.unit_of_work(office.actor):
            await db.execute(
                "INSERT INTO import_run (file_name, sha256, options, state, row_count, done_count, "
                "report, user_id, started_at) SELECT file_name, sha256, options, state, row_count, "
                "done_count, report, user_id, started_at FROM import_run"
            )
    assert refused.value.code == "import.running"


async def test_a_fault_is_logged_shown_on_the_run_and_leaves_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*given: object) -> None:
        await write(*given)  # type: ignore[arg-type]
        raise ZeroDivisionError("in the middle")

    write = writing.write_lines
    monkeypatch.setattr(actions, "write_lines", fail)
    with caplog.at_level(logging.ERROR, logger="grants.imports"):
        address = await office.start(GOOD)
        await finish_imports()
    assert "in the middle" in caplog.text
    shown = (await office.browser.get(address)).text
    assert "Failed, nothing written" in shown
    assert "the fault is on record under test" in shown
    assert await written() == 0


async def test_a_refusal_in_the_middle_is_shown_on_the_run_and_leaves_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*given: object) -> None:
        await write(*given)  # type: ignore[arg-type]
        raise RuleBroken("import.fund", "There is no fund source {given}.", given="G")

    write = writing.write_lines
    monkeypatch.setattr(actions, "write_lines", refuse)
    address = await office.start(GOOD)
    await finish_imports()
    shown = (await office.browser.get(address)).text
    assert "There is no fund source G." in shown and "Nothing was written" in shown
    assert await written() == 0


async def test_a_run_whose_server_died_is_broken_off_and_can_be_tried_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "_JUST_OPENED", timedelta(0))
    looked = (await office.look(GOOD)).request.url
    run_id = await open_run(office.actor, "a.csv", GOOD, OPTIONS)
    shown = (await office.browser.get(f"/imports/{run_id}")).text
    assert "Broken off, nothing written" in shown
    again = (await office.browser.get(str(looked))).text
    assert "Writes one award" in again
    assert f'href="{looked.raw_path.decode()}"'.replace("&", "&amp;") in shown
    await office.start(GOOD)
    await finish_imports()
    assert await written() == 1


async def test_a_run_at_work_is_not_called_broken_off_however_long_it_takes(
    office: Office, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "_JUST_OPENED", timedelta(0))
    address = await office.start(GOOD)
    await gate.reached.wait()
    await end_broken_runs()
    run = await queries.run(int(address.rsplit("/", 1)[1]))
    assert run.state == "RUNNING"


async def test_a_run_that_was_called_broken_off_writes_nothing_more(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "_JUST_OPENED", timedelta(0))
    run_id = await open_run(office.actor, "a.csv", GOOD, OPTIONS)
    await end_broken_runs()
    with pytest.raises(Conflict, match=r"import\.ended"):
        await actions.carry_out(
            office.actor, run_id, "a.csv", GOOD, OPTIONS, lambda *_: None, today=DAY
        )
    assert (await written(), (await queries.run(run_id)).state) == (0, "BROKEN_OFF")


async def test_an_import_begins_outside_the_unit_of_work_of_whoever_starts_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []

    async def opened(*_: object) -> int:
        return 1

    async def carried_out(*_: object, **__: object) -> ImportReport:
        seen.append(db.ENGINE.current_transaction.get())
        return ImportReport("UNCHANGED", 0, 0, 0, 0, {}, ())

    sha256 = str((await office.look(GOOD)).request.url.params["file"])
    monkeypatch.setattr(background, "open_run", opened)
    monkeypatch.setattr(background, "carry_out", carried_out)
    async with db.unit_of_work(office.actor):
        await background.start_import(office.actor, "a.csv", sha256, OPTIONS, today=DAY)
        await finish_imports()
    assert seen == [None]


async def test_a_kept_list_lies_encrypted_and_is_nobody_elses(office: Office) -> None:
    from grants.imports import files

    sha256 = await files.keep(office.actor, HEAD.encode())
    (path,) = files._folder().glob(f"*{sha256}")
    assert "项目".encode() not in path.read_bytes()
    assert await files.fetch(office.actor, sha256) == HEAD.encode()
    with pytest.raises(RuleBroken):
        await files.fetch(replace(office.actor, user_id=1), sha256)
