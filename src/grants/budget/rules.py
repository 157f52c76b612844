"""Rules of the budget: pure calculations and guards, each named as the sentence it enforces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from grants.kernel.calendar import fiscal_year
from grants.kernel.errors import N_, FieldFault, Refusal, RuleBroken
from grants.kernel.money import Fen, permille, yuan_text

Verdict = Literal["allow", "deny", "purpose", "document"]


class QuotaKind(StrEnum):
    """Kinds of quota movement (预算指标, domain §1.4)."""

    INITIAL = "INITIAL"
    SUPPLEMENT = "SUPPLEMENT"
    REDUCTION = "REDUCTION"
    TRANSFER = "TRANSFER"
    CARRY_IN = "CARRY_IN"
    CARRY_OUT = "CARRY_OUT"
    RECOVERY = "RECOVERY"


#: Kinds that a person may propose; carrying over is posted by closing the year.
PROPOSABLE = (
    QuotaKind.INITIAL,
    QuotaKind.SUPPLEMENT,
    QuotaKind.REDUCTION,
    QuotaKind.TRANSFER,
    QuotaKind.RECOVERY,
)
QUOTA_IN = frozenset({QuotaKind.INITIAL, QuotaKind.SUPPLEMENT, QuotaKind.CARRY_IN})


class FundCell(BaseModel):
    """One cell of the fund-source matrix."""

    model_config = ConfigDict(frozen=True)

    verdict: Verdict
    note: str = ""
    mark: str = "D"


class FundMatrix(BaseModel):
    """Policy `fund_matrix`: which fund kind may pay which instrument (domain §1.6)."""

    model_config = ConfigDict(frozen=True)

    cells: Mapping[str, Mapping[str, FundCell]]

    def cell(self, instrument: str, fund_kind: str) -> FundCell:
        """The cell; an absent one denies."""
        return self.cells.get(instrument, {}).get(
            fund_kind, FundCell(verdict="deny", note="", mark="D")
        )


def fund_may_pay(matrix: FundMatrix, instrument: str, fund_kind: str) -> Refusal | None:
    """A fund source pays only what the matrix allows (财综 lottery rules, domain §1.6).

    Example: lottery money may not pay a post subsidy, so allocating it is refused.
    """
    cell = matrix.cell(instrument, fund_kind)
    if cell.verdict == "deny":
        return RuleBroken(
            "budget.fund_denied",
            N_("Money of this fund source may not pay this kind of award. {note}"),
            note=cell.note,
        )
    return None


@dataclass(frozen=True)
class Balance:
    """Where a line's fen stand."""

    quota_fen: Fen
    available_fen: Fen
    precommitted_fen: Fen
    committed_fen: Fen
    payable_fen: Fen
    in_bank_fen: Fen
    paid_fen: Fen
    surrendered_fen: Fen

    @property
    def promised_fen(self) -> Fen:
        """What awards are to get, and what a decision holds for projects without agreement."""
        return Fen(self.precommitted_fen + self.committed_fen)

    @property
    def drawn_fen(self) -> Fen:
        """What the cash plan has to cover: approved, in the bank, or paid."""
        return Fen(self.payable_fen + self.in_bank_fen + self.paid_fen + self.surrendered_fen)

    @property
    def execution_permille(self) -> int:
        """预算执行率: paid ÷ full-year budget, adjustments included (domain §1.5)."""
        return permille(self.paid_fen, self.quota_fen)


def cash_room_fen(months_fen: Sequence[int] | None, on: date, drawn_fen: int) -> Fen:
    """What may still be paid by the end of `on`'s month under the approved cash plan.

    Σ payments(≤ m) ≤ Σ approved cash plan(≤ m) (domain §1.5). Without a plan: nothing.
    Example: 100,000.00 planned for each of January and February, 150,000.00 drawn:
    in February 50,000.00 is left.
    """
    if months_fen is None:
        return Fen(0)
    return Fen(sum(months_fen[: on.month]) - drawn_fen)


def cash_plan_covers(
    months_fen: Sequence[int] | None, on: date, drawn_fen: int, amount_fen: int
) -> Refusal | None:
    """A payment stays within the cash plan up to its month (domain §1.5)."""
    room = cash_room_fen(months_fen, on, drawn_fen)
    if amount_fen > room:
        return RuleBroken(
            "budget.above_cash_plan",
            N_("The cash plan leaves {room} yuan until the end of this month; asked {amount}."),
            room=yuan_text(Fen(max(room, 0))),
            amount=yuan_text(Fen(amount_fen)),
        )
    return None


class CodeKind(StrEnum):
    """Which classification a code belongs to (政府收支分类科目)."""

    FUNCTION = "FUNCTION"
    GOVERNMENT_ECONOMIC = "GOVERNMENT_ECONOMIC"
    DEPARTMENT_ECONOMIC = "DEPARTMENT_ECONOMIC"


class BudgetCode(BaseModel):
    """One code of a classification with its official name."""

    model_config = ConfigDict(frozen=True)

    code: str = Field(pattern=r"^[0-9]{3,12}$")
    name: str = Field(min_length=1, max_length=120)
    kind: CodeKind


class BudgetCodes(BaseModel):
    """Policy `budget_codes`: the codes that lines may carry (domain §1.4 [K])."""

    model_config = ConfigDict(frozen=True)

    codes: tuple[BudgetCode, ...]

    @field_validator("codes")
    @classmethod
    def _stand_once(cls, codes: tuple[BudgetCode, ...]) -> tuple[BudgetCode, ...]:
        """A code stands once in its classification."""
        seen: set[tuple[CodeKind, str]] = set()
        for one in codes:
            if (one.kind, one.code) in seen:
                raise FieldFault(N_("The code {code} stands twice."), code=one.code)
            seen.add((one.kind, one.code))
        return codes

    def of(self, kind: CodeKind) -> list[BudgetCode]:
        """The codes of one classification, in order of code."""
        return sorted((c for c in self.codes if c.kind == kind), key=lambda c: c.code)

    def name_of(self, code: str) -> str:
        """The official name; empty for a code that no longer stands in the list."""
        return next((c.name for c in self.codes if c.code == code), "")


def codes_are_known(
    known: BudgetCodes, func_code: str, gov_eco_code: str, dept_eco_code: str
) -> Refusal | None:
    """A line carries codes of the classifications in force, each in its own place."""
    given = {
        CodeKind.FUNCTION: func_code,
        CodeKind.GOVERNMENT_ECONOMIC: gov_eco_code,
        CodeKind.DEPARTMENT_ECONOMIC: dept_eco_code,
    }
    for kind, code in given.items():
        if code not in {c.code for c in known.of(kind)}:
            return RuleBroken(
                "budget.unknown_code",
                N_("{given} is no code of this classification."),
                given=code,
                kind=kind,
            )
    return None


class BudgetApproval(BaseModel):
    """Policy `budget_approval`: the latest year whose budget the people's congress has approved.

    A new version is entered each spring, from the day on which the approval is recorded; its
    legal basis is the congress's resolution (预算法 第54条 [V]).
    """

    model_config = ConfigDict(frozen=True)

    fiscal_year: int = Field(ge=2000, le=2100)


def pre_approval_room_fen(last_years_paid_fen: int, carried_in_fen: int, drawn_fen: int) -> Fen:
    """What may still be paid before the congress approves the year's budget (预算法 第54条 [V])."""
    return Fen(last_years_paid_fen + carried_in_fen - drawn_fen)


def cash_plan_within_quota(months_fen: Sequence[int], quota_fen: int) -> Refusal | None:
    """Σ cash plan ≤ quota (domain §1.5)."""
    planned = sum(months_fen)
    if planned > quota_fen:
        return RuleBroken(
            "budget.plan_above_quota",
            N_("The plan adds up to {planned} yuan, but the quota is {quota}."),
            planned=yuan_text(Fen(planned)),
            quota=yuan_text(Fen(quota_fen)),
        )
    return None


def line_has_left(available_fen: int, amount_fen: int) -> Refusal | None:
    """Nothing is spent, taken or transferred that is not free."""
    if amount_fen > available_fen:
        return RuleBroken(
            "budget.line_short",
            N_("Only {left} yuan is free on this line; asked {amount}."),
            left=yuan_text(Fen(available_fen)),
            amount=yuan_text(Fen(amount_fen)),
        )
    return None


def transfer_keeps_year(from_year: int, to_year: int) -> Refusal | None:
    """Quota is transferred within one fiscal year (预算法 第72条)."""
    if from_year != to_year:
        return RuleBroken(
            "budget.transfer_across_years", N_("Quota is transferred within one fiscal year only.")
        )
    return None


def line_is_open(state: str) -> Refusal | None:
    """A closed year takes no further movements."""
    if state != "OPEN":
        return RuleBroken("budget.line_closed", N_("The year of this line is closed."))
    return None


def commitment_draws_own_year(line_year: int, on: date) -> Refusal | None:
    """Commitments of a year draw only that year's quota (domain §1.5)."""
    if fiscal_year(on) != line_year:
        return RuleBroken(
            "budget.other_year",
            N_("The line belongs to {line_year}; payments of {year} draw on that year's quota."),
            line_year=line_year,
            year=fiscal_year(on),
        )
    return None


@dataclass(frozen=True)
class LineEnd:
    """What closing the year does to one line."""

    line_id: int
    carried_fen: Fen
    surplus_fen: Fen


def year_end_of(line_id: int, balance: Balance) -> LineEnd | Refusal:
    """结转 and 结余 of a line: what is committed is carried over, what is free is surplus.

    carry_out = Q − P + R (domain §1.5; 预算法 第42条). Refused while money is on its way, or held
    by a decision without an agreement.
    Example: quota 100, paid 60, committed 30, free 10: carried 30, surplus 10.
    """
    if balance.payable_fen or balance.in_bank_fen:
        return RuleBroken(
            "budget.money_on_its_way",
            N_("{amount} yuan is approved or with the bank; settle it before closing the year."),
            amount=yuan_text(Fen(balance.payable_fen + balance.in_bank_fen)),
        )
    if balance.precommitted_fen:
        return RuleBroken(
            "budget.decision_unsigned",
            N_("{amount} yuan is held for decided projects; sign their agreements or drop them."),
            amount=yuan_text(balance.precommitted_fen),
        )
    return LineEnd(line_id, balance.committed_fen, balance.available_fen)
