"""Tables of banking: batches, bank results, refunds, month closing."""

from __future__ import annotations

from piccolo.constraints import Check, Unique
from piccolo.table import Table

from grants.parties.tables import BankAccount
from grants.payments.tables import Payment
from grants.platform import columns as c


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
    made_by_person = c.id_elsewhere()
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
    imported_by_person = c.id_elsewhere()
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
    recorded_by_person = c.id_elsewhere()
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
    person_id = c.id_elsewhere()
    written_at = c.moment()
    difference_note_once = Unique(["month_on", "difference_key"])
