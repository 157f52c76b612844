"""Lists out: xlsx and csv that open well, total exactly and never run as formulas."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

import xlsxwriter  # type: ignore[import-untyped]

from grants.kernel.errors import N_, RuleBroken

Kind = Literal["text", "yuan", "int", "day", "moment"]
Row = Mapping[str, Any]

SHANGHAI = ZoneInfo("Asia/Shanghai")
MAX_CELL_CHARS = 32_767
_EXACT = 10**15
"""Numbers from here on do not survive in a spreadsheet cell; they are written as text."""

_FORMATS = {
    "text": "@",
    "yuan": "#,##0.00",
    "int": "0",
    "day": "yyyy-mm-dd",
    "moment": "yyyy-mm-dd hh:mm",
}
_WIDTHS = {"text": 20, "yuan": 16, "int": 10, "day": 12, "moment": 17}


@dataclass(frozen=True)
class Column:
    """One column. `yuan` values are given in fen; `total` asks for their sum under the list."""

    key: str
    header: str
    kind: Kind = "text"
    width: int | None = None
    total: bool = False


def safe_workbook(into: io.BytesIO, made_at: dt.datetime | None = None) -> Any:
    """Open a workbook for writing in which text stays text.

    With `made_at` the same content gives the same bytes.
    """
    book = xlsxwriter.Workbook(
        into,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    if made_at is not None:
        moment = made_at.astimezone(dt.UTC).replace(tzinfo=None, microsecond=0)
        book.set_properties({"created": moment})
    return book


def yuan_of(amount_fen: int) -> Decimal:
    """Turn fen into yuan exactly: 123456 is Decimal("1234.56")."""
    return Decimal(amount_fen).scaleb(-2)


def sheet_name(title: str) -> str:
    """Make a name Excel accepts for a sheet: at most 31 characters, none of []:*?/\\."""
    return re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", title).strip(" '")[:31].strip(" '") or "Sheet1"


def write_sheet(
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Row],
    *,
    notes: Sequence[str] = (),
    notes_title: str = "Notes",
    total_label: str = "",
    made_at: dt.datetime | None = None,
) -> bytes:
    """Write an xlsx: bold frozen header with filters, typed cells, sums as values, notes apart.

    `yuan` comes in fen and is written as a number of two decimals, made from fen exactly; text
    is written as text whatever it begins with. A column with `total` gets its sum in a last
    row under `total_label`. `notes` go to a sheet of their own, so that the list can be sorted,
    filtered and read back.

    Example: `write_sheet("Payments", [Column("amount_fen", "Amount", "yuan")],
    [{"amount_fen": 6000000}])` shows 60,000.00.

    Raises RuleBroken `sheet.text_too_long` with the cell.
    """
    into = io.BytesIO()
    book = safe_workbook(into, made_at)
    sheet = book.add_worksheet(sheet_name(title))
    formats = {kind: book.add_format({"num_format": text}) for kind, text in _FORMATS.items()}
    bold = book.add_format({"bold": True, "bg_color": "#EEF1F5", "bottom": 1, "text_wrap": True})
    for index, column in enumerate(columns):
        sheet.set_column(index, index, column.width or _WIDTHS[column.kind])
        sheet.write_string(0, index, column.header, bold)
    sheet.freeze_panes(1, 0)
    last = 0
    sums = dict.fromkeys((c.key for c in columns if c.total), 0)
    for last, row in enumerate(rows, 1):
        for index, column in enumerate(columns):
            value = row[column.key]
            _write_cell(sheet, last, index, column.kind, value, formats[column.kind])
            if column.total and value is not None:
                sums[column.key] += value
    sheet.autofilter(0, 0, last, max(len(columns) - 1, 0))
    if sums:
        _write_totals(book, sheet, last + 1, columns, sums, total_label)
    if notes:
        _write_notes(book, sheet_name(notes_title), notes)
    book.close()
    return into.getvalue()


def _write_totals(
    book: Any, sheet: Any, line: int, columns: Sequence[Column], sums: dict[str, int], label: str
) -> None:
    bold = {
        kind: book.add_format({"num_format": text, "bold": True, "top": 1})
        for kind, text in _FORMATS.items()
    }
    for index, column in enumerate(columns):
        if column.total:
            _write_cell(sheet, line, index, column.kind, sums[column.key], bold[column.kind])
        elif index == 0:
            sheet.write_string(line, index, label, bold["text"])


def _write_notes(book: Any, name: str, notes: Sequence[str]) -> None:
    sheet = book.add_worksheet(name)
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 100)
    for line, note in enumerate(notes):
        sheet.write_string(line, 0, note, wrapped)


def _write_cell(sheet: Any, line: int, column: int, kind: str, value: Any, form: Any) -> None:
    if value is None or value == "":
        return
    if kind == "yuan":
        value = yuan_of(value)
    if kind in ("yuan", "int") and abs(value) < _EXACT / 100:
        sheet.write_number(line, column, value, form)
    elif kind in ("day", "moment"):
        if isinstance(value, dt.datetime) and value.tzinfo:
            value = value.astimezone(SHANGHAI).replace(tzinfo=None)
        sheet.write_datetime(line, column, value, form)
    elif sheet.write_string(line, column, str(value), form) == -2:
        raise RuleBroken(
            "sheet.text_too_long",
            N_("The text in line {line}, column {column} is too long for a spreadsheet cell."),
            line=line + 1,
            column=column + 1,
        )


def neutral(text: str) -> str:
    """Keep a text from running as a formula where a csv is opened in Excel.

    Source: OWASP "CSV Injection". Example: "=1+1" becomes "'=1+1". Reading a csv here takes the
    apostrophe away again.
    """
    return f"'{text}" if re.match(r"'*[=+\-@\t\r]", text) else text


def _plain(kind: str, value: Any) -> str:
    if value is None:
        return ""
    if kind == "yuan":
        return f"{yuan_of(value):.2f}"
    if kind == "int":
        return str(int(value))
    if kind == "day":
        return f"{value:%Y-%m-%d}"
    if kind == "moment":
        return f"{value.astimezone(SHANGHAI) if value.tzinfo else value:%Y-%m-%d %H:%M}"
    return neutral(str(value))


def write_csv(
    columns: Sequence[Column],
    rows: Iterable[Row],
    *,
    encoding: str = "utf-8-sig",
    separator: str = ",",
) -> bytes:
    """Write a csv with a header; `yuan` (given in fen) as 1234.50, text made harmless.

    Raises RuleBroken `sheet.unencodable` with the line where `encoding` lacks a character.
    """
    lines = [[neutral(column.header) for column in columns]]
    lines += [[_plain(column.kind, row[column.key]) for column in columns] for row in rows]
    return encode_lines(lines, encoding=encoding, separator=separator)


def encode_lines(
    lines: Sequence[Sequence[str]], *, encoding: str = "utf-8-sig", separator: str = ","
) -> bytes:
    """Write lines of cells as csv with CRLF ends. Raises RuleBroken `sheet.unencodable`."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator).writerows(lines)
    try:
        return text.getvalue().encode(encoding)
    except UnicodeEncodeError as problem:
        before = problem.object[: problem.start]
        raise RuleBroken(
            "sheet.unencodable",
            N_("Line {line} holds the character {character}, which {encoding} lacks."),
            line=before.count("\r\n") + 1,
            character=problem.object[problem.start],
            encoding=encoding.upper(),
        ) from problem
