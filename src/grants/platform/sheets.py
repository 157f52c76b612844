"""Spreadsheets in and out: xlsx, xls, ods and csv read as a person would read them.

Every cell comes out as text: account numbers in full, dates as ISO 8601, whole numbers without
".0". What cannot be trusted (a number of more than 15 digits, a formula nobody calculated, a
file in an unknown encoding) is refused or noted with its place, never guessed.

Writing lives in `sheet_output` and is offered here too.
"""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

from grants.kernel.errors import N_, RuleBroken
from grants.platform.sheet_output import Column, Kind, write_csv, write_sheet
from grants.platform.sheet_parts import (
    MAX_AREA,
    PASSWORD,
    Look,
    Place,
    cell_name,
    damaged,
    look_into_ods,
    look_into_xlsx,
    open_parts,
    pack_again,
    xlsx_sheets,
)
from grants.platform.sheet_text import EDGES, csv_lines, decode_text, digits_lost

__all__ = [
    "Column",
    "Kind",
    "Note",
    "Place",
    "Sheet",
    "SheetRow",
    "cell_name",
    "read_sheet",
    "write_csv",
    "write_sheet",
]

MAX_BYTES = 20 * 1024 * 1024
MAX_ROWS = 50_000
SAFE_DIGITS = 15
"""A spreadsheet number keeps 15 significant digits; the rest of a longer one is lost."""

_PLACES_SHOWN = 10


@dataclass(frozen=True)
class Note:
    """Something the person should know though the file was read. `cells` are its places."""

    code: str
    message: str
    params: Mapping[str, object]
    cells: frozenset[Place] = frozenset()


@dataclass(frozen=True)
class SheetRow:
    """One line: `line_number` as the sheet or the text editor shows it, cells as text."""

    line_number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """The first line with content as `headers`, the others as `rows`, without empty ones."""

    headers: tuple[str, ...]
    rows: list[SheetRow]
    notes: tuple[Note, ...] = ()
    header_line: int = 1

    @property
    def lines(self) -> list[SheetRow]:
        """Every line with content, the first included: for files that begin with a preamble."""
        return [SheetRow(self.header_line, self.headers), *self.rows]

    @cached_property
    def doubtful(self) -> frozenset[Place]:
        """Cells whose number lost digits before it came here."""
        return frozenset().union(*(n.cells for n in self.notes if n.code == "sheet.digits_lost"))


def read_sheet(name: str, content: bytes, *, max_rows: int = MAX_ROWS) -> Sheet:
    """Read the first visible sheet with content of an xlsx, xls, ods, csv or txt file.

    `name` gives the format, the content must agree with it. At most 20 MB, 200 MB unpacked and
    `max_rows` lines under the header.

    Example: an xlsx with the account 6200003205850000011 typed as a number is read, with the
    note `sheet.digits_lost` on its cell, since only 15 of its digits were kept.

    Raises RuleBroken `sheet.unknown_type`, `.wrong_type`, `.too_large`, `.zip_bomb`, `.password`,
    `.damaged`, `.cut_off`, `.undecodable`, `.empty`, `.too_many_rows`, `.too_many_cells`,
    `.merged`, `.formula_without_value`, `.error_value`.
    """
    if len(content) > MAX_BYTES:
        raise RuleBroken(
            "sheet.too_large",
            N_("The file has {size_mb} MB; at most {max_mb} MB are read."),
            size_mb=len(content) // (1024 * 1024),
            max_mb=MAX_BYTES // (1024 * 1024),
        )
    if not content.strip():
        raise _empty()
    kind = _kind_of(name, content)
    if kind == "csv":
        return _read_csv(content, max_rows)
    return _read_workbook(kind, content, max_rows)


def _empty() -> RuleBroken:
    return RuleBroken("sheet.empty", N_("The file has no content."))


def _too_many(max_rows: int) -> RuleBroken:
    return RuleBroken(
        "sheet.too_many_rows",
        N_("The list has more than {max_rows} lines. Split it into several files."),
        max_rows=max_rows,
    )


_KINDS = {".xlsx": "xlsx", ".xls": "xls", ".ods": "ods", ".csv": "csv", ".txt": "csv"}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHER_MAGIC = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")


def _kind_of(name: str, content: bytes) -> str:
    kind = _KINDS.get(name[name.rfind(".") :].lower() if "." in name else "")
    if kind is None:
        raise RuleBroken(
            "sheet.unknown_type",
            N_("{name} is not a list that can be read. Use xlsx, xls, ods or csv."),
            name=name,
        )
    found = _kind_found(content)
    if kind == "xlsx" and found == "xls":
        # Office wraps a workbook with a password into the old container format.
        raise (
            RuleBroken("sheet.password", PASSWORD)
            if b"E\0n\0c\0r\0y\0p\0t" in content
            else (_wrong_type(name))
        )
    if kind != found:
        raise _wrong_type(name)
    return kind


def _kind_found(content: bytes) -> str:
    if content.startswith(_OLE) or content[:2] in (b"\x09\x08", b"\x09\x04", b"\x09\x02"):
        return "xls"
    if content.startswith(b"PK"):
        head = content[:200]
        return "ods" if b"opendocument.spreadsheet" in head else "xlsx"
    if content.startswith(_OTHER_MAGIC):
        return "other"
    if re.match(rb"(\xef\xbb\xbf)?\s*<(\?xml|!doctype|html|table)", content[:200], re.I):
        return "other"
    return "csv"


def _wrong_type(name: str) -> RuleBroken:
    return RuleBroken(
        "sheet.wrong_type",
        N_("{name} is not what its ending says. Open it and save it as xlsx or csv."),
        name=name,
    )


# Workbooks


def _read_workbook(kind: str, content: bytes, max_rows: int) -> Sheet:
    looks: list[Look] | None = None
    if kind == "xlsx":
        parts = open_parts(content)
        if "xl/workbook.xml" not in parts or "xl/_rels/workbook.xml.rels" not in parts:
            raise damaged()
        looks = [look_into_xlsx(parts, *sheet) for sheet in xlsx_sheets(parts)]
        content = pack_again(parts)
    elif kind == "ods":
        parts = open_parts(content)
        if "content.xml" not in parts:
            raise damaged()
        looks = look_into_ods(parts)
        content = pack_again(parts)
    try:
        return _read_first_sheet(content, looks, max_rows)
    except PasswordError as problem:
        raise RuleBroken("sheet.password", PASSWORD) from problem
    except CalamineError as problem:
        raise damaged() from problem
    except BaseException as problem:
        # A panic of the reader on a broken file is no Exception; it must not end the process.
        if type(problem).__name__ != "PanicException":
            raise
        raise damaged() from problem


def _read_first_sheet(content: bytes, looks: list[Look] | None, max_rows: int) -> Sheet:
    with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
        visible = [m.name for m in book.sheets_metadata if m.visible == SheetVisibleEnum.Visible]
        by_name = {look.name: look for look in looks or ()}
        with_content: list[str] = []
        found: Sheet | None = None
        for name in visible:
            look = by_name.get(name)
            if looks is not None and (look is None or not look.rows):
                continue
            if found is None:
                found = _read_grid(book, name, look or Look(name), max_rows)
                with_content += [name] if found else []
            elif look is not None or book.get_sheet_by_name(name).height:
                with_content.append(name)
    if found is None:
        raise _empty()
    if len(with_content) > 1:
        others = Note(
            "sheet.only_first_read",
            N_("Only the sheet {sheet} was read; {others} was not."),
            {"sheet": with_content[0], "others": ", ".join(with_content[1:])},
        )
        found = Sheet(found.headers, found.rows, (*found.notes, others), found.header_line)
    return found


def _read_grid(book: CalamineWorkbook, name: str, look: Look, max_rows: int) -> Sheet | None:
    if len(look.rows) > max_rows + 1:
        raise _too_many(max_rows)
    _refuse_cells(look)
    grid = book.get_sheet_by_name(name)
    if not grid.height:
        return None
    if grid.total_height * grid.total_width > MAX_AREA:
        raise _too_many(max_rows)
    texts = _Texts(look)
    first_line, first_column = grid.start or (0, 0)
    blank = [""] * first_column
    lines: list[SheetRow] = []
    for line, values in enumerate(grid.to_python(skip_empty_area=True), first_line + 1):
        cells = [*blank, *(texts.text(v, line, c) for c, v in enumerate(values, first_column))]
        if any(cells):
            lines.append(SheetRow(line, tuple(cells)))
    merged = look.merged or [
        ((a[0] + 1, a[1]), (b[0] + 1, b[1])) for a, b in grid.merged_cell_ranges or ()
    ]
    return _sheet(lines, [*_merged_notes(merged, lines), *texts.notes(lines)], max_rows)


def _names(places: Iterable[Place]) -> str:
    ordered = sorted(places)
    more = " …" if len(ordered) > _PLACES_SHOWN else ""
    return ", ".join(cell_name(p) for p in ordered[:_PLACES_SHOWN]) + more


def _refuse_cells(look: Look) -> None:
    if look.without_value:
        raise RuleBroken(
            "sheet.formula_without_value",
            N_("The formula in {cells} was never calculated. Open the file, save it, send again."),
            cells=_names(look.without_value),
        )
    if look.errors:
        raise RuleBroken(
            "sheet.error_value",
            N_("The formula in {cells} ends in an error. Correct it and send the file again."),
            cells=_names(look.errors),
        )


def _merged_notes(merged: list[tuple[Place, Place]], lines: list[SheetRow]) -> Iterable[Note]:
    """Note merged cells; refuse one that hides what a lower line with content should say."""
    filled = {line.line_number for line in lines}
    ranges = {f"{cell_name(a)}:{cell_name(b)}": (a, b) for a, b in merged}
    hiding = [
        name
        for name, (first, last) in ranges.items()
        if any(line in filled for line in range(first[0] + 1, last[0] + 1))
    ]
    if hiding:
        raise RuleBroken(
            "sheet.merged",
            N_("The cells {cells} are merged over several lines. Split them and fill each line."),
            cells=", ".join(hiding[:_PLACES_SHOWN]),
        )
    if ranges:
        yield Note(
            "sheet.merged_in_line",
            N_("The merged cells {cells} were read as their first cell."),
            {"cells": ", ".join(list(ranges)[:_PLACES_SHOWN])},
            frozenset(first for first, _ in ranges.values()),
        )


Value = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta


@dataclass
class _Texts:
    """Turn the values of one grid into text and remember which of them lost digits."""

    look: Look
    digits_lost: set[Place] = field(default_factory=set)

    def text(self, value: Value, line: int, column: int) -> str:
        if isinstance(value, str):
            return value.strip(EDGES)
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        if isinstance(value, (int, float)):
            if abs(value) >= 10**SAFE_DIGITS:
                self.digits_lost.add((line, column))
            text = _number_text(value)
            return text.zfill(self.look.shown_digits.get((line, column), 0))
        return _time_text(value)

    def notes(self, lines: list[SheetRow]) -> Iterable[Note]:
        if self.digits_lost:
            yield _digits_lost(self.digits_lost)
        hidden = sorted(
            n for n in (line.line_number for line in lines) if n in self.look.hidden_lines
        )
        if hidden:
            yield Note(
                "sheet.hidden_lines",
                N_("{count} hidden lines were read too, the first is line {line}."),
                {"count": len(hidden), "line": hidden[0]},
            )


def _digits_lost(places: Iterable[Place]) -> Note:
    return Note(
        "sheet.digits_lost",
        N_("The numbers in {cells} lost digits in the spreadsheet. Enter them as text."),
        {"cells": _names(places)},
        frozenset(places),
    )


def _number_text(value: int | float) -> str:
    if isinstance(value, int) or value.is_integer():
        return str(int(value))
    # 15 significant digits are what the spreadsheet itself shows: 0.3, not 0.30000000000000004.
    return format(Decimal(format(value, f".{SAFE_DIGITS}g")), "f")


def _time_text(value: dt.time | dt.date | dt.datetime | dt.timedelta) -> str:
    if isinstance(value, dt.timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if isinstance(value, dt.datetime):
        value = (value + dt.timedelta(microseconds=500_000)).replace(microsecond=0)
        if value.time() == dt.time():
            return value.date().isoformat()
        return value.isoformat(sep=" ")
    if isinstance(value, dt.time):
        return value.isoformat(timespec="seconds")
    return value.isoformat()


def _sheet(lines: list[SheetRow], notes: list[Note], max_rows: int) -> Sheet:
    if not lines:
        raise _empty()
    if len(lines) > max_rows + 1:
        raise _too_many(max_rows)
    width = max(max(i for i, cell in enumerate(line.cells) if cell) for line in lines) + 1
    even = [
        line
        if len(line.cells) == width
        else SheetRow(line.line_number, (*line.cells[:width], *[""] * (width - len(line.cells))))
        for line in lines
    ]
    return Sheet(even[0].cells, even[1:], tuple(notes), even[0].line_number)


def _read_csv(content: bytes, max_rows: int) -> Sheet:
    lines = csv_lines(decode_text(content), max_rows + 1)
    lost = digits_lost(lines)
    rows = [SheetRow(line, cells) for line, cells in lines]
    return _sheet(rows, [_digits_lost(lost)] if lost else [], max_rows)
