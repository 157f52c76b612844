"""Importing: all of it or nothing, once, and never a fen moved."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from grants.awards import actions, queries
from grants.imports import actions as import_actions
from grants.imports.actions import preview_import, run_import
from grants.imports.command import cli_import
from grants.imports.queries import runs
from grants.imports.report import ImportOptions, ImportReport
from grants.imports.template import import_template
from grants.invariants import verify as invariants
from grants.kernel.errors import NotAllowed, RuleBroken
from grants.kernel.identity import Role
from grants.platform import db
from grants.platform.audit import Case, timeline
from grants.platform.sheets import Column, read_sheet, write_sheet
from tests.imports.rehearsal import independent_totals, rehearsal_file
from tests.world import World, add_line, add_organisation, bucket, furnished

pytestmark = pytest.mark.usefixtures("empty")

OPTIONS = ImportOptions(programme="NH", fund="G")
PAYEE = "示例晨曦社会工作服务中心"
HEAD = (
    "项目编号,项目名称,收款单位名称,资助金额（元）,决定日期,项目状态,预算项目代码,"
    "第1笔支付日期,第1笔金额（元）,第2笔支付日期,第2笔金额（元）"
)


def sheet(*lines: str) -> bytes:
    return "\r\n".join([HEAD, *lines]).encode()


def past(number: str = "A-1", amount: str = "6万", payee: str = PAYEE) -> str:
    return f"{number},邻里家园,{payee},{amount},2024-03-01,历史,,,,,"


ACTIVE = f"B-1,邻里家园,{PAYEE},6万,,在执行,L26,2026-07-01,4万,2026-11-01,2万"


def with_code(payee: str, code: str) -> bytes:
    head = "编号,名称,单位名称,信用代码,金额,决定日期"
    return f"{head}\nA,甲,{payee},{code},1,2024-01-01".encode()


async def run(
    world: World, content: bytes, options: ImportOptions = OPTIONS, name: str = "a.csv"
) -> ImportReport:
    return await run_import(world[Role.OFFICER], name, content, options, today=date(2026, 6, 15))


async def look(world: World, content: bytes, options: ImportOptions = OPTIONS) -> ImportReport:
    return await preview_import(
        world[Role.OFFICER], "a.csv", content, options, today=date(2026, 6, 15)
    )


async def count(table: str) -> int:
    return int(await db.value(f"SELECT count(*) FROM {table}"))


async def the_award() -> int:
    return int(await db.value("SELECT id FROM award"))


async def breaches() -> Sequence[str]:
    return [v.name for v in await invariants.verify() if v.breaches]


async def test_a_past_award_informs_and_moves_no_money() -> None:
    world = await furnished()
    before = await count("ledger_move")
    report = await run(world, sheet(past()))
    assert (report.state, report.accepted, report.totals_by_year) == ("DONE", 1, {2024: 6_000_000})
    (award,) = await queries.awards(world[Role.OFFICER], queries.AwardFilter())
    assert (award.number, award.state, award.origin) == ("史〔2024〕0001", "HISTORIC", "IMPORT")
    assert (award.decided_on, award.payee_name) == (date(2024, 3, 1), PAYEE)
    assert await db.value("SELECT historic_fund_source FROM award") == world.fund
    assert (await count("award_share"), await count("ledger_move")) == (0, before)
    assert await breaches() == []


async def test_an_active_award_comes_in_as_a_draft_that_approval_commits() -> None:
    world = await furnished()
    line = await add_line(world, quota_fen=0, fund=world.fund, year=2027, code="L27", plan=False)
    two_years = ACTIVE.replace("L26", "L26;L27").replace("2026-11-01", "2027-03-01")
    async with db.unit_of_work(world[Role.OFFICER]):
        await db.execute("UPDATE budget_line SET code = 'L26' WHERE id = $1", world.line)
    report = await run(world, sheet(two_years))
    assert report.totals_by_year == {2026: 4_000_000, 2027: 2_000_000}
    assert await bucket(world.line, "committed") == 0
    (award,) = await queries.awards(world[Role.OFFICER], queries.AwardFilter())
    assert (award.number, award.state) == ("助〔2026〕0001", "DRAFT")
    assert [s.line_id for s in await queries.shares(award.id)] == [world.line, line]
    await actions.approve_award(
        world[Role.SECTION_HEAD], award.id, seen_version=1, today=date(2026, 6, 15)
    )
    assert await bucket(world.line, "committed") == 4_000_000
    assert [i.amount_fen for i in await queries.instalments(award.id)] == [4_000_000, 2_000_000]
    assert await breaches() == []


async def test_who_imports_a_draft_cannot_approve_it() -> None:
    world = await furnished()
    async with db.unit_of_work(world[Role.OFFICER]):
        await db.execute("UPDATE budget_line SET code = 'L26' WHERE id = $1", world.line)
    await run(world, sheet(ACTIVE))
    both = replace(world[Role.OFFICER], roles=frozenset({Role.OFFICER, Role.SECTION_HEAD}))
    with pytest.raises(NotAllowed):
        await actions.approve_award(
            both, await the_award(), seen_version=1, today=date(2026, 6, 15)
        )


async def test_a_preview_writes_nothing() -> None:
    world = await furnished()
    history = await count("row_history")
    report = await look(world, sheet(past()))
    dry = await run(world, sheet(past()), replace(OPTIONS, dry_run=True))
    assert (report.state, report.accepted, dry.state) == ("PREVIEW", 1, "PREVIEW")
    assert (await count("award"), await count("row_history")) == (0, history)


async def test_one_refused_line_refuses_the_whole_file() -> None:
    world = await furnished()
    report = await run(world, sheet(past(), past("A-2", "0")))
    assert (report.state, report.accepted, report.refused) == ("REFUSED", 1, 1)
    assert (report.rows[1].line, report.rows[1].reasons[0].code) == (
        3,
        "import.amount_not_positive",
    )
    assert (await count("award"), await count("number_series WHERE series LIKE '%historic%'")) == (
        0,
        0,
    )


async def test_refused_lines_are_left_out_when_told_so() -> None:
    world = await furnished()
    report = await run(world, sheet(past(), past("A-2", "0")), replace(OPTIONS, skip_refused=True))
    assert (report.state, await count("award")) == ("DONE", 1)


async def test_the_same_file_twice_changes_nothing_even_under_another_name() -> None:
    world = await furnished()
    await run(world, sheet(past()))
    before = [await count(t) for t in ("award", "organisation", "duplicate_flag")]
    report = await run(world, sheet(past()), name="另一个名字.csv")
    assert (report.state, report.unchanged, report.totals_by_year) == ("UNCHANGED", 1, {})
    assert [await count(t) for t in ("award", "organisation", "duplicate_flag")] == before


async def test_a_longer_file_adds_only_what_is_new() -> None:
    world = await furnished()
    await run(world, sheet(past()))
    report = await run(world, sheet(past(), past("A-2")))
    assert (report.accepted, report.unchanged) == (1, 1)
    numbers = await db.rows("SELECT number FROM award ORDER BY id")
    assert [r["number"] for r in numbers] == ["史〔2024〕0001", "史〔2024〕0002"]


async def test_two_imports_of_one_file_at_once_write_it_once() -> None:
    world = await furnished()
    lines = sheet(past(), past("A-2"))
    told = await asyncio.gather(*(run(world, lines) for _ in range(4)), return_exceptions=True)
    # Who comes while another is at work is told so; who comes afterwards finds nothing new.
    ends = [t.state if isinstance(t, ImportReport) else getattr(t, "code", t) for t in told]
    assert ends.count("DONE") == 1
    assert set(ends) <= {"DONE", "UNCHANGED", "import.running"}
    assert await count("award") == 2


async def test_an_import_that_stops_half_way_leaves_nothing_and_can_be_run_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await furnished()

    def stop(step: str, done: int, of: int) -> None:
        if step == "writing" and done == of:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await run_import(
            world[Role.OFFICER], "a.csv", sheet(past()), OPTIONS, stop, today=date(2026, 6, 15)
        )
    tables = ("award", "case_event WHERE verb = 'import'")
    assert [await count(t) for t in tables] == [0, 0]
    monkeypatch.setattr(import_actions, "_JUST_OPENED", timedelta(0))
    assert (await run(world, sheet(past()))).state == "DONE"
    assert [r.state for r in await runs(limit=9)] == ["DONE", "BROKEN_OFF"]


async def test_progress_tells_each_phase() -> None:
    world = await furnished()
    told: list[tuple[str, int, int]] = []
    await run_import(
        world[Role.OFFICER],
        "a.csv",
        sheet(past(), past("A-2")),
        OPTIONS,
        lambda *step: told.append(step),
        today=date(2026, 6, 15),
    )
    assert told == [
        ("reading", 0, 1),
        ("checking", 0, 2),
        ("writing", 0, 2),
        ("writing", 2, 2),
    ]


async def test_every_award_and_the_run_itself_have_their_event() -> None:
    world = await furnished()
    report = await run(world, sheet(past()))
    assert report.run_id is not None
    of_run, of_opening = await timeline(Case("import_run", report.run_id))
    assert (of_opening.verb, of_opening.state_after) == ("open", "RUNNING")
    (of_award,) = await timeline(Case("award", await the_award()))
    assert (of_run.verb, of_run.state_after, of_run.facts["awards"]) == ("import", "DONE", 1)
    assert (of_award.verb, of_award.state_after, of_award.facts["line"]) == (
        "import",
        "HISTORIC",
        2,
    )


async def test_new_payees_come_only_when_allowed_and_once_each() -> None:
    world = await furnished()
    lines = sheet(past("A-1", payee="示例新机构"), past("A-2", payee="示例 新机构"))
    assert (await run(world, lines)).state == "REFUSED"
    report = await run(world, lines, replace(OPTIONS, create_payees=True))
    assert (report.state, report.new_payees) == ("DONE", 1)
    assert await count("organisation WHERE name = '示例新机构'") == 1


async def test_a_new_payee_called_nearly_like_another_is_flagged() -> None:
    world = await furnished()
    lines = sheet(past(payee="示例晨曦社会工作服务中心（太仓）"))
    refused = await look(world, lines)
    assert refused.rows[0].reasons[0].params["known"] == PAYEE
    report = await run(world, lines, replace(OPTIONS, create_payees=True))
    assert (report.warned, report.rows[0].reasons[0].code) == (1, "import.payee_similar")
    flag = await db.row("SELECT first_id, second_id, reason FROM duplicate_flag")
    assert flag is not None
    assert (flag["first_id"], flag["reason"]) == (world.organisation, "similar_name")


async def test_a_credit_code_on_record_finds_its_payee() -> None:
    world = await furnished()
    organisation = await add_organisation("示例机构", uscc="52320585MJ9000014P")
    content = (
        "编号,名称,单位名称,信用代码,金额,决定日期\nA,甲,示例机构,52320585MJ9000014P,1,2024-01-01"
    )
    await run(world, content.encode())
    assert await db.value("SELECT organisation FROM award") == organisation


async def test_a_payee_with_a_new_credit_code_is_added_with_its_kind() -> None:
    world = await furnished()
    content = (
        "编号,名称,单位名称,信用代码,金额,决定日期\nA,甲,示例村集体,N2320585MF900001XD,1,2024-01-01"
    )
    await run(world, content.encode())
    added = await db.row("SELECT kind, uscc FROM organisation WHERE name = '示例村集体'")
    assert added is not None
    assert tuple(added) == ("COLLECTIVE", "N2320585MF900001XD")


async def test_only_those_who_may_import_do_so() -> None:
    world = await furnished()
    with pytest.raises(NotAllowed):
        await run_import(
            world[Role.CASHIER], "a.csv", sheet(past()), OPTIONS, today=date(2026, 6, 15)
        )
    with pytest.raises(NotAllowed):
        await preview_import(
            world[Role.AUDITOR], "a.csv", sheet(past()), OPTIONS, today=date(2026, 6, 15)
        )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"programme": "X"}, "import.programme"),
        ({"fund": "X"}, "import.fund"),
        ({"assume_currency": "USD"}, "import.assumed_currency"),
    ],
)
async def test_options_that_name_nothing_are_refused(change: dict[str, str], code: str) -> None:
    world = await furnished()
    with pytest.raises(RuleBroken) as refused:
        await run(world, sheet(past()), replace(OPTIONS, **change))  # type: ignore[arg-type]
    assert refused.value.code == code


async def test_the_filled_template_comes_in_as_it_is() -> None:
    world = await furnished()
    headers = read_sheet("t.xlsx", import_template()).headers
    values = ("A-1", '他说"好"\n第二行', "", PAYEE, "", "", "6万", "2024-03-01")
    filled = write_sheet(
        "项目清单",
        [Column(h, h) for h in headers],
        [dict(zip(headers, (*values, *[""] * 20), strict=False))],
    )
    await run(world, filled, name="t.xlsx")
    assert await db.value("SELECT title FROM award") == '他说"好"\n第二行'


async def test_fifty_thousand_lines_come_in_together() -> None:
    world = await furnished()
    report = await run(world, sheet(*(past(f"A-{n}", "1.01") for n in range(50_000))))
    assert (report.state, report.totals_by_year) == ("DONE", {2024: 5_050_000})
    assert await count("award") == 50_000


# The rehearsal


TAKEN_AS_YUAN = replace(OPTIONS, assume_currency="CNY", skip_refused=True)


async def test_a_funders_past_awards_come_in_with_the_totals_of_their_file() -> None:
    world = await furnished()
    content = rehearsal_file()
    report = await run(world, content, TAKEN_AS_YUAN, "grants.json")
    grants = json.loads(content, parse_float=Decimal)["grants"]
    expected = independent_totals(content)
    assert {y: Decimal(fen) / 100 for y, fen in report.totals_by_year.items()} == expected
    refused = [row.line for row in report.rows if row.verdict == "refused"]
    assert refused == [n for n, g in enumerate(grants, 1) if g["amountAwarded"] <= 0]
    stored = await db.rows(
        "SELECT extract(year FROM decided_on)::int AS year, sum(amount_fen) AS fen, count(*) "
        "FROM award GROUP BY 1 ORDER BY 1"
    )
    assert {r["year"]: Decimal(r["fen"]) / 100 for r in stored} == expected
    assert sum(r["count"] for r in stored) == len(grants) - len(refused)
    assert [n.code for n in report.notes] == ["import.currency_assumed"]
    assert await breaches() == []
    again = await run(world, content, TAKEN_AS_YUAN, "grants.json")
    assert (again.state, again.unchanged) == ("UNCHANGED", len(grants) - len(refused))


async def test_a_funders_payees_come_in_once_for_each_number_and_twins_are_flagged() -> None:
    world = await furnished()
    content = rehearsal_file()
    await run(world, content, TAKEN_AS_YUAN, "grants.json")
    payees: dict[str, set[str]] = {}
    for grant in json.loads(content)["grants"]:
        if grant["amountAwarded"] > 0:
            payee = grant["recipientOrganization"][0]
            payees.setdefault(payee["id"], set()).add(payee["name"])
    assert await count("organisation WHERE external_id LIKE 'GB-%'") == len(payees)
    twins = await db.rows(
        "SELECT lower(name) FROM organisation GROUP BY 1 HAVING count(*) > 1 ORDER BY 1"
    )
    assert await count("duplicate_flag WHERE reason = 'same_name'") == len(twins) > 0


async def test_amounts_in_another_currency_are_refused_by_default() -> None:
    world = await furnished()
    content = rehearsal_file()
    report = await run(world, content, OPTIONS, "grants.json")
    assert (report.state, report.accepted, report.refused) == ("REFUSED", 0, len(report.rows))
    assert await count("award") == 0


# The command


async def test_the_command_names_refused_lines_and_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await furnished()
    path = tmp_path / "a.csv"
    path.write_bytes(sheet(past(), past("A-2", "0")))
    assert await cli_import(path, OPTIONS) == 1
    told = capsys.readouterr().out
    assert "line 3 refused: The amount is 0.00; an award is more than zero." in told
    assert "nothing written" in told
    assert await cli_import(path, replace(OPTIONS, skip_refused=True)) == 0
    assert "2024: 60,000.00" in capsys.readouterr().out


async def test_the_command_refuses_a_file_that_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await furnished()
    path = tmp_path / "a.json"
    assert await cli_import(path, OPTIONS) == 1
    path.write_bytes(b'{"grants": [')
    assert await cli_import(path, OPTIONS) == 1
    assert "a.json refused: The JSON breaks off" in capsys.readouterr().out
