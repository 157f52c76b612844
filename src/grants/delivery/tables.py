"""Tables of running projects: what they spent, what they report, what they want to change."""

from __future__ import annotations

from piccolo.constraints import Check, Unique
from piccolo.table import Table

from grants.awards.tables import Award
from grants.platform import columns as c


class Spending(Table, tablename="spending"):
    """One receipt of a project: what the agency paid out of the grant, and what of it counts.

    `admitted_fen` is what the office admits (domain §3.7): all, a part with its reason, or none.
    """

    id = c.key()
    award = c.refers_to(Award)
    cost_line = c.text()
    spent_on = c.day()
    payee = c.text()
    item = c.text()
    amount_fen = c.fen()
    receipt_no = c.text()
    admitted_fen = c.fen(default=0)
    state = c.text()
    reason = c.text(default="")
    entered_by_person = c.id_elsewhere()
    entered_at = c.moment()
    judged_by_person = c.maybe_number()
    judged_at = c.maybe_moment()
    version = c.number(default=1)
    spending_amount_positive = Check("amount_fen > 0")
    spending_state = Check("state IN ('ENTERED','ADMITTED','PARTLY','REFUSED','TAKEN_BACK')")
    spending_admitted = Check(
        "(state = 'ADMITTED' AND admitted_fen = amount_fen) "
        "OR (state = 'PARTLY' AND admitted_fen > 0 AND admitted_fen < amount_fen) "
        "OR (state IN ('ENTERED','REFUSED','TAKEN_BACK') AND admitted_fen = 0)"
    )
    spending_reason = Check("state NOT IN ('PARTLY','REFUSED') OR reason <> ''")
    spending_judged = Check("(state IN ('ENTERED','TAKEN_BACK')) = (judged_at IS NULL)")
    spending_two_people = Check("judged_by_person IS NULL OR judged_by_person <> entered_by_person")


class ProgressReport(Table, tablename="progress_report"):
    """A report of a running project over some days: what was held, what is reached so far."""

    id = c.key()
    award = c.refers_to(Award)
    sequence = c.number()
    body = c.document()
    state = c.text()
    note = c.text(default="")
    written_by_person = c.id_elsewhere()
    submitted_at = c.maybe_moment()
    judged_by_person = c.maybe_number()
    judged_at = c.maybe_moment()
    version = c.number(default=1)
    progress_report_once = Unique(["award", "sequence"])
    progress_report_state = Check("state IN ('DRAFT','SUBMITTED','ACCEPTED','RETURNED')")
    progress_report_submitted = Check("state = 'DRAFT' OR submitted_at IS NOT NULL")
    progress_report_returned = Check("state <> 'RETURNED' OR note <> ''")


class ProjectChange(Table, tablename="project_change"):
    """A change of what was agreed: before and after; small ones are recorded, others decided.

    `policy_version` names the version of `venture_delivery` that it was judged by.
    """

    id = c.key()
    number = c.text(unique=True)
    award = c.refers_to(Award)
    before = c.document()
    after = c.document()
    effective_on = c.day()
    reason = c.text()
    state = c.text()
    note = c.text(default="")
    policy_version = c.id_elsewhere()
    proposed_by_person = c.id_elsewhere()
    proposed_at = c.moment()
    decided_by_person = c.maybe_number()
    decided_at = c.maybe_moment()
    project_change_state = Check(
        "state IN ('PROPOSED','APPROVED','REJECTED','WITHDRAWN','RECORDED')"
    )
    project_change_two_people = Check(
        "decided_by_person IS NULL OR state IN ('WITHDRAWN','RECORDED') "
        "OR decided_by_person <> proposed_by_person"
    )
    project_change_decided = Check("state <> 'APPROVED' OR decided_by_person IS NOT NULL")
    project_change_rejected = Check("state <> 'REJECTED' OR note <> ''")
