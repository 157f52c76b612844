"""Lists of awards as files: xlsx, xls, ods and csv by their columns, 360Giving as JSON.

Reading only says what stands in the file; `rules` judges it. Every value comes out
as text, so an amount never passes through a float.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from grants.imports.candidates import Candidate, Reading
from grants.imports.columns import (
    FIELDS,
    INSTALMENTS,
    REQUIRED,
    all_fields,
    amount_field,
    due_field,
    field_title,
)
from grants.imports.giving import read_360giving
from grants.imports.template import column_title
from grants.kernel.errors import N_, Refusal, RuleBroken
from grants.platform.sheets import Sheet, SheetRow, read_sheet
from grants.platform.texts import LANGUAGES

MAX_COLUMNS = 200


def read_candidates(name: str, content: bytes, mapping: Mapping[str, str] | None = None) -> Reading:
    """Read an award list; `mapping` (field to header) overrides the automatic one.

    A file that ends in .json or begins like JSON is read as 360Giving, whatever its name.
    Raises RuleBroken `import.…` and `sheet.…` where the file as a whole cannot be read.
    """
    if name.lower().endswith(".json") or re.match(rb"(\xef\xbb\xbf)?\s*[{\[]", content[:64]):
        return Reading(read_360giving(content))
    return _read_list(_list_of(name, content), mapping)


# Sheets


def read_headers(name: str, content: bytes) -> tuple[str, ...]:
    """The headers of a list whose columns nobody has named yet."""
    return _list_of(name, content).headers


def _list_of(name: str, content: bytes) -> Sheet:
    sheet = read_sheet(name, content)
    if len(sheet.headers) > MAX_COLUMNS:
        raise RuleBroken(
            "import.too_many_columns",
            N_("The list has {count} columns; at most {most} are read."),
            count=len(sheet.headers),
            most=MAX_COLUMNS,
        )
    return sheet


@cache
def _known_headers() -> Mapping[str, str]:
    """Every header that is understood by itself, to its field."""
    known: dict[str, str] = {}
    for field in all_fields():
        titles = (column_title(field, lang) for lang in LANGUAGES)
        for header in (field, *titles, *FIELDS.get(field, ())):
            known[_plain_header(header)] = field
    return known


def _plain_header(header: str) -> str:
    """A header without units in brackets, spaces and marks: “金额（元）*” is 金额."""
    plain = unicodedata.normalize("NFKC", header).casefold()
    return re.sub(r"[\W_]+", "", re.sub(r"\([^)]*\)", "", plain))


def header_mapping(headers: Sequence[str]) -> dict[str, str]:
    """Which header means which field, in Chinese or English; the first of two wins.

    Example: ["项目编号", "Award title", "备注"] gives external_id and title; 备注 means nothing.
    """
    mapping: dict[str, str] = {}
    for header in headers:
        field = _known_headers().get(_plain_header(header)) if header else None
        if field is not None:
            mapping.setdefault(field, header)
    return mapping


def _read_list(sheet: Sheet, given: Mapping[str, str] | None) -> Reading:
    mapping = dict(given) if given is not None else header_mapping(sheet.headers)
    columns = _columns_of(sheet.headers, mapping)
    if not sheet.rows:
        raise RuleBroken("import.no_rows", N_("The list has a header but no awards."))
    in_wan = frozenset(f for f, header in mapping.items() if "amount" in f and "万" in header)
    candidates = [_candidate(row, sheet, columns, in_wan) for row in sheet.rows]
    return Reading(candidates, sheet.headers, mapping, tuple(_notes(sheet, mapping)))


def _columns_of(headers: Sequence[str], mapping: Mapping[str, str]) -> dict[str, int]:
    strange = sorted(set(mapping.values()) - set(headers))
    if strange:
        raise RuleBroken(
            "import.no_such_header",
            N_("The list has no column “{header}”."),
            header=strange[0],
        )
    missing = [field_title(f) for f in REQUIRED if f not in mapping]
    if missing:
        raise RuleBroken(
            "import.column_missing",
            N_("No column of the list is “{column}”. Say which one it is, or use the template."),
            column=missing[0],
        )
    return {field: headers.index(header) for field, header in mapping.items()}


def _notes(sheet: Sheet, mapping: Mapping[str, str]) -> Iterator[Refusal]:
    for note in sheet.notes:
        if note.code != "sheet.digits_lost":
            yield RuleBroken(note.code, note.message, **note.params)
    ignored = [h for h in sheet.headers if h and h not in mapping.values()]
    if ignored:
        yield RuleBroken(
            "import.columns_ignored",
            N_("These columns are not known and were not read: {columns}."),
            columns=", ".join(ignored[:20]),
        )


def _candidate(
    row: SheetRow, sheet: Sheet, columns: Mapping[str, int], in_wan: frozenset[str]
) -> Candidate:
    cells = {field: row.cells[column] for field, column in columns.items()}
    for field in in_wan:
        # A column in 万元 gives plain numbers; a cell that names its unit keeps it.
        if cells[field] and not re.search(r"[万亿元]", cells[field]):
            cells[field] += "万"
    faults = tuple(
        RuleBroken(
            "import.digits_lost",
            N_("{field}: the spreadsheet lost digits of this number; enter it as text."),
            field=field_title(field),
        )
        for field, column in columns.items()
        if (row.line_number, column) in sheet.doubtful
    )
    parts = tuple(
        (cells.pop(due_field(n), ""), cells.pop(amount_field(n), ""))
        for n in range(1, INSTALMENTS + 1)
    )
    return Candidate(row.line_number, instalments=parts, faults=faults, **cells)
