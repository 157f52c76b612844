"""Files that should not come in: each is told by its reason, and nothing of it is there."""

from __future__ import annotations

import io

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from grants.imports.actions import run_import
from grants.imports.report import ImportOptions, ImportReport
from grants.kernel.errors import RuleBroken
from grants.kernel.identity import Role
from grants.platform import db
from tests.imports.office import HEAD, PAYEE, Office
from tests.world import DAY, World, furnished

pytestmark = pytest.mark.usefixtures("empty")

LINE = f"A-1,邻里家园,{PAYEE},6万,2024-03-01"


def book(formula: str | None = None, merge: str = "") -> bytes:
    """A workbook with one good line, or with a formula or merged cells in it."""
    into = io.BytesIO()
    with xlsxwriter.Workbook(into) as made:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, HEAD.split(","))
        sheet.write_row(1, 0, LINE.split(","))
        if formula:
            sheet.write_formula(1, 3, formula, None, "")
        if merge:
            sheet.write_row(2, 0, LINE.replace("A-1", "A-2").split(","))
            sheet.merge_range(merge, PAYEE)
    return into.getvalue()


def csv(*lines: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *lines]).encode()


def shown(given: object) -> str:
    """What of a parameter stands in the name of a test: no megabytes."""
    return given if isinstance(given, str) else "content"


async def run(world: World, content: bytes, name: str = "a.csv") -> ImportReport:
    options = ImportOptions(programme="NH", fund="G")
    return await run_import(world[Role.OFFICER], name, content, options, today=DAY)


async def written() -> int:
    return int(await db.value("SELECT count(*) FROM award"))


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.csv", b"", "sheet.empty"),
        ("empty.xlsx", b"", "sheet.empty"),
        ("header.csv", HEAD.encode(), "import.no_rows"),
        ("a.xlsx", book(formula="=1+1"), "sheet.formula_without_value"),
        ("a.xlsx", book(merge="C2:C3"), "sheet.merged"),
        ("a.csv", HEAD.encode() + b"\nA-1,\x81\x20\xff\xfe\xff", "sheet.undecodable"),
        ("a.pdf", b"%PDF-1.7 ...", "sheet.unknown_type"),
        ("a.xlsx", b"%PDF-1.7 ...", "sheet.wrong_type"),
        ("a.xlsx", b"PK\x03\x04 cut off", "sheet.damaged"),
        ("a.xlsx", book()[:2000], "sheet.damaged"),
        ("a.csv", csv(*[LINE] * 50_001), "sheet.too_many_rows"),
    ],
    ids=shown,
)
async def test_a_file_that_cannot_be_read_leaves_its_reason_on_the_run(
    name: str, content: bytes, code: str
) -> None:
    world = await furnished()
    with pytest.raises(RuleBroken) as refused:
        await run(world, content, name)
    assert refused.value.code == code
    failure = await db.value("SELECT report -> 'failure' ->> 'code' FROM import_run")
    assert (failure, await written()) == (code, 0)


@pytest.mark.parametrize(
    ("name", "content"),
    [("empty.csv", b""), ("a.pdf", b"%PDF-1.7"), ("a.xlsx", book(merge="C2:C3"))],
    ids=shown,
)
async def test_a_file_that_cannot_be_read_is_told_beside_its_field_and_opens_no_run(
    name: str, content: bytes
) -> None:
    office = Office(await furnished(), Role.OFFICER)
    async with office.browser:
        sent = await office.send(content, name)
    assert (sent.status_code, 'id="list-error"' in sent.text) == (422, True)
    assert await db.value("SELECT count(*) FROM import_run") == 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
async def test_a_list_comes_in_from_every_encoding_of_the_office(encoding: str) -> None:
    world = await furnished()
    report = await run(world, csv(LINE).decode().encode(encoding))
    assert (report.state, report.rows[0].title) == ("DONE", "邻里家园")


async def test_a_text_that_looks_like_a_formula_stays_a_text() -> None:
    world = await furnished()
    await run(world, csv(f"A-1,=cmd|' /C calc'!A0,{PAYEE},6万,2024-03-01"))
    assert await db.value("SELECT title FROM award") == "=cmd|' /C calc'!A0"


async def test_one_number_twice_in_a_file_refuses_it_and_names_the_first_line() -> None:
    world = await furnished()
    report = await run(world, csv(LINE, LINE.replace("6万", "7万")))
    assert (report.state, report.rows[1].line) == ("REFUSED", 3)
    assert (report.rows[1].reasons[0].code, report.rows[1].reasons[0].params["first"]) == (
        "import.repeated",
        2,
    )
    assert await written() == 0


async def test_a_credit_code_with_a_wrong_check_character_refuses_the_file() -> None:
    world = await furnished()
    head = HEAD + ",信用代码"
    report = await run(world, csv(f"{LINE},52320585MJ9000014Q", head=head))
    assert (report.state, report.rows[0].reasons[0].code) == ("REFUSED", "import.uscc")


async def test_a_second_run_with_one_changed_row_says_what_differs_and_leaves_it() -> None:
    world = await furnished()
    other = "A-2,老年餐,示例晨曦社会工作服务中心,1万,2024-03-01"
    await run(world, csv(LINE, other))
    report = await run(world, csv(LINE, other.replace("1万", "2万").replace("老年餐", "助餐点")))
    assert (report.state, report.unchanged, report.rows[0].reasons) == ("UNCHANGED", 2, ())
    assert [(r.code, r.params) for r in report.rows[1].reasons] == [
        ("import.differs", {"amount": "10,000.00"}),
        ("import.field_differs", {"field": "Award title"}),
    ]
    assert await db.value("SELECT amount_fen FROM award WHERE external_id = 'A-2'") == 1_000_000
