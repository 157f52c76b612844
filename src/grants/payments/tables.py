"""Tables of payments: requests, the acts on them, and gate rules set aside."""

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
    invoice_seller = c.text(default="")
    invoice_checked_on = c.maybe_day()
    minutes_no = c.text(default="")
    state = c.text()
    round = c.number(default=1)
    step = c.number(default=0)
    chain = c.document("[]")
    tier = c.text(default="")
    tier_policy = c.may_refer_to(PolicyVersion)
    gate = c.document("{}")
    made_by_person = c.id_elsewhere()
    batch_no = c.maybe_text()
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
    user_id = c.id_elsewhere()
    person_id = c.id_elsewhere()
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
    user_id = c.id_elsewhere()
    person_id = c.id_elsewhere()
    waived_at = c.moment()
    gate_waiver_once = Unique(["payment", "rule"])
    gate_waiver_reason = Check("char_length(reason) >= 5")
