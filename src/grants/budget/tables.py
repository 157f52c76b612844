"""Tables of the budget. Balances are moved by `ledger.py` and by nothing else."""

from __future__ import annotations

from piccolo.columns import BigInt
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from grants.platform import columns as c


class FundSource(Table, tablename="fund_source"):
    """Where money comes from: general budget, lottery, earmarked, charity."""

    id = c.key()
    code = c.text(unique=True)
    name = c.text()
    name_en = c.text()
    kind = c.text()
    fund_source_kind = Check("kind IN ('GENERAL', 'LOTTERY', 'EARMARKED', 'CHARITY')")


class Programme(Table, tablename="programme"):
    """What money is for. `instrument` is the row of the fund-source matrix that applies."""

    id = c.key()
    code = c.text(unique=True)
    name = c.text()
    name_en = c.text()
    instrument = c.text()
    department = c.text()
    programme_department = Check("department IN ('CIVIL_AFFAIRS', 'SOCIAL_WORK_DEPT', 'TOWN')")


class BudgetLine(Table, tablename="budget_line"):
    """Programme × fund source × fiscal year, with the codes of the treasury."""

    id = c.key()
    code = c.text(unique=True)
    programme = c.refers_to(Programme)
    fund_source = c.refers_to(FundSource)
    fiscal_year = c.number()
    func_code = c.text()
    gov_eco_code = c.text()
    dept_eco_code = c.text()
    state = c.text(default="OPEN")
    budget_line_one_per_year = Unique(["programme", "fund_source", "fiscal_year"])
    budget_line_state = Check("state IN ('OPEN', 'CLOSED')")
    budget_line_year = Check("fiscal_year BETWEEN 2000 AND 2100")


class LineBalance(Table, tablename="line_balance"):
    """Where each fen of a line stands. The id is the line's id."""

    id = BigInt(primary_key=True, default=None, null=False)
    quota_fen = c.fen(default=0)
    available_fen = c.fen(default=0)
    precommitted_fen = c.fen(default=0)
    committed_fen = c.fen(default=0)
    payable_fen = c.fen(default=0)
    in_bank_fen = c.fen(default=0)
    paid_fen = c.fen(default=0)
    surrendered_fen = c.fen(default=0)
    line_available_not_negative = Check("available_fen >= 0")
    line_precommitted_not_negative = Check("precommitted_fen >= 0")
    line_committed_not_negative = Check("committed_fen >= 0")
    line_payable_not_negative = Check("payable_fen >= 0")
    line_in_bank_not_negative = Check("in_bank_fen >= 0")
    line_paid_not_negative = Check("paid_fen >= 0")
    line_surrendered_not_negative = Check("surrendered_fen >= 0")
    line_quota_is_sum_of_buckets = Check(
        "quota_fen = available_fen + precommitted_fen + committed_fen + payable_fen "
        "+ in_bank_fen + paid_fen + surrendered_fen"
    )


class Commitment(Table, tablename="commitment"):
    """What one award holds of one line of one year, bucket by bucket."""

    id = c.key()
    line = c.refers_to(BudgetLine)
    award_id = c.id_elsewhere()
    amount_fen = c.fen(default=0)
    committed_fen = c.fen(default=0)
    payable_fen = c.fen(default=0)
    in_bank_fen = c.fen(default=0)
    paid_fen = c.fen(default=0)
    surrendered_fen = c.fen(default=0)
    commitment_once = Unique(["award_id", "line"])
    commitment_committed_not_negative = Check("committed_fen >= 0")
    commitment_payable_not_negative = Check("payable_fen >= 0")
    commitment_in_bank_not_negative = Check("in_bank_fen >= 0")
    commitment_paid_not_negative = Check("paid_fen >= 0")
    commitment_surrendered_not_negative = Check("surrendered_fen >= 0")
    commitment_amount_is_sum_of_buckets = Check(
        "amount_fen = committed_fen + payable_fen + in_bank_fen + paid_fen + surrendered_fen"
    )


class Precommitment(Table, tablename="precommitment"):
    """What a decision holds of a line for one case until its agreement commits it (预占)."""

    id = c.key()
    line = c.refers_to(BudgetLine)
    case_kind = c.text()
    case_id = c.id_elsewhere()
    precommitted_fen = c.fen(default=0)
    precommitment_once = Unique(["case_kind", "case_id"])
    precommitment_precommitted_not_negative = Check("precommitted_fen >= 0")


class LedgerMove(Table, tablename="ledger_move"):
    """One move of money between two buckets of a line; append-only."""

    id = c.key()
    line = c.refers_to(BudgetLine)
    commitment = c.may_refer_to(Commitment)
    precommitment = c.may_refer_to(Precommitment)
    from_bucket = c.text()
    to_bucket = c.text()
    amount_fen = c.fen()
    act = c.text()
    case_kind = c.text()
    case_id = c.id_elsewhere()
    move_key = c.text(unique=True)
    moved_on = c.day()
    moved_at = c.moment()
    user_id = c.id_elsewhere()
    ledger_move_amount_positive = Check("amount_fen > 0")
    ledger_move_buckets = Check(
        "from_bucket IN ('outside','available','precommitted','committed','payable','in_bank',"
        "'paid') AND to_bucket IN ('outside','available','precommitted','committed','payable',"
        "'in_bank','paid','surrendered') AND from_bucket <> to_bucket"
    )


class QuotaMovement(Table, tablename="quota_movement"):
    """A document that gives, takes or transfers quota; proposed by one, approved by another."""

    id = c.key()
    number = c.text(unique=True)
    kind = c.text()
    line = c.refers_to(BudgetLine)
    to_line = c.may_refer_to(BudgetLine)
    amount_fen = c.fen()
    document_no = c.text()
    issued_on = c.day()
    reason = c.text(default="")
    state = c.text()
    proposed_by_person = c.id_elsewhere()
    decided_by_person = c.maybe_number()
    decided_at = c.maybe_moment()
    version = c.number(default=1)
    quota_movement_amount_positive = Check("amount_fen > 0")
    quota_movement_kind = Check(
        "kind IN ('INITIAL','SUPPLEMENT','REDUCTION','TRANSFER','CARRY_IN','CARRY_OUT','RECOVERY')"
    )
    quota_movement_state = Check("state IN ('PROPOSED','APPROVED','REJECTED','WITHDRAWN')")
    quota_movement_transfer = Check(
        "(kind = 'TRANSFER') = (to_line IS NOT NULL) AND (to_line IS NULL OR to_line <> line)"
    )
    quota_movement_two_people = Check(
        "decided_by_person IS NULL OR state = 'WITHDRAWN' "
        "OR decided_by_person <> proposed_by_person"
    )
    quota_movement_decided = Check("state <> 'APPROVED' OR decided_by_person IS NOT NULL")


class CashPlan(Table, tablename="cash_plan"):
    """What a line may pay out, month by month; a revision replaces the one before."""

    id = c.key()
    line = c.refers_to(BudgetLine)
    revision = c.number()
    months_fen = c.amounts()
    state = c.text()
    proposed_by_person = c.id_elsewhere()
    decided_by_person = c.maybe_number()
    decided_at = c.maybe_moment()
    cash_plan_revision = Unique(["line", "revision"])
    cash_plan_twelve_months = Check("cardinality(months_fen) = 12 AND 0 <= ALL (months_fen)")
    cash_plan_state = Check("state IN ('PROPOSED','APPROVED','REJECTED','SUPERSEDED')")
    cash_plan_two_people = Check(
        "decided_by_person IS NULL OR decided_by_person <> proposed_by_person"
    )


class YearEnd(Table, tablename="year_end"):
    """The closing of one fiscal year: what is carried over and what is surplus."""

    id = c.key()
    fiscal_year = c.number()
    state = c.text()
    document_no = c.text()
    lines = c.document("[]")
    proposed_by_person = c.id_elsewhere()
    decided_by_person = c.maybe_number()
    decided_at = c.maybe_moment()
    year_end_state = Check("state IN ('PROPOSED','APPROVED','REJECTED')")
    year_end_two_people = Check(
        "decided_by_person IS NULL OR decided_by_person <> proposed_by_person"
    )
