"""What a bank's answer holds, whatever its format, and why it was not taken in."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from grants.banking.return_codes import named_in, return_code_of
from grants.kernel.errors import N_, Refusal, RuleBroken
from grants.kernel.money import Fen, fen_from_yuan, yuan_text
from grants.platform.sheets import Note

Outcome = Literal["PAID", "RETURNED", "UNKNOWN"]


@dataclass(frozen=True)
class ResultLine:
    """What happened to one payment. `line_number` is that of the file."""

    line_number: int
    item_no: str | None
    account: str | None
    account_name: str | None
    amount_fen: Fen | None
    outcome: Outcome
    return_code: str | None = None
    reason_text: str = ""
    bank_reference: str | None = None
    booked_on: dt.date | None = None


@dataclass(frozen=True)
class ResultFile:
    """One answer of the bank. The declared figures are those of the file, already checked."""

    sha256: str
    format: str
    batch_no: str | None
    lines: tuple[ResultLine, ...]
    declared_count: int | None = None
    declared_total_fen: Fen | None = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Problem:
    """One reason why a file is not taken in; `line_number` is None for the whole file."""

    line_number: int | None
    code: str
    message_id: str
    params: Mapping[str, object] = field(default_factory=dict)


class BadResultFile(RuleBroken):
    """A refused result file with all its problems at once. Nothing of it may be applied."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        if len(problems) == 1:
            super().__init__(first.code, first.message_id, **first.params)
        else:
            super().__init__(
                "result.problems",
                N_("The file has {count} problems and was not taken in."),
                count=len(problems),
            )
        self.problems = tuple(problems)


def result_key(line: ResultLine, batch_no: str = "") -> str:
    """Name the content of one result, so that it is applied once whatever file it comes in.

    File name, order and line number do not matter, nor the wording of the reason; `batch_no` is
    the batch the caller applies it to. Example: the same line sent twice has one key, the same
    item paid after it was unknown has another.
    """
    if line.item_no:
        who: tuple[object, ...] = (line.item_no,)
    else:
        who = (line.account, line.account_name, line.amount_fen)
    booked = line.booked_on.isoformat() if line.booked_on else None
    what = (batch_no, *who, line.outcome, line.return_code, line.bank_reference, booked)
    return hashlib.sha256(json.dumps(what, ensure_ascii=False).encode()).hexdigest()


def result_keys(lines: Iterable[ResultLine], batch_no: str = "") -> list[str]:
    """Give the keys of all lines of one file, in their order.

    Lines without item number may be alike and yet be two payments: the second of them gets a
    key of its own. A line with item number that stands twice has one key.
    """
    seen: Counter[str] = Counter()
    keys = []
    for line in lines:
        key = result_key(line, batch_no)
        seen[key] += 1
        again = not line.item_no and seen[key] > 1
        keys.append(f"{key}-{seen[key]}" if again else key)
    return keys


# Reading values

_AMOUNT = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?")
_DAY = re.compile(
    r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?(?:[ T]?\d{1,2}:?\d{2}(:?\d{2})?.*)?"
)


def read_amount(text: str) -> Fen:
    """Read a bank's amount: plain yuan with at most two decimals, never words or 万.

    Raises RuleBroken `result.amount_unreadable`. Example: "￥1,234.50" is 123,450 fen.
    """
    plain = text.strip().removeprefix("￥").removeprefix("¥").removeprefix("CNY")
    plain = plain.removesuffix("元").strip()
    try:
        if not plain.isascii() or not _AMOUNT.fullmatch(plain):
            raise ValueError(plain)
        return fen_from_yuan(plain.removeprefix("+"), allow_negative=True)
    except (ValueError, Refusal) as problem:
        raise RuleBroken(
            "result.amount_unreadable", N_("“{text}” is not an amount in yuan."), text=text[:40]
        ) from problem


def read_day(text: str) -> dt.date:
    """Read 2026-06-10, 20260610, 2026/6/10 or 2026年6月10日, a time after it ignored.

    Raises RuleBroken `result.day_unreadable`.
    """
    match = _DAY.fullmatch(text.strip())
    try:
        if not match:
            raise ValueError(text)
        return dt.date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError as problem:
        raise RuleBroken(
            "result.day_unreadable", N_("“{text}” is not a date."), text=text[:40]
        ) from problem


@dataclass
class Gathering:
    """Lines and problems of a file while it is being read."""

    lines: list[ResultLine] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, line: int | None, code: str, message: str, **params: object) -> None:
        """Remember a problem and go on."""
        self.problems.append(Problem(line, code, message, params))

    def amount(self, line: int | None, text: str, *, zero_allowed: bool = False) -> Fen | None:
        """Read an amount or remember why not."""
        if not text:
            return None
        try:
            amount_fen = read_amount(text)
        except RuleBroken as problem:
            self.refuse(line, problem.code, problem.message, **problem.params)
            return None
        if amount_fen < 0 or (amount_fen == 0 and not zero_allowed):
            self.refuse(
                line,
                "result.amount_not_positive",
                N_("{amount} yuan cannot be the amount of a payment."),
                amount=yuan_text(amount_fen),
            )
            return None
        return amount_fen

    def day(self, line: int, text: str) -> dt.date | None:
        """Read a day or remember why not."""
        if not text:
            return None
        try:
            return read_day(text)
        except RuleBroken as problem:
            self.refuse(line, problem.code, problem.message, **problem.params)
            return None

    def add(self, line: ResultLine, bank_code: str) -> None:
        """Add a line, its return code found, or remember why it contradicts itself."""
        if not line.item_no and not line.account:
            self.refuse(
                line.line_number,
                "result.no_item",
                N_("The line names neither an item number nor an account."),
            )
            return
        if line.outcome == "PAID":
            named = named_in(line.reason_text)
            if named and named.code != "R08":
                self.refuse(
                    line.line_number,
                    "result.contradiction",
                    N_("The line says paid and yet gives a reason for a return: {reason}"),
                    reason=line.reason_text[:60],
                )
                return
        elif line.outcome == "RETURNED":
            found = return_code_of(bank_code, line.reason_text)
            outcome: Outcome = "UNKNOWN" if found.unknown else "RETURNED"
            line = replace(line, outcome=outcome, return_code=found.code)
        self.lines.append(line)

    def finish(self, count: int | None, total_fen: Fen | None, found: int) -> None:
        """Check the whole file against its own figures; raise all problems at once.

        `found` counts every line of the list, also those with a problem. Raises BadResultFile.
        """
        sound = not self.problems
        if count is not None and count != found:
            self.refuse(
                None,
                "result.count_differs",
                N_("The file declares {declared} payments and holds {found}: it was cut off."),
                declared=count,
                found=found,
            )
        amounts = [line.amount_fen for line in self.lines]
        if total_fen is not None and sound and None not in amounts:
            sum_fen = Fen(sum(amount for amount in amounts if amount is not None))
            if sum_fen != total_fen:
                self.refuse(
                    None,
                    "result.total_differs",
                    N_("The file declares {declared} yuan and holds {found}: it was changed."),
                    declared=yuan_text(total_fen),
                    found=yuan_text(sum_fen),
                )
        self._conflicting_items()
        if not found and not self.problems:
            self.refuse(None, "result.no_lines", N_("The file holds no result of any payment."))
        if self.problems:
            raise BadResultFile(self.problems)

    def _conflicting_items(self) -> None:
        first: dict[str, ResultLine] = {}
        for line in self.lines:
            other = first.setdefault(line.item_no or f"#{line.line_number}", line)
            if result_key(other) != result_key(line) or other.amount_fen != line.amount_fen:
                self.refuse(
                    line.line_number,
                    "result.item_conflict",
                    N_("The item {item_no} has another result in line {other_line}."),
                    item_no=line.item_no,
                    other_line=other.line_number,
                )
