"""What must not be published, and how long a notice runs, over any pattern of holidays."""

from __future__ import annotations

import io
import zipfile
from datetime import date, timedelta

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from grants.kernel.calendar import DayTable
from grants.kernel.private_data import exposed_in
from grants.platform.reading import text_of
from grants.publicity.rules import last_day_of, objection_is_in_time
from grants.publicity.workflow import NOTICE, OBJECTION

ID, CARD = "320585198506129971", "6200003205850000011"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"负责人身份证{ID}", ["320***********9971"]),
        ("320585 19850612 9971", ["320***********9971"]),
        ("32058519850612-9971", ["320***********9971"]),
        ("３２０５８５１９８５０６１２９９７１", ["320***********9971"]),
        ("32058520000101997x，", ["320***********997X"]),
        ("3205851985\n06129971", ["320***********9971"]),
        ("320585850612997", ["320***********2997"]),
        ("手机13800000001。", ["138****0001"]),
        ("138 0000 0001", ["138****0001"]),
        ("138\u200b00000001", ["138****0001"]),
        (f"卡号：{CARD}", ["6200****0011"]),
        ("6200 0032 0585 0000 011", ["6200****0011"]),
    ],
)
def test_private_numbers_are_found_however_they_are_written(text: str, shown: list[str]) -> None:
    assert [one.shown for one in exposed_in(text)] == shown


@pytest.mark.parametrize(
    "text",
    [
        "电话：0512-53520000",
        "52320585MJ9000014P",
        "发票 26320000000000000024",
        "公示〔2026〕12号，2026.04.01—2026.11.30，60,000.00",
        "弇山社区邻里互助项目，服务 1200 人次",
        "320585198506129972",
    ],
)
def test_what_is_no_private_number_may_be_published(text: str) -> None:
    assert exposed_in(text) == []


def _docx(text: str, part: str = "word/document.xml", **more: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as package:
        body = f'<w:document xmlns:w="w"><w:p><w:t>{text}</w:t></w:p></w:document>'
        package.writestr(part, body)
        for name, content in more.items():
            package.writestr(name, content)
    return held.getvalue()


def _xlsx(cell: object) -> bytes:
    held = io.BytesIO()
    with xlsxwriter.Workbook(held) as book:
        book.add_worksheet("公开").write("A1", "名单")
        hidden = book.add_worksheet("隐藏")
        hidden.write("B7", cell)
        hidden.hide()
    return held.getvalue()


def test_numbers_in_papers_are_found_in_split_runs_headers_and_hidden_sheets() -> None:
    split = _docx("身份证32058519850612</w:t></w:r><w:r><w:t>9971".replace("</w:r><w:r>", ""))
    header = _docx("正文") and _docx(f"页眉{ID}", part="word/header1.xml")
    for kind, paper in (
        ("docx", split),
        ("docx", header),
        ("xlsx", _xlsx(ID)),
        ("xlsx", _xlsx(13800000001)),
    ):
        text = text_of(kind, paper)
        assert text is not None and exposed_in(text), (kind, text)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("jpg", b"\xff\xd8\xff\xe0"),
        ("png", b"\x89PNG\r\n\x1a\n"),
        ("pdf", b"%PDF-1.7 broken"),
        ("docx", b"PK\x03\x04 broken"),
        ("docx", _docx("", **{"word/media/scan.png": b"x"})),
        ("docx", _docx("").replace(b"<w:document", b"<!DOCTYPE a")),
        ("xlsx", b"PK\x03\x04"),
    ],
)
def test_what_cannot_be_read_has_no_text(kind: str, content: bytes) -> None:
    assert text_of(kind, content) is None


def test_a_package_that_unpacks_to_too_much_has_no_text() -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("word/document.xml", b"<a>" + b" " * 70_000_000 + b"</a>")
    assert len(held.getvalue()) < 200_000
    assert text_of("docx", held.getvalue()) is None


HOLIDAYS = st.sets(st.integers(0, 40))
DAYS = st.integers(0, 730).map(lambda n: date(2025, 1, 1) + timedelta(days=n))


@given(DAYS, st.integers(1, 20), HOLIDAYS)
def test_a_notice_never_ends_before_its_working_days_are_over(
    first: date, workdays: int, holidays: set[int]
) -> None:
    table = DayTable(
        {first + timedelta(days=n): False for n in holidays}, frozenset({2025, 2026, 2027})
    )
    last = last_day_of(first, workdays, table)
    worked = sum(
        table.is_workday(first + timedelta(days=n)) for n in range(1, (last - first).days + 1)
    )
    assert worked == workdays and table.is_workday(last)


@given(DAYS, st.integers(1, 20), HOLIDAYS, HOLIDAYS)
def test_more_holidays_never_bring_the_end_forward(
    first: date, workdays: int, holidays: set[int], more: set[int]
) -> None:
    def until(days: set[int]) -> date:
        off = {first + timedelta(days=n): False for n in days}
        return last_day_of(first, workdays, DayTable(off, frozenset({2025, 2026, 2027})))

    assert until(holidays | more) >= until(holidays)


def test_objections_are_taken_from_the_first_to_the_last_day() -> None:
    first, last = date(2026, 9, 24), last_day_of(date(2026, 9, 24), 5)
    assert last == date(2026, 10, 9)
    assert objection_is_in_time(first, first, last) is None
    assert objection_is_in_time(last, first, last) is None
    assert objection_is_in_time(last + timedelta(days=1), first, last) is not None
    assert objection_is_in_time(first - timedelta(days=1), first, last) is not None
    assert objection_is_in_time(first, None, None) is not None


def test_the_state_tables_have_no_dead_end_but_their_ends() -> None:
    for workflow, ends in (
        (NOTICE, {"ENDED", "WITHDRAWN", "DISCARDED"}),
        (OBJECTION, {"UPHELD", "DISMISSED", "TAKEN_BACK"}),
    ):
        left = {source for step in workflow.steps for source in step.sources}
        assert {str(state) for state in workflow.titles if state not in left} == ends
