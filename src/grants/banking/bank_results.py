"""Answers of the bank, read from csv, xlsx, xls, ods or ISO 20022 pain.002.

Lists may begin with a preamble and end with totals; their headers are known by name, Chinese or
English (`results/words.json`), and a profile adds the words of its bank. Nothing is guessed: a
file with any problem is refused as a whole, with every problem and its line.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources

from grants.banking.bank_profiles import Profile
from grants.banking.pain_002 import is_xml, read_pain_002
from grants.banking.result_lines import (
    BadResultFile,
    Gathering,
    Outcome,
    Problem,
    ResultFile,
    ResultLine,
    result_key,
    result_keys,
)
from grants.banking.return_codes import RETURN_CODES, ReturnCode
from grants.kernel.errors import N_
from grants.kernel.money import Fen
from grants.platform.sheets import Sheet, SheetRow, read_sheet

__all__ = [
    "RETURN_CODES",
    "BadResultFile",
    "Outcome",
    "Problem",
    "ResultFile",
    "ResultLine",
    "ReturnCode",
    "parse_results",
    "result_key",
    "result_keys",
]

_HEADER_MUST_BE_WITHIN = 30
_SUM_WORDS_WITHIN = 2


def parse_results(name: str, content: bytes, profile: Profile | None = None) -> ResultFile:
    """Read a result file. Amounts are in yuan in the file and in fen here.

    A failed line whose reason is a timeout or system fault becomes UNKNOWN (R08), never
    RETURNED. Declared counts and totals must agree with the lines.

    Example: `明细编号,金额,状态,原因` over `P1,100.00,失败,户名不符` gives one line, RETURNED
    with R01.

    Raises BadResultFile with all problems; RuleBroken `sheet.…` where the file itself cannot be
    read.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    if is_xml(name, content):
        return read_pain_002(content, sha256)
    sheet = read_sheet(name, content)
    format_name = name.rpartition(".")[2].lower()
    return _ListReading(sheet, _Words.of(profile)).result(sha256, format_name)


def _plain(text: str) -> str:
    """Bring a header or status to the form in which words are compared."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = re.sub(r"\((?:元|人民币元|yuan|cny|rmb)\)", "", text)
    return re.sub(r"[\s*:_\-.()/]+", "", text)


@lru_cache(maxsize=1)
def _shipped_words() -> dict[str, dict[str, list[str]]]:
    file = resources.files("grants.banking") / "results" / "words.json"
    words: dict[str, dict[str, list[str]]] = json.loads(file.read_text(encoding="utf-8"))
    return words


@dataclass(frozen=True)
class _Words:
    headers: Mapping[str, str]
    outcomes: Mapping[str, Outcome]
    labels: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, profile: Profile | None) -> _Words:
        shipped = _shipped_words()
        headers = {_plain(w): name for name, words in shipped["headers"].items() for w in words}
        outcomes: dict[str, Outcome] = {}
        for outcome in ("PAID", "RETURNED", "UNKNOWN"):
            outcomes |= {_plain(word): outcome for word in shipped["outcomes"][outcome]}
        if profile:
            for name, words in profile.result_headers.items():
                headers |= {_plain(word): name for word in words}
            outcomes |= {_plain(w): outcome for w, outcome in profile.result_outcomes.items()}
        labels = {k: frozenset(map(_plain, words)) for k, words in shipped["labels"].items()}
        return cls(headers, outcomes, labels)


@dataclass
class _ListReading:
    """One list on its way from cells to results."""

    sheet: Sheet
    words: _Words
    gathering: Gathering = field(default_factory=Gathering)
    columns: dict[str, int] = field(default_factory=dict)
    declared: dict[str, str] = field(default_factory=dict)
    batch_numbers: dict[str, int] = field(default_factory=dict)

    def result(self, sha256: str, format_name: str) -> ResultFile:
        lines = self.sheet.lines
        header = self._find_header(lines)
        for row in lines[:header]:
            self._read_declaration(row)
        found = 0
        for row in lines[header + 1 :]:
            if self._is_sum(row):
                self._read_declaration(row)
            else:
                found += 1
                self._read_line(row)
        count, total_fen = self._declared_figures()
        batch_no = self._batch_no()
        self.gathering.finish(count, total_fen, found)
        return ResultFile(
            sha256,
            format_name,
            batch_no,
            tuple(self.gathering.lines),
            count,
            total_fen,
            self.sheet.notes,
        )

    # the header

    def _find_header(self, lines: list[SheetRow]) -> int:
        for index, row in enumerate(lines[:_HEADER_MUST_BE_WITHIN]):
            names = [self.words.headers.get(_plain(cell)) for cell in row.cells]
            known = {name for name in names if name}
            who, what = known & {"item_no", "account"}, known & {"outcome", "paid_amount"}
            if who and what and len(known) >= 3:
                self._set_columns(row, names)
                return index
        raise BadResultFile(
            [
                Problem(
                    None,
                    "result.unknown_format",
                    N_(
                        "No line of the file names its columns: an item number or account, "
                        "an amount and a status are needed."
                    ),
                )
            ]
        )

    def _set_columns(self, row: SheetRow, names: list[str | None]) -> None:
        for index, name in enumerate(names):
            if name is None or name == "ignored":
                continue
            if name in self.columns:
                self.gathering.refuse(
                    row.line_number,
                    "result.column_twice",
                    N_("The columns {first} and {second} mean the same."),
                    first=row.cells[self.columns[name]],
                    second=row.cells[index],
                )
            self.columns.setdefault(name, index)

    # what the file says of itself

    def _is_sum(self, row: SheetRow) -> bool:
        filled = [(i, cell) for i, cell in enumerate(row.cells) if cell][:_SUM_WORDS_WITHIN]
        name_column = self.columns.get("account_name")
        return any(
            self._label(cell)[0] is not None
            for index, cell in filled
            if index != name_column or not row.cells[self.columns.get("account", index)]
        )

    def _label(self, cell: str) -> tuple[str | None, str]:
        """Split "总笔数：3" into what it labels and its value."""
        label, _, value = unicodedata.normalize("NFKC", cell).partition(":")
        plain = _plain(label)
        for name in ("batch_no", "count", "total", "both"):
            if plain in self.words.labels[name]:
                return name, value.strip()
        return None, ""

    def _read_declaration(self, row: SheetRow) -> None:
        cells = list(row.cells)
        for index, cell in enumerate(cells):
            name, value = self._label(cell) if cell else (None, "")
            if name == "both":
                self._read_sum_row(row, index)
                continue
            value = value or next((c for c in cells[index + 1 :] if c), "")
            if name == "batch_no" and value:
                self.batch_numbers.setdefault(value, row.line_number)
            elif name and value:
                self._declare(row.line_number, name, value)

    def _read_sum_row(self, row: SheetRow, label: int) -> None:
        """Read "合计 | 3笔 | | 600.00": the amount stands in its column, the count elsewhere."""
        amount = self.columns.get("amount", self.columns.get("paid_amount", -1))
        for index, cell in enumerate(row.cells):
            if not cell or index == label:
                continue
            if index == amount:
                self._declare(row.line_number, "total", cell)
            elif re.fullmatch(r"\d+\s*笔", cell) or (cell.isdecimal() and index == label + 1):
                self._declare(row.line_number, "count", cell)

    def _declare(self, line: int, name: str, value: str) -> None:
        value = value.removesuffix("笔").strip()
        if self.declared.setdefault(name, value) != value:
            self.gathering.refuse(
                line,
                "result.declared_twice",
                N_("The file declares both {first} and {second}."),
                first=self.declared[name],
                second=value,
            )

    def _declared_figures(self) -> tuple[int | None, Fen | None]:
        count: int | None = None
        if "count" in self.declared:
            text = self.declared["count"].replace(",", "")
            if text.isascii() and text.isdecimal():
                count = int(text)
            else:
                self.gathering.refuse(
                    None,
                    "result.count_unreadable",
                    N_("“{text}” is not a number of payments."),
                    text=text[:40],
                )
        total = self.declared.get("total", "")
        return count, self.gathering.amount(None, total, zero_allowed=True) if total else None

    def _batch_no(self) -> str | None:
        numbers = list(self.batch_numbers)
        if len(numbers) > 1:
            self.gathering.refuse(
                self.batch_numbers[numbers[1]],
                "result.several_batches",
                N_("The file names several batches: {batches}."),
                batches=", ".join(numbers[:5]),
            )
        return numbers[0] if numbers else None

    # one line

    def _read_line(self, row: SheetRow) -> None:
        def cell(name: str) -> str:
            return row.cells[self.columns[name]] if name in self.columns else ""

        number = row.line_number
        before = len(self.gathering.problems)
        amount_fen = self.gathering.amount(number, cell("amount"))
        paid_fen = self.gathering.amount(number, cell("paid_amount"), zero_allowed=True)
        booked_on = self.gathering.day(number, cell("booked_on"))
        outcome = self._outcome(number, cell("outcome"), amount_fen, paid_fen)
        account = self._account(row, cell("account"), cell("item_no"))
        if cell("batch_no"):
            self.batch_numbers.setdefault(cell("batch_no"), number)
        if amount_fen is None and not paid_fen and len(self.gathering.problems) == before:
            self.gathering.refuse(number, "result.no_amount", N_("The line has no amount."))
        if outcome is None or len(self.gathering.problems) > before:
            return
        line = ResultLine(
            line_number=number,
            item_no=cell("item_no") or None,
            account=account,
            account_name=cell("account_name") or None,
            amount_fen=amount_fen or paid_fen,
            outcome=outcome,
            reason_text=cell("reason"),
            bank_reference=cell("bank_reference") or None,
            booked_on=booked_on,
        )
        self.gathering.add(line, cell("return_code"))

    def _account(self, row: SheetRow, text: str, item_no: str) -> str | None:
        place = (row.line_number, self.columns.get("account", -1))
        if place in self.sheet.doubtful:
            if not item_no:
                self.gathering.refuse(
                    row.line_number,
                    "result.account_lost",
                    N_("The account was stored as a number and lost digits."),
                )
            return None
        return re.sub(r"[\s-]", "", text) or None

    def _outcome(
        self, line: int, text: str, amount_fen: Fen | None, paid_fen: Fen | None
    ) -> Outcome | None:
        """Read the status; a list without one tells it by the amount paid.

        A failed detail comes back with a paid amount of 0.00 (DA/T 95—2022, 表 B.1).
        """
        said = self.words.outcomes.get(_plain(text)) if text else None
        if text and said is None:
            self.gathering.refuse(
                line,
                "result.outcome_unknown",
                N_("The status “{text}” is not known; add it to the profile of the bank."),
                text=text[:40],
            )
            return None
        if said is None and paid_fen is not None and "outcome" not in self.columns:
            said = "PAID" if paid_fen else "RETURNED"
        if said is None:
            self.gathering.refuse(line, "result.no_outcome", N_("The line has no status."))
            return None
        changed = paid_fen is not None and paid_fen != (
            (amount_fen if amount_fen is not None else paid_fen) if said == "PAID" else 0
        )
        if changed and not (said != "PAID" and paid_fen == amount_fen):
            self.gathering.refuse(
                line,
                "result.paid_differs",
                N_("The amount paid does not fit the amount ordered and the status."),
            )
            return None
        return said
