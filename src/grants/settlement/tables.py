"""Tables of settlements."""

from __future__ import annotations

from piccolo.constraints import Check
from piccolo.table import Table

from grants.awards.tables import Award, AwardChange, Clawback
from grants.evaluation.tables import Evaluation
from grants.platform import columns as c


class Settlement(Table, tablename="settlement"):
    """What a project actually gets, proposed by one person and approved by another.

    With it stand the change of the award that lowers the last part, and the claim on the surplus.
    """

    id = c.key()
    number = c.text(unique=True)
    award = c.refers_to(Award)
    evaluation = c.refers_to(Evaluation)
    approved_fen = c.fen()
    eligible_fen = c.fen()
    paid_fen = c.fen()
    agreed_last_fen = c.fen()
    k_permille = c.number()
    last_fen = c.fen()
    surplus_fen = c.fen()
    change = c.may_refer_to(AwardChange)
    clawback = c.may_refer_to(Clawback)
    note = c.text(default="")
    state = c.text()
    reason = c.text(default="")
    proposed_by_person = c.id_elsewhere()
    proposed_at = c.moment()
    decided_by_person = c.maybe_number()
    decided_at = c.maybe_moment()
    settlement_state = Check("state IN ('PROPOSED','APPROVED','REJECTED','WITHDRAWN')")
    settlement_k = Check("k_permille BETWEEN 0 AND 1000")
    settlement_within_grant = Check(
        "last_fen >= 0 AND surplus_fen >= 0 AND last_fen <= agreed_last_fen "
        "AND (last_fen = 0 OR paid_fen + last_fen <= least(approved_fen, eligible_fen)) "
        "AND surplus_fen = greatest(paid_fen - least(approved_fen, eligible_fen), 0)"
    )
    settlement_two_people = Check(
        "decided_by_person IS NULL OR state = 'WITHDRAWN' "
        "OR decided_by_person <> proposed_by_person"
    )
    settlement_claims_surplus = Check("(surplus_fen > 0) = (clawback IS NOT NULL)")
