"""The budget of a project against the lines of the call (domain §3.4). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grants.applications.sections import Budget
from grants.calls.terms import BudgetLineRule, CallTerms
from grants.kernel.errors import N_
from grants.kernel.findings import Finding, Mark
from grants.kernel.money import Fen, yuan_text


@dataclass(frozen=True)
class LineSum:
    """What one line of the budget takes; its share is of the grant, in permille."""

    rule: BudgetLineRule
    grant_fen: Fen
    own_fen: Fen
    share_permille: int

    @property
    def is_over(self) -> bool:
        """Above what the call lets this line take."""
        most = self.rule.most_permille
        return most is not None and self.share_permille > most

    @property
    def is_under(self) -> bool:
        """Below what the call wants this line to take."""
        least = self.rule.least_permille
        return least is not None and self.share_permille < least


@dataclass(frozen=True)
class Sums:
    """A budget added up."""

    lines: Sequence[LineSum]
    grant_fen: Fen
    own_fen: Fen
    own_permille: int
    cap_fen: Fen | None

    @property
    def total_fen(self) -> Fen:
        """What the whole project costs."""
        return Fen(self.grant_fen + self.own_fen)

    @property
    def left_fen(self) -> Fen | None:
        """What the cap of the category leaves; below zero where the grant is above it."""
        return None if self.cap_fen is None else Fen(self.cap_fen - self.grant_fen)


def share_permille(part_fen: int, whole_fen: int) -> int:
    """The part in permille of the whole, rounded up where a cap would hide behind rounding.

    Example: 40.01 of 100.00 are 401 permille, above a cap of 40%.
    """
    return -(-part_fen * 1000 // whole_fen) if whole_fen else 0


def sums_of(budget: Budget | None, terms: CallTerms, category: str) -> Sums:
    """The budget added up by line; lines that the call does not know are left out."""
    rows = budget.rows if budget else ()
    grant = sum(row.grant_fen for row in rows)
    own = sum(row.own_fen for row in rows)
    lines = []
    for rule in terms.budget_lines:
        of_line = [row for row in rows if row.line == rule.code]
        part = sum(row.grant_fen for row in of_line)
        lines.append(
            LineSum(
                rule,
                Fen(part),
                Fen(sum(row.own_fen for row in of_line)),
                # A least share is met only in full: rounded down where it is looked for.
                share_permille(part, grant)
                if rule.least_permille is None
                else (part * 1000 // grant if grant else 0),
            )
        )
    chosen = terms.category(category)
    return Sums(
        lines,
        Fen(grant),
        Fen(own),
        own * 1000 // (grant + own) if grant + own else 0,
        chosen.cap_fen if chosen else None,
    )


def budget_findings(budget: Budget, terms: CallTerms, category: str) -> list[Finding]:
    """What the lines say of a budget: shares, unit prices, own contribution, forbidden items."""
    sums = sums_of(budget, terms, category)
    found: list[Finding] = []
    for line in sums.lines:
        if line.is_over:
            found.append(
                _look(
                    "share_over",
                    N_("{line} takes {share} of the grant, at most {most}."),
                    line,
                    line.rule.most_permille,
                )
            )
        if line.is_under and sums.grant_fen:
            found.append(
                _look(
                    "share_under",
                    N_("{line} takes {share} of the grant, at least {most}."),
                    line,
                    line.rule.least_permille,
                )
            )
    rules = {rule.code: rule for rule in terms.budget_lines}
    for n, row in enumerate(budget.rows, start=1):
        cap = rules[row.line].unit_cap_fen if row.line in rules else None
        if cap is not None and row.unit_price_fen > cap:
            found.append(
                Finding(
                    "unit_price",
                    Mark.LOOK,
                    N_("Row {row}, {item}: {price} yuan a piece, at most {cap}."),
                    {
                        "row": n,
                        "item": row.item,
                        "price": yuan_text(row.unit_price_fen),
                        "cap": yuan_text(cap),
                    },
                )
            )
        for word in terms.forbidden_words:
            if word in row.item:
                found.append(
                    Finding(
                        "forbidden_item",
                        Mark.LOOK,
                        N_("Row {row}, {item}: “{word}” is not paid by a grant."),
                        {"row": n, "item": row.item, "word": word},
                    )
                )
    if sums.own_permille < terms.own_least_permille:
        found.append(
            Finding(
                "own_contribution",
                Mark.LOOK,
                N_("Own money is {share} of the whole, at least {least}."),
                {"share": _percent(sums.own_permille), "least": _percent(terms.own_least_permille)},
            )
        )
    return found


def _look(rule: str, message: str, line: LineSum, bound: int | None) -> Finding:
    return Finding(
        rule,
        Mark.LOOK,
        message,
        {
            "line": f"{line.rule.code} {line.rule.name}",
            "share": _percent(line.share_permille),
            "most": _percent(bound or 0),
        },
    )


def _percent(permille: int) -> str:
    return f"{permille // 10}.{permille % 10}%"
