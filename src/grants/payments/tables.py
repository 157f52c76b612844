"""Tables of payments: requests, their acts, batches, bank results, refunds, month closing."""

from __future__ import annotations

from piccolo.constraints import Check, Unique
from piccolo.table import Table

from grants.awards.tables import Award, AwardShare, Instalment
from grants.budget.tables import Commitment
from grants.parties.tables import BankAccount
from grants.platform import columns as c
from grants.platform.tables import PolicyVersion


class Payment(Table, tablename="payment"):
    """A request to pay one instalment to one account."""

    id = c.key()
    number = c.text(unique=True)
    fiscal_year = c.number()
    award = c.refers_to(Award)
    instalment = c.refers_to(Instalment)
    share = c.refers_to(AwardShare)
    commitment = c.refers_to(Commitment)
    bank_account = c.refers_to(BankAccount)
    payee_name = c.text()
    amount_fen = c.fen()
    purpose = c.text()
    invoice_no = c.maybe_text()
    invoice_kind = c.text(default="RECEIPT")
    invoice_amount_fen = c.fen(default=0)
    minutes_no = c.text(default="")
    state = c.text()
    round = c.number(default=1)
    step = c.number(default=0)
    chain = c.document("[]")
    tier = c.text(default="")
    tier_policy = c.may_refer_to(PolicyVersion)
    gate = c.document("[]")
    made_by_person = c.fen()
    due_on = c.day()
    submitted_at = c.maybe_moment()
    approved_at = c.maybe_moment()
    paid_on = c.maybe_day()
    version = c.number(default=1)
    payment_amount_positive = Check("amount_fen > 0")
    payment_state = Check(
        "state IN ('DRAFT','SUBMITTED','RETURNED','APPROVED','REJECTED','WITHDRAWN',"
        "'IN_BANK','BOUNCED','PAID')"
    )
    payment_purpose_length = Check("char_length(purpose) BETWEEN 1 AND 30")


class PaymentAct(Table, tablename="payment_act"):
    """One decision on one step of one round; a person acts once in a round."""

    id = c.key()
    payment = c.refers_to(Payment)
    round = c.number()
    step = c.number()
    role = c.text()
    decision = c.text()
    opinion = c.text(default="")
    user_id = c.fen()
    person_id = c.fen()
    delegation_id = c.maybe_number()
    decided_at = c.moment()
    payment_act_decision = Check("decision IN ('SUBMIT','APPROVE','RETURN','REJECT','WITHDRAW')")


class GateWaiver(Table, tablename="gate_waiver"):
    """A gate rule set aside for one payment, by a named role, with a reason."""

    id = c.key()
    payment = c.refers_to(Payment)
    rule = c.text()
    reason = c.text()
    role = c.text()
    user_id = c.fen()
    person_id = c.fen()
    waived_at = c.moment()
    gate_waiver_once = Unique(["payment", "rule"])
    gate_waiver_reason = Check("char_length(reason) >= 5")


class Batch(Table, tablename="batch"):
    """Payments that go to the bank in one file; the file never changes once frozen."""

    id = c.key()
    number = c.text(unique=True)
    profile = c.text()
    fiscal_year = c.number()
    state = c.text()
    item_count = c.number(default=0)
    total_fen = c.fen(default=0)
    file_name = c.maybe_text()
    file_sha256 = c.maybe_text()
    file_content = c.maybe_secret()
    manifest = c.document()
    made_by_person = c.fen()
    frozen_at = c.maybe_moment()
    sent_by_person = c.maybe_number()
    sent_at = c.maybe_moment()
    version = c.number(default=1)
    batch_state = Check("state IN ('OPEN','FROZEN','SENT','SETTLED','CANCELLED')")
    batch_frozen_with_file = Check(
        "state IN ('OPEN','CANCELLED') OR (file_sha256 IS NOT NULL AND file_content IS NOT NULL)"
    )
    batch_sent_by_another = Check("sent_by_person IS NULL OR sent_by_person <> made_by_person")


class BatchItem(Table, tablename="batch_item"):
    """One payment in one batch. A payment is in at most one live batch at a time."""

    id = c.key()
    batch = c.refers_to(Batch)
    payment = c.refers_to(Payment)
    bank_account = c.refers_to(BankAccount)
    item_no = c.text(unique=True)
    amount_fen = c.fen()
    state = c.text()
    return_code = c.maybe_text()
    return_text = c.text(default="")
    receipt_reference = c.maybe_text(unique=True)
    booked_on = c.maybe_day()
    batch_item_amount_positive = Check("amount_fen > 0")
    batch_item_state = Check("state IN ('GENERATED','SENT','UNKNOWN','PAID','RETURNED','REMOVED')")
    batch_item_paid_with_receipt = Check(
        "(state = 'PAID') = (receipt_reference IS NOT NULL AND booked_on IS NOT NULL)"
    )


class BankFile(Table, tablename="bank_file"):
    """A result file as the bank sent it; the same content is taken in once."""

    id = c.key()
    name = c.text()
    sha256 = c.text(unique=True)
    content = c.secret()
    line_count = c.number()
    applied_count = c.number()
    known_count = c.number()
    imported_by_person = c.fen()
    imported_at = c.moment()


class BankResult(Table, tablename="bank_result"):
    """One line of a bank's answer, applied once whatever file it comes in."""

    id = c.key()
    bank_file = c.refers_to(BankFile)
    batch_item = c.refers_to(BatchItem)
    line_number = c.number()
    result_key = c.text(unique=True)
    outcome = c.text()
    amount_fen = c.fen()
    return_code = c.maybe_text()
    reason = c.text(default="")
    reference = c.maybe_text()
    booked_on = c.maybe_day()
    bank_result_outcome = Check("outcome IN ('PAID','RETURNED','UNKNOWN')")


class Refund(Table, tablename="refund"):
    """Money that came back from a payee. Only a refund of the same year restores quota."""

    id = c.key()
    number = c.text(unique=True)
    payment = c.refers_to(Payment)
    amount_fen = c.fen()
    received_on = c.day()
    reference = c.text(unique=True)
    reason = c.text()
    restores_quota = c.flag()
    state = c.text()
    recorded_by_person = c.fen()
    decided_by_person = c.maybe_number()
    decided_at = c.maybe_moment()
    refund_amount_positive = Check("amount_fen > 0")
    refund_state = Check("state IN ('PROPOSED','APPROVED','REJECTED')")
    refund_two_people = Check(
        "decided_by_person IS NULL OR decided_by_person <> recorded_by_person"
    )


class MonthClose(Table, tablename="month_close"):
    """The reconciliation of one month: quota book, ledger and bank agree, or say why not."""

    id = c.key()
    month_on = c.day()
    state = c.text()
    book_fen = c.fen()
    ledger_fen = c.fen()
    bank_fen = c.fen()
    differences = c.document("[]")
    closed_by_person = c.maybe_number()
    closed_at = c.maybe_moment()
    month_close_once = Unique(["month_on"])
    month_close_state = Check("state IN ('OPEN','CLOSED')")


class DifferenceNote(Table, tablename="difference_note"):
    """Why a difference of a month stands, in somebody's words."""

    id = c.key()
    month_on = c.day()
    difference_key = c.text()
    explanation = c.text()
    person_id = c.fen()
    written_at = c.moment()
    difference_note_once = Unique(["month_on", "difference_key"])
