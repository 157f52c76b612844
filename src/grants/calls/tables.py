"""Tables of calls: needs, rounds with their revisions, the needs they cite, questions."""

from __future__ import annotations

from piccolo.constraints import Check, Unique
from piccolo.table import Table

from grants.parties.tables import Organisation
from grants.platform import columns as c


class Need(Table, tablename="need"):
    """What residents need, as a town, a community or a deliberation (五事协商) brought it in."""

    id = c.key()
    number = c.text(unique=True)
    title = c.text()
    description = c.text()
    town = c.text()
    community = c.text()
    place = c.text(default="")
    people_concerned = c.number()
    urgency = c.number()
    source = c.text()
    deliberation_no = c.text(default="")
    organisation = c.may_refer_to(Organisation)
    state = c.text()
    entered_by_person = c.id_elsewhere()
    entered_at = c.moment()
    decision_note = c.text(default="")
    version = c.number(default=1)
    need_state = Check("state IN ('ENTERED','PUBLISHED','DECLINED','MET','WITHDRAWN')")
    need_source = Check("source IN ('TOWN','COMMUNITY','DELIBERATION')")
    need_urgency = Check("urgency BETWEEN 1 AND 3")
    need_people = Check("people_concerned > 0")
    need_deliberation_is_named = Check("source <> 'DELIBERATION' OR deliberation_no <> ''")


class CallRound(Table, tablename="call_round"):
    """One yearly call. What it says stands in its revisions; the published one counts."""

    id = c.key()
    number = c.text(unique=True)
    fiscal_year = c.number()
    state = c.text()
    created_by_person = c.id_elsewhere()
    created_at = c.moment()
    version = c.number(default=1)
    call_round_state = Check(
        "state IN ('DRAFT','PUBLISHED','OPEN','SCREENING','REVIEW','PROPOSED','PUBLICITY',"
        "'CONTRACTING','CLOSED','CANCELLED')"
    )


class CallRevision(Table, tablename="call_revision"):
    """The terms of a round, drafted by one person and approved by another.

    `policy_version` names the version of `venture_call` that the draft began from.
    """

    id = c.key()
    round = c.refers_to(CallRound)
    sequence = c.number()
    terms = c.document()
    policy_version = c.id_elsewhere()
    note = c.text(default="")
    state = c.text()
    drafted_by_person = c.id_elsewhere()
    drafted_at = c.moment()
    decided_by_person = c.maybe_number()
    decided_at = c.maybe_moment()
    version = c.number(default=1)
    call_revision_once = Unique(["round", "sequence"])
    call_revision_state = Check(
        "state IN ('DRAFT','PROPOSED','PUBLISHED','SUPERSEDED','DISCARDED')"
    )
    call_revision_two_people = Check(
        "decided_by_person IS NULL OR decided_by_person <> drafted_by_person"
    )
    call_revision_decided = Check(
        "state NOT IN ('PUBLISHED','SUPERSEDED') OR decided_by_person IS NOT NULL"
    )


class CallNeed(Table, tablename="call_need"):
    """A need that a round cites."""

    id = c.key()
    round = c.refers_to(CallRound)
    need = c.refers_to(Need)
    call_need_once = Unique(["round", "need"])


class CallQuestion(Table, tablename="call_question"):
    """A question about a round; question and answer are public, who asked is not."""

    id = c.key()
    round = c.refers_to(CallRound)
    question = c.text()
    organisation = c.refers_to(Organisation)
    asked_by_person = c.id_elsewhere()
    asked_at = c.moment()
    answer = c.text(default="")
    answered_by_person = c.maybe_number()
    answered_at = c.maybe_moment()
    call_question_answered = Check("(answer = '') = (answered_at IS NULL)")
