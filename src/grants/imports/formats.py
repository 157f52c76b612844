"""Lists of awards as files: xlsx, xls, ods and csv by their columns, 360Giving as JSON.

Reading only says what stands in the file; `rules` judges it. Every value comes out
as text, so an amount never passes through a float.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from grants.imports.columns import (
    FIELDS,
    INSTALMENTS,
    REQUIRED,
    all_fields,
    amount_field,
    column_title,
    due_field,
    field_title,
)
from grants.kernel.errors import N_, Refusal, RuleBroken
from grants.platform.sheets import Sheet, SheetRow, read_sheet
from grants.platform.texts import LANGUAGES

MAX_BYTES = 20 * 1024 * 1024
MAX_GRANTS = 50_000
MAX_COLUMNS = 200


@dataclass(frozen=True, slots=True)
class Candidate:
    """One award as the file says it: text only, nothing checked.

    `line` is the line of the sheet, or the place of the grant in the JSON list from 1.
    `payee_key` is an id such as GB-CHC-327114; a sheet gives `uscc` instead. `faults` are what
    the file itself spoilt: digits lost in a spreadsheet, a value that is no text.
    """

    line: int
    external_id: str = ""
    funder_id: str = ""
    title: str = ""
    purpose: str = ""
    payee_name: str = ""
    payee_key: str = ""
    uscc: str = ""
    amount: str = ""
    currency: str = ""
    decided_on: str = ""
    starts_on: str = ""
    ends_on: str = ""
    state: str = ""
    line_codes: str = ""
    minutes_no: str = ""
    instalments: tuple[tuple[str, str], ...] = ()
    faults: tuple[Refusal, ...] = ()


@dataclass(frozen=True)
class Reading:
    """What a file holds: its candidates, and what a person should know about the whole."""

    candidates: list[Candidate]
    headers: tuple[str, ...] = ()
    mapping: Mapping[str, str] | None = None
    notes: tuple[Refusal, ...] = ()


def read_candidates(name: str, content: bytes, mapping: Mapping[str, str] | None = None) -> Reading:
    """Read an award list; `mapping` (field to header) overrides the automatic one.

    A file that ends in .json or begins like JSON is read as 360Giving, whatever its name.
    Raises RuleBroken `import.…` and `sheet.…` where the file as a whole cannot be read.
    """
    if name.lower().endswith(".json") or re.match(rb"(\xef\xbb\xbf)?\s*[{\[]", content[:64]):
        return Reading(_read_360giving(content))
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


# 360Giving


def _read_360giving(content: bytes) -> list[Candidate]:
    """Grants of a file in the 360Giving data standard (a list under "grants", or a bare list)."""
    if len(content) > MAX_BYTES:
        raise RuleBroken(
            "import.too_large",
            N_("The file has {size_mb} MB; at most {max_mb} MB are read."),
            size_mb=len(content) // (1024 * 1024),
            max_mb=MAX_BYTES // (1024 * 1024),
        )
    found = _parsed(content)
    grants = found.get("grants") if isinstance(found, dict) else found
    if not isinstance(grants, list):
        raise RuleBroken("import.no_grants", N_("The file has no list of grants."))
    if not grants:
        raise RuleBroken("import.no_rows", N_("The list has a header but no awards."))
    if len(grants) > MAX_GRANTS:
        raise RuleBroken(
            "import.too_many_rows",
            N_("The list has more than {max_rows} lines. Split it into several files."),
            max_rows=MAX_GRANTS,
        )
    return [_grant(line, grant) for line, grant in enumerate(grants, 1)]


class _Number(str):
    """A JSON number exactly as written: never a float, never rounded."""

    def written_out(self) -> str:
        """1.5E4 as 15000; an exponent beyond any amount stays as it is and is refused later."""
        mantissa, _, exponent = self.upper().partition("E")
        if not exponent or len(self) > 40 or abs(int(exponent)) > 30:
            return str(self)
        return format(Decimal(mantissa).scaleb(int(exponent)), "f")


def _parsed(content: bytes) -> Any:
    def refuse_constant(text: str) -> None:
        raise RuleBroken(
            "import.not_a_number",
            N_("The file holds {text}, which is not a number."),
            text=text,
        )

    try:
        text = content.decode("utf-8-sig")
        return json.loads(
            text, parse_float=_Number, parse_int=_Number, parse_constant=refuse_constant
        )
    except UnicodeDecodeError as problem:
        raise RuleBroken(
            "import.undecodable", N_("The file is not UTF-8 text, as JSON has to be.")
        ) from problem
    except json.JSONDecodeError as problem:
        raise RuleBroken(
            "import.json_broken",
            N_("The JSON breaks off or is wrong in line {line}, column {column}."),
            line=problem.lineno,
            column=problem.colno,
        ) from problem
    except RecursionError as problem:
        raise RuleBroken(
            "import.json_too_deep", N_("The JSON is nested deeper than any list of grants.")
        ) from problem


def _grant(line: int, grant: object) -> Candidate:
    if not isinstance(grant, dict):
        return Candidate(line, faults=(_wrong_kind("grants"),))
    faults: list[Refusal] = []

    def text(of: Mapping[str, object], key: str) -> str:
        value = of.get(key)
        if value is None:
            return ""
        if isinstance(value, _Number):
            return value.written_out()
        if not isinstance(value, str):
            faults.append(_wrong_kind(key))
            return ""
        return value

    def only(key: str) -> Mapping[str, object]:
        """The one object under `key`; none at all is an empty one."""
        value = grant.get(key) or [{}]
        if not isinstance(value, list) or not isinstance(value[0], dict):
            faults.append(_wrong_kind(key))
            return {}
        if len(value) > 1 and key == "recipientOrganization":
            faults.append(
                RuleBroken("import.many_payees", N_("The grant names more than one payee."))
            )
        return value[0]

    payee, dates = only("recipientOrganization"), only("plannedDates")
    said: dict[str, Any] = {
        "external_id": text(grant, "id"),
        "funder_id": text(only("fundingOrganization"), "id"),
        "title": text(grant, "title"),
        "purpose": text(grant, "description"),
        "payee_name": text(payee, "name"),
        "payee_key": text(payee, "id"),
        "amount": text(grant, "amountAwarded"),
        "currency": text(grant, "currency"),
        "decided_on": text(grant, "awardDate"),
        "starts_on": text(dates, "startDate"),
        "ends_on": text(dates, "endDate"),
    }
    return Candidate(line, faults=tuple(faults), **said)


def _wrong_kind(key: str) -> RuleBroken:
    return RuleBroken(
        "import.wrong_kind", N_("“{key}” is not what the data standard says it is."), key=key
    )
