"""Tables of awards. Amounts are committed and paid through the ledger of the budget."""

from __future__ import annotations

from piccolo.constraints import Check, Unique
from piccolo.table import Table

from grants.budget.tables import BudgetLine, Commitment, FundSource, Programme
from grants.parties.tables import Organisation
from grants.people.tables import Person
from grants.platform import columns as c


class Award(Table, tablename="award"):
    """The funded thing: who gets how much, for what, from which lines and years.

    A HISTORIC award was decided and paid before this system: it informs, it moves nothing.
    """

    id = c.key()
    number = c.text(unique=True)
    programme = c.refers_to(Programme)
    organisation = c.may_refer_to(Organisation)
    person = c.may_refer_to(Person)
    title = c.text()
    purpose = c.text(default="")
    amount_fen = c.fen()
    state = c.text()
    basis = c.text(default="")
    minutes_no = c.text(default="")
    decided_on = c.maybe_day()
    starts_on = c.maybe_day()
    ends_on = c.maybe_day()
    origin = c.text(default="MANUAL")
    funder_id = c.text(default="")
    external_id = c.maybe_text()
    historic_fund_source = c.may_refer_to(FundSource)
    grade = c.maybe_text()
    ended_for = c.text(default="")
    publicised_from = c.maybe_day()
    publicised_to = c.maybe_day()
    objections = c.text(default="NONE")
    created_by_person = c.id_elsewhere()
    version = c.number(default=1)
    award_amount_positive = Check("amount_fen > 0")
    award_objections = Check("objections IN ('NONE','OPEN','CLOSED')")
    award_publicity_dates = Check("publicised_to IS NULL OR publicised_to >= publicised_from")
    award_one_payee = Check("(organisation IS NULL) <> (person IS NULL)")
    award_state = Check(
        "state IN ('DRAFT','ACTIVE','COMPLETED','TERMINATED','WITHDRAWN','HISTORIC')"
    )
    award_ended_for = Check(
        "ended_for IN ('','AGREED','FAULT','FRAUD') "
        "AND (state = 'TERMINATED' OR ended_for = '') "
        "AND (state <> 'TERMINATED' OR ended_for <> '')"
    )
    award_imported_once = Unique(["funder_id", "external_id"])


class AwardShare(Table, tablename="award_share"):
    """What of an award one budget line of one year bears."""

    id = c.key()
    award = c.refers_to(Award)
    line = c.refers_to(BudgetLine)
    fiscal_year = c.number()
    amount_fen = c.fen()
    commitment = c.may_refer_to(Commitment, unique=True)
    award_share_line_once = Unique(["award", "line"])
    award_share_not_negative = Check("amount_fen >= 0")


class Instalment(Table, tablename="instalment"):
    """A part of an award, paid from one share when its condition is met."""

    id = c.key()
    award = c.refers_to(Award)
    share = c.refers_to(AwardShare)
    sequence = c.number()
    amount_fen = c.fen()
    condition = c.text()
    opened_by = c.text(default="OFFICE")
    due_on = c.day()
    condition_met_on = c.maybe_day()
    condition_evidence = c.text(default="")
    state = c.text(default="OPEN")
    instalment_amount_positive = Check("amount_fen > 0")
    instalment_state = Check("state IN ('OPEN','REQUESTED','PAID','CANCELLED')")
    instalment_opened_by = Check("opened_by IN ('OFFICE','AGREEMENT','MIDTERM','FINAL')")
    instalment_sequence_once = Unique(["award", "sequence"])


class Clawback(Table, tablename="clawback"):
    """A claim on a payee to give paid money back (追回)."""

    id = c.key()
    number = c.text(unique=True)
    award = c.refers_to(Award)
    amount_fen = c.fen()
    recovered_fen = c.fen(default=0)
    reason = c.text()
    due_on = c.day()
    state = c.text()
    proposed_by_person = c.id_elsewhere()
    proposed_at = c.moment()
    decided_by_person = c.maybe_number()
    decided_at = c.maybe_moment()
    minutes_no = c.text(default="")
    clawback_amount_positive = Check("amount_fen > 0")
    clawback_recovered_within = Check("recovered_fen BETWEEN 0 AND amount_fen")
    clawback_state = Check(
        "state IN ('PROPOSED','OPEN','SETTLED','REJECTED','WITHDRAWN','WRITTEN_OFF')"
    )
    clawback_settled_when_recovered = Check(
        "state NOT IN ('OPEN','SETTLED') OR (state = 'SETTLED') = (recovered_fen = amount_fen)"
    )
    clawback_two_people = Check(
        "decided_by_person IS NULL OR state = 'WITHDRAWN' "
        "OR decided_by_person <> proposed_by_person"
    )


class AwardChange(Table, tablename="award_change"):
    """A change of what is still open of an active award; proposed by one, decided by another.

    `parts` holds every open instalment as it shall be. With `clawback`, what the change takes
    away sets that claim off.
    """

    id = c.key()
    number = c.text(unique=True)
    award = c.refers_to(Award)
    parts = c.document("[]")
    before_fen = c.fen()
    after_fen = c.fen()
    reason = c.text()
    minutes_no = c.text(default="")
    clawback = c.may_refer_to(Clawback)
    state = c.text()
    proposed_by_person = c.id_elsewhere()
    proposed_at = c.moment()
    decided_by_person = c.maybe_number()
    decided_at = c.maybe_moment()
    award_change_after_positive = Check("after_fen > 0")
    award_change_state = Check("state IN ('PROPOSED','APPROVED','REJECTED','WITHDRAWN')")
    award_change_two_people = Check(
        "decided_by_person IS NULL OR state = 'WITHDRAWN' "
        "OR decided_by_person <> proposed_by_person"
    )
    award_change_decided = Check("state <> 'APPROVED' OR decided_by_person IS NOT NULL")


class Recovery(Table, tablename="recovery"):
    """Money that a claim got back: by a refund, or by taking less in a changed award."""

    id = c.key()
    clawback = c.refers_to(Clawback)
    amount_fen = c.fen()
    source_kind = c.text()
    source_id = c.id_elsewhere()
    recovered_on = c.day()
    recovery_amount_positive = Check("amount_fen > 0")
    recovery_source = Check("source_kind IN ('refund','award_change')")
    recovery_once = Unique(["source_kind", "source_id", "clawback"])
