"""Lists in and out of spreadsheets, as a person reads them."""

import datetime as dt
import io
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grants.kernel.errors import RuleBroken
from grants.platform import sheet_parts, sheets
from grants.platform.sheets import Column, Sheet, read_sheet, write_csv, write_sheet

CARD = "6200003205850000011"
HEADERS = ["序号", "账号", "户名", "金额"]


def xlsx(fill: Any, **options: Any) -> bytes:
    into = io.BytesIO()
    with xlsxwriter.Workbook(into, options) as book:
        fill(book, book.add_worksheet("名单"))
    return into.getvalue()


def xlsx_of(*lines: list[Any]) -> bytes:
    def fill(_: Any, sheet: Any) -> None:
        for line, cells in enumerate(lines):
            sheet.write_row(line, 0, cells)

    return xlsx(fill, strings_to_numbers=False, strings_to_formulas=False)


def with_part(content: bytes, name: str, change: Any) -> bytes:
    """Change one part of a zipped workbook."""
    into = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(into, "w") as new:
        for part in old.namelist():
            data = old.read(part)
            new.writestr(part, change(data) if part == name else data)
    return into.getvalue()


def ods(rows: str) -> bytes:
    into = io.BytesIO()
    names = "office:1.0 table:1.0 text:1.0"
    spaces = " ".join(
        f'xmlns:{n.split(":")[0]}="urn:oasis:names:tc:opendocument:xmlns:{n}"'
        for n in names.split()
    )
    with zipfile.ZipFile(into, "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr(
            "META-INF/manifest.xml",
            "<manifest:manifest "
            'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
            '<manifest:file-entry manifest:full-path="/" manifest:media-type='
            '"application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>',
        )
        package.writestr(
            "content.xml",
            f'<?xml version="1.0"?><office:document-content {spaces}><office:body>'
            f'<office:spreadsheet><table:table table:name="名单">{rows}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return into.getvalue()


def ods_text(text: str, more: str = "") -> str:
    return (
        f'<table:table-cell office:value-type="string" {more}><text:p>{text}</text:p>'
        "</table:table-cell>"
    )


def refusal(name: str, content: bytes, **options: Any) -> RuleBroken:
    with pytest.raises(RuleBroken) as refused:
        read_sheet(name, content, **options)
    assert str(refused.value), "the message fills in"
    return refused.value


def codes(sheet: Sheet) -> list[str]:
    return [note.code for note in sheet.notes]


# reading workbooks


def test_account_stored_as_text_keeps_leading_zeros_and_every_digit() -> None:
    sheet = read_sheet("a.xlsx", xlsx_of(HEADERS, [1, "0012345678901234567", "张三", 10]))
    assert sheet.headers == tuple(HEADERS)
    assert sheet.rows[0].cells == ("1", "0012345678901234567", "张三", "10")
    assert sheet.notes == ()


def test_account_stored_as_number_is_written_out_and_noted_with_its_cell() -> None:
    sheet = read_sheet("a.xlsx", xlsx_of(HEADERS, [1, int(CARD), "张三", 10]))
    assert "E" not in sheet.rows[0].cells[1]
    assert len(sheet.rows[0].cells[1]) == 19
    assert sheet.doubtful == {(2, 1)}
    assert sheet.notes[0].params["cells"] == "B2"


def test_fifteen_digit_number_is_trusted() -> None:
    sheet = read_sheet("a.xlsx", xlsx_of(["账号"], [123456789012345]))
    assert sheet.rows[0].cells == ("123456789012345",)
    assert sheet.doubtful == frozenset()


def test_format_of_zeros_shows_its_zeros() -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.write(0, 0, "联行号")
        sheet.write_number(1, 0, 2100099996, book.add_format({"num_format": "000000000000"}))

    assert read_sheet("a.xlsx", xlsx(fill)).rows[0].cells == ("002100099996",)


def test_dates_times_and_truth_come_out_as_written() -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["日期", "时刻", "长", "真"])
        sheet.write_datetime(1, 0, dt.datetime(2026, 6, 10), book.add_format({"num_format": 14}))
        moment = book.add_format({"num_format": 'yyyy"年"m"月"d"日" hh:mm'})
        sheet.write_datetime(1, 1, dt.datetime(2026, 6, 10, 9, 30), moment)
        sheet.write_number(1, 2, 1.5, book.add_format({"num_format": "[h]:mm:ss"}))
        sheet.write_boolean(1, 3, True)

    cells = read_sheet("a.xlsx", xlsx(fill)).rows[0].cells
    assert cells == ("2026-06-10", "2026-06-10 09:30:00", "36:00:00", "TRUE")


def test_fraction_shows_what_the_sheet_shows() -> None:
    sheet = read_sheet("a.xlsx", xlsx_of(["数"], [0.1 + 0.2], [1e-7], [-5.0]))
    assert [row.cells[0] for row in sheet.rows] == ["0.3", "0.0000001", "-5"]


def test_line_numbers_survive_empty_lines() -> None:
    sheet = read_sheet("a.xlsx", xlsx_of([], ["a"], [], ["x"], ["  "], ["y"]))
    assert sheet.header_line == 2
    assert [(row.line_number, row.cells) for row in sheet.rows] == [(4, ("x",)), (6, ("y",))]


def test_calculated_formula_is_read_as_its_value() -> None:
    def fill(_: Any, sheet: Any) -> None:
        sheet.write(0, 0, "合计")
        sheet.write_formula(1, 0, "=1+1", None, 2)

    assert read_sheet("a.xlsx", xlsx(fill)).rows[0].cells == ("2",)


def test_formula_never_calculated_is_refused_with_its_cell() -> None:
    def fill(_: Any, sheet: Any) -> None:
        sheet.write(0, 0, "合计")
        sheet.write_formula(1, 2, "=1+1", None, "")

    refused = refusal("a.xlsx", xlsx(fill))
    assert (refused.code, refused.params["cells"]) == ("sheet.formula_without_value", "C2")


def test_error_value_is_refused_with_its_cell() -> None:
    def fill(_: Any, sheet: Any) -> None:
        sheet.write(0, 0, "合计")
        sheet.write_formula(3, 1, "=1/0", None, "#DIV/0!")

    refused = refusal("a.xlsx", xlsx(fill))
    assert (refused.code, refused.params["cells"]) == ("sheet.error_value", "B4")


def test_cells_merged_over_lines_with_content_are_refused() -> None:
    def fill(_: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, HEADERS)
        sheet.merge_range(1, 2, 3, 2, "张三")
        sheet.write_column(1, 3, [1, 2, 3])

    refused = refusal("a.xlsx", xlsx(fill))
    assert (refused.code, refused.params["cells"]) == ("sheet.merged", "C2:C4")


def test_merged_title_is_noted_and_read() -> None:
    def fill(_: Any, sheet: Any) -> None:
        sheet.merge_range(0, 0, 1, 3, "名单")
        sheet.write_row(2, 0, HEADERS)
        sheet.write_row(3, 0, [1, CARD, "张三", 1])

    sheet = read_sheet("a.xlsx", xlsx(fill))
    assert codes(sheet) == ["sheet.merged_in_line"]
    assert [line.line_number for line in sheet.lines] == [1, 3, 4]


def test_hidden_lines_are_read_and_noted() -> None:
    def fill(_: Any, sheet: Any) -> None:
        sheet.write_column(0, 0, ["户名", "张三", "李四"])
        sheet.set_row(2, None, None, {"hidden": True})

    sheet = read_sheet("a.xlsx", xlsx(fill))
    assert len(sheet.rows) == 2
    assert [(n.code, n.params["line"]) for n in sheet.notes] == [("sheet.hidden_lines", 3)]


def test_only_the_first_visible_sheet_with_content_is_read() -> None:
    def fill(book: Any, sheet: Any) -> None:
        hidden, second, third = (book.add_worksheet(n) for n in ("隐藏", "第二", "第三"))
        hidden.write(0, 0, "秘密")
        hidden.hide()
        second.write(0, 0, "户名")
        third.write(0, 0, "别的")

    sheet = read_sheet("a.xlsx", xlsx(fill))
    assert sheet.headers == ("户名",)
    assert sheet.notes[0].params == {"sheet": "第二", "others": "第三"}


def test_old_xls_is_read_like_xlsx() -> None:
    content = (Path(__file__).parent / "files" / "list.xls").read_bytes()
    sheet = read_sheet("名单.XLS", content)
    assert sheet.headers == ("序号", "账号", "户名", "金额", "日期")
    assert sheet.rows[0].cells == ("1", "0012345678901234567", "张三", "1234.5", "2026-01-02")
    assert sheet.rows[1].line_number == 4
    assert sheet.doubtful == {(4, 1)}


def test_ods_is_read_like_xlsx() -> None:
    amount = '<table:table-cell office:value-type="float" office:value="12.5"/>'
    row = "<table:table-row>{}</table:table-row>"
    content = ods(
        row.format(ods_text("账号") + ods_text("金额"))
        + '<table:table-row table:number-rows-repeated="2"/>'
        + row.format(ods_text("0012") + amount)
    )
    sheet = read_sheet("a.ods", content)
    assert sheet.rows == [sheets.SheetRow(4, ("0012", "12.5"))]


def test_ods_formula_without_value_is_refused() -> None:
    cell = '<table:table-cell table:formula="of:=1+1"/>'
    content = ods(f"<table:table-row>{ods_text('a')}{cell}</table:table-row>")
    assert refusal("a.ods", content).params["cells"] == "B1"


def test_ods_that_repeats_a_cell_without_end_is_refused() -> None:
    cell = ods_text("x", 'table:number-columns-repeated="16384"')
    content = ods(f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>')
    assert refusal("a.ods", content).code == "sheet.too_many_cells"


def test_cell_in_the_last_corner_is_refused_before_it_fills_memory() -> None:
    def fill(_: Any, sheet: Any) -> None:
        sheet.write(0, 0, "a")
        sheet.write(1048575, 16383, "b")

    assert refusal("a.xlsx", xlsx(fill)).code == "sheet.too_many_cells"


def test_one_long_text_in_a_million_cells_is_refused() -> None:
    def fill(_: Any, sheet: Any) -> None:
        for line in range(7000):
            sheet.write(line, 0, "长" * 32_000)

    assert refusal("a.xlsx", xlsx(fill)).code == "sheet.too_many_cells"


def test_list_longer_than_allowed_is_refused_with_the_limit() -> None:
    lines = [["户名"], *[["张三"]] * 4]
    refused = refusal("a.xlsx", xlsx_of(*lines), max_rows=3)
    assert (refused.code, refused.params["max_rows"]) == ("sheet.too_many_rows", 3)
    assert len(read_sheet("a.xlsx", xlsx_of(*lines), max_rows=4).rows) == 4


def test_fifty_thousand_and_one_lines_are_refused() -> None:
    assert refusal("a.csv", b"a,b\n" + b"1,2\n" * 50_001).code == "sheet.too_many_rows"
    assert len(read_sheet("a.csv", b"a,b\n" + b"1,2\n" * 50_000).rows) == 50_000


# files that are not what they seem


def test_too_large_a_file_is_refused() -> None:
    assert refusal("a.csv", b"a" * (20 * 1024 * 1024 + 1)).code == "sheet.too_large"


def test_zip_bomb_is_refused_by_its_declared_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_parts, "MAX_UNPACKED_BYTES", 2_000_000)
    bomb = b"0" * 2_000_001
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        package.writestr("xl/workbook.xml", bomb)
    assert refusal("a.xlsx", content.getvalue()).code == "sheet.zip_bomb"


def test_zip_that_lies_about_its_size_is_refused() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/workbook.xml", b"0" * 5_000_000)
    true_size, false_size = (n.to_bytes(4, "little") for n in (5_000_000, 50))
    lying = content.getvalue().replace(true_size, false_size)
    assert lying != content.getvalue()
    assert refusal("a.xlsx", lying).code == "sheet.damaged"


def test_zip_with_broken_compression_is_refused() -> None:
    whole = bytearray(xlsx_of(HEADERS, *[[i, CARD, "张三", i] for i in range(50)]))
    with zipfile.ZipFile(io.BytesIO(whole)) as package:
        part = package.getinfo("xl/worksheets/sheet1.xml")
    start = part.header_offset + 30 + len(part.filename)
    whole[start : start + 20] = b"\xff" * 20
    assert refusal("a.xlsx", bytes(whole)).code == "sheet.damaged"


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9, 0.999])
def test_workbook_cut_off_is_refused(share: float) -> None:
    whole = xlsx_of(HEADERS, *[[i, CARD, "张三", i] for i in range(50)])
    assert refusal("a.xlsx", whole[: int(len(whole) * share)]).code == "sheet.damaged"


@pytest.mark.parametrize("position", range(600, 5200, 311))
def test_xls_with_broken_bytes_never_escapes_as_a_crash(position: int) -> None:
    content = bytearray((Path(__file__).parent / "files" / "list.xls").read_bytes())
    content[position : position + 12] = b"\xff\xfe\xfd\xfc" * 3
    try:
        read_sheet("a.xls", bytes(content))
    except RuleBroken as refused:
        assert refused.code.startswith("sheet.")


def test_sheet_with_a_document_type_is_refused() -> None:
    doctype = b'<!DOCTYPE worksheet [<!ENTITY a "aaaa">]><worksheet'
    content = with_part(
        xlsx_of(["a"]),
        "xl/worksheets/sheet1.xml",
        lambda part: part.replace(b"<worksheet", doctype, 1),
    )
    assert refusal("a.xlsx", content).code == "sheet.damaged"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.xlsx", b"", "sheet.empty"),
        ("a.csv", b" \r\n ", "sheet.empty"),
        ("a.csv", b",,\r\n,,", "sheet.empty"),
        ("a.pdf", b"%PDF-1.7", "sheet.unknown_type"),
        ("a", b"a,b", "sheet.unknown_type"),
        ("a.xlsm", b"PK", "sheet.unknown_type"),
        ("a.csv", b"%PDF-1.7", "sheet.wrong_type"),
        ("a.xls", b"<html><table><tr><td>1</td></tr></table></html>", "sheet.wrong_type"),
        ("a.xls", "户名\t金额\r\n".encode("gb18030"), "sheet.wrong_type"),
        ("a.xlsx", b"a,b\r\n1,2\r\n", "sheet.wrong_type"),
        ("a.csv", b"PK\x03\x04", "sheet.wrong_type"),
        ("a.xlsx", b"PK\x03\x04" + b"0" * 100, "sheet.damaged"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"0" * 600, "sheet.damaged"),
    ],
)
def test_file_that_is_not_a_list_is_refused(name: str, content: bytes, code: str) -> None:
    assert refusal(name, content).code == code


def test_empty_workbook_is_refused() -> None:
    assert refusal("a.xlsx", xlsx_of()).code == "sheet.empty"


# reading text files


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_text_file_is_read_in_the_encodings_of_the_office(encoding: str, separator: str) -> None:
    text = f"户名{separator}账号\r\n张三{separator}{CARD}\r\n\r\n李四{separator}0012\r\n"
    sheet = read_sheet("a.csv", text.encode(encoding))
    assert sheet.headers == ("户名", "账号")
    assert [(r.line_number, r.cells) for r in sheet.rows] == [
        (2, ("张三", CARD)),
        (4, ("李四", "0012")),
    ]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("户名\r\n张三".encode("utf-16")[2:], 1),
        (b"name\r\n\xff\xff\xff\r\n", 2),
        ("户名,金额\r\n张三,1\r\n".encode() + b"\xe5\x28\xff" + "李四李四李四".encode(), 3),
        (b"name\r\nab\x07c", 2),
    ],
)
def test_text_in_an_unknown_encoding_is_refused_with_its_line(content: bytes, line: int) -> None:
    refused = refusal("a.csv", content)
    assert (refused.code, refused.params["line"]) == ("sheet.undecodable", line)


def test_text_that_ends_inside_a_character_is_cut_off() -> None:
    assert refusal("a.csv", "户名,金额\r\n张三,1\r\n李".encode()[:-1]).code == "sheet.cut_off"


def test_text_that_ends_inside_a_quotation_is_cut_off() -> None:
    assert refusal("a.csv", b'a,b\r\n1,"x').code == "sheet.cut_off"


def test_quotes_commas_and_new_lines_in_a_cell_are_kept() -> None:
    sheet = read_sheet("a.csv", '户名,x\r\n"张,""三""\n丰",1\r\n李四,2\r\n'.encode())
    assert sheet.rows[0].cells == ('张,"三"\n丰', "1")
    assert sheet.rows[1].line_number == 4


def test_number_a_spreadsheet_shortened_is_noted() -> None:
    sheet = read_sheet("a.csv", b"name,account\r\nLi,6.22202E+18\r\n")
    assert sheet.doubtful == {(2, 1)}


def test_protected_account_is_read_without_its_protection() -> None:
    sheet = read_sheet("a.csv", b'a,b,c\r\n="0012",\t0013,\'=x\r\n')
    assert sheet.rows[0].cells == ("0012", "0013", "=x")


def test_short_and_long_lines_become_even() -> None:
    sheet = read_sheet("a.csv", b"a,b\r\n1\r\n1,2,3,,\r\n")
    assert [row.cells for row in sheet.rows] == [("1", "", ""), ("1", "2", "3")]


# writing

COLUMNS = [
    Column("name", "户名"),
    Column("amount_fen", "金额(元)", "yuan", total=True),
    Column("count", "人数", "int"),
    Column("paid_on", "日期", "day"),
    Column("made_at", "时间", "moment"),
]
ROW = {
    "name": "张三",
    "amount_fen": 6_000_001,
    "count": 3,
    "paid_on": dt.date(2026, 6, 10),
    "made_at": dt.datetime(2026, 6, 10, 1, 30, tzinfo=dt.UTC),
}
MADE_AT = dt.datetime(2026, 6, 10, 1, 30, tzinfo=dt.UTC)


def test_written_list_reads_back_with_its_sum() -> None:
    content = write_sheet("付款", COLUMNS, [ROW, ROW], total_label="合计")
    sheet = read_sheet("a.xlsx", content)
    assert sheet.rows[0].cells == ("张三", "60000.01", "3", "2026-06-10", "2026-06-10 09:30:00")
    assert sheet.rows[2].cells == ("合计", "120000.02", "", "", "")


def test_header_is_bold_frozen_and_filtered_and_amounts_are_numbers() -> None:
    content = write_sheet("付款", COLUMNS, [ROW])
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        part = package.read("xl/worksheets/sheet1.xml").decode()
        styles = package.read("xl/styles.xml").decode()
    assert '<pane ySplit="1"' in part and '<autoFilter ref="A1:E2"/>' in part
    assert "<v>60000.01</v>" in part
    assert 'formatCode="#,##0.00"' in styles or 'numFmtId="4"' in styles
    assert "<b/>" in styles


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "http://a.cn", "007"])
def test_text_is_never_a_formula_a_link_or_a_number(text: str) -> None:
    content = write_sheet("x", COLUMNS[:1], [{"name": text}])
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        part = package.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in part and "hyperlink" not in part and 't="inlineStr"' in part
    assert read_sheet("a.xlsx", content).rows[0].cells == (text.strip(),)


def test_same_list_and_moment_give_the_same_bytes() -> None:
    first, second = (write_sheet("付款", COLUMNS, [ROW], made_at=MADE_AT) for _ in range(2))
    assert first == second


def test_notes_stand_on_their_own_sheet() -> None:
    content = write_sheet("付款", COLUMNS, [ROW], notes=["单位：元"], notes_title="说明")
    sheet = read_sheet("a.xlsx", content)
    assert [row.cells[0] for row in sheet.rows] == ["张三", ""]
    assert sheet.notes[0].params["others"] == "说明"


def test_text_too_long_for_a_cell_is_refused_not_dropped() -> None:
    with pytest.raises(RuleBroken) as refused:
        write_sheet("x", COLUMNS[:1], [{"name": "a" * 32_768}])
    assert (refused.value.code, refused.value.params["line"]) == ("sheet.text_too_long", 2)


@pytest.mark.parametrize("title", ["", "a/b:c*d?e[f]\\g", "'", "长" * 40])
def test_any_title_makes_a_sheet(title: str) -> None:
    assert read_sheet("a.xlsx", write_sheet(title, COLUMNS, [ROW])).rows


def test_csv_keeps_formulas_from_running_and_reads_back() -> None:
    content = write_csv(COLUMNS[:2], [{"name": "=cmd|' /C calc'!A0", "amount_fen": -500}])
    assert "'=cmd" in content.decode("utf-8-sig")
    assert read_sheet("a.csv", content).rows[0].cells == ("=cmd|' /C calc'!A0", "-5.00")


def test_csv_in_the_encoding_of_the_bank_refuses_what_it_lacks() -> None:
    assert "张三".encode("gb18030") in write_csv(COLUMNS[:1], [ROW], encoding="gb18030")
    with pytest.raises(RuleBroken) as refused:
        write_csv(COLUMNS[:1], [ROW, {"name": "𠮷"}], encoding="gbk")
    assert (refused.value.code, refused.value.params["line"]) == ("sheet.unencodable", 3)


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp", "Cn", "Co")),
    max_size=40,
).map(lambda t: t.strip("\u200b\ufeff"))


@settings(max_examples=60, deadline=None)
@example([(";;", 0), (";;", 0)])
@given(st.lists(st.tuples(TEXTS, st.integers(-(10**14), 10**14)), min_size=1, max_size=8))
def test_whatever_is_written_reads_back(rows: list[tuple[str, int]]) -> None:
    columns = [Column("name", "户名"), Column("amount_fen", "金额", "yuan")]
    given_rows = [{"name": name, "amount_fen": fen} for name, fen in rows]
    for name, content in (
        ("a.xlsx", write_sheet("x", columns, given_rows)),
        ("a.csv", write_csv(columns, given_rows)),
    ):
        read = [
            (row.cells[0], int(Decimal(row.cells[1]) * 100))
            for row in read_sheet(name, content).rows
        ]
        assert read == rows
