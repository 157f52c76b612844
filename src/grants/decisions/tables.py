"""Tables of the funding decision: the variants of a round's line, and the list that was decided."""

from __future__ import annotations

from piccolo.constraints import Check, Unique
from piccolo.table import Table

from grants.applications.tables import Application
from grants.calls.tables import CallRound
from grants.platform import columns as c


class FundingVariant(Table, tablename="funding_variant"):
    """One way to draw a round's line, under a name; a thought, not yet a decision."""

    id = c.key()
    round = c.refers_to(CallRound)
    name = c.text()
    choice = c.document()
    made_by_person = c.id_elsewhere()
    saved_at = c.moment()
    version = c.number(default=1)
    funding_variant_once = Unique(["round", "name"])
    funding_variant_named = Check("name <> ''")


class FundingDecision(Table, tablename="funding_decision"):
    """A variant as a meeting decided on it: proposed by one person, adopted by another.

    `choice` is the variant's, kept as it was; the lines are what followed from it.
    """

    id = c.key()
    number = c.text(unique=True)
    round = c.refers_to(CallRound)
    variant = c.text()
    choice = c.document()
    minutes_no = c.text()
    met_on = c.day()
    spent_fen = c.fen()
    state = c.text()
    proposed_by_person = c.id_elsewhere()
    proposed_at = c.moment()
    decided_by_person = c.maybe_number()
    decided_at = c.maybe_moment()
    funding_decision_state = Check(
        "state IN ('PROPOSED','ADOPTED','REJECTED','WITHDRAWN','ANNULLED')"
    )
    funding_decision_minutes = Check("minutes_no <> ''")
    funding_decision_two_people = Check(
        "decided_by_person IS NULL OR state IN ('WITHDRAWN','ANNULLED') "
        "OR decided_by_person <> proposed_by_person"
    )
    funding_decision_decided = Check("state <> 'ADOPTED' OR decided_by_person IS NOT NULL")


class DecisionLine(Table, tablename="decision_line"):
    """What a decision says of one application: append-only, whatever becomes of it later.

    `amount_fen` is what it gets, or would get from the reserve; the score is in hundredths.
    """

    id = c.key()
    decision = c.refers_to(FundingDecision)
    application = c.refers_to(Application)
    category = c.text()
    rank = c.number()
    score_hundredths = c.number()
    recommended_fen = c.fen()
    amount_fen = c.fen()
    place = c.text()
    reserve_order = c.number(default=0)
    reason = c.text(default="")
    decision_line_once = Unique(["decision", "application"])
    decision_line_place = Check("place IN ('FUNDED','RESERVE','BELOW','DROPPED')")
    decision_line_funded = Check("place <> 'FUNDED' OR amount_fen > 0")
    decision_line_reserve = Check("(place = 'RESERVE') = (reserve_order > 0)")
    decision_line_dropped = Check("place <> 'DROPPED' OR reason <> ''")
