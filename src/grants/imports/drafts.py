"""Instalments and budget lines of an active award, which comes in as a draft. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from grants.awards.rules import InstalmentPlan, SharePlan
from grants.budget.rules import line_is_open
from grants.imports.candidates import Candidate
from grants.imports.columns import due_field, field_title
from grants.imports.ground import Ground, KnownLine
from grants.imports.values import amount_of, clean, day_of
from grants.kernel.errors import N_, Refusal, RuleBroken
from grants.kernel.money import Fen, yuan_text

#: The condition of instalments that a list brings: their agreement says it, not the list.
CONDITION = "按原协议约定"


def instalments_of(candidate: Candidate, ground: Ground) -> list[InstalmentPlan]:
    """Instalments of an active award, each on the line of the year in which it is due."""
    lines = _lines(candidate, ground)
    parts: list[InstalmentPlan] = []
    for number, (due, amount) in enumerate(candidate.instalments, 1):
        if not due.strip() and not amount.strip():
            continue
        due_on = day_of(due, field_title(due_field(number)))
        if due_on is None or not amount.strip():
            raise RuleBroken(
                "import.instalment_half",
                N_("Instalment {n} needs both a day and an amount."),
                n=number,
            )
        if due_on.year not in lines:
            raise RuleBroken(
                "import.no_line_of_year",
                N_("Instalment {n} is due in {year}, but no budget line of that year is given."),
                n=number,
                year=due_on.year,
            )
        parts.append(InstalmentPlan(lines[due_on.year].id, amount_of(amount), due_on, CONDITION))
    idle = [line for line in lines.values() if line.id not in {p.line_id for p in parts}]
    if idle:
        raise RuleBroken(
            "import.line_without_instalment",
            N_("Budget line {line} bears no instalment of this award."),
            line=idle[0].code,
        )
    return parts


def line_codes(candidate: Candidate) -> list[str]:
    """The budget lines an award names, however they are set apart."""
    return [code for code in re.split(r"[;；、,，\s]+", clean(candidate.line_codes)) if code]


def _lines(candidate: Candidate, ground: Ground) -> dict[int, KnownLine]:
    """The budget lines an award names, by their year; each bears the instalments of its year."""
    lines: dict[int, KnownLine] = {}
    for code in line_codes(candidate):
        line = ground.lines.get(code)
        if line is None:
            raise RuleBroken("import.no_line", N_("There is no budget line {line}."), line=code)
        if line.programme_id != ground.programme_id:
            raise RuleBroken(
                "award.foreign_line",
                N_("Budget line {line} belongs to another programme or year."),
                line=code,
            )
        closed = line_is_open(line.state)
        if closed:
            raise closed
        if line.fiscal_year < ground.today.year:
            raise RuleBroken(
                "award.past_year", N_("A line of a past year takes no new commitment.")
            )
        if lines.setdefault(line.fiscal_year, line) is not line:
            raise RuleBroken(
                "import.two_lines_of_year",
                N_("Two budget lines of {year} are given; one list line holds one a year."),
                year=line.fiscal_year,
            )
    if not lines:
        raise RuleBroken(
            "import.line_missing", N_("An active award needs the code of its budget line.")
        )
    return lines


def shares_of(parts: Sequence[InstalmentPlan], ground: Ground) -> list[SharePlan]:
    """What each line bears: the instalments of its year."""
    years = {line.id: line.fiscal_year for line in ground.lines.values()}
    sums: Counter[int] = Counter()
    for part in parts:
        sums[part.line_id] += part.amount_fen
    return [SharePlan(line_id, years[line_id], Fen(total)) for line_id, total in sums.items()]


def instalments_differ(parts: Sequence[InstalmentPlan], amount_fen: Fen | None) -> Refusal | None:
    """The instalments of an award add up to its amount."""
    total = sum(part.amount_fen for part in parts)
    if not parts or amount_fen is None or total == amount_fen:
        return None
    return RuleBroken(
        "import.instalments_differ",
        N_("The instalments add up to {total} yuan, but the award is {amount}."),
        total=yuan_text(Fen(total)),
        amount=yuan_text(amount_fen),
    )
