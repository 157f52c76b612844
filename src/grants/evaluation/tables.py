"""Tables of evaluations."""

from __future__ import annotations

from piccolo.constraints import Check
from piccolo.table import Table

from grants.awards.tables import Award
from grants.people.tables import Person
from grants.platform import columns as c


class Evaluation(Table, tablename="evaluation"):
    """The mid-term or final evaluation of a project by one independent person.

    `policy_version` names the version of `venture_evaluation` whose criteria and grades hold.
    """

    id = c.key()
    number = c.text(unique=True)
    award = c.refers_to(Award)
    kind = c.text()
    evaluator_person = c.refers_to(Person)
    points = c.document("{}")
    words = c.document("{}")
    finding = c.text(default="")
    total = c.maybe_number()
    grade = c.maybe_text()
    policy_version = c.id_elsewhere()
    state = c.text()
    assigned_by_person = c.id_elsewhere()
    assigned_at = c.moment()
    due_on = c.day()
    signed_at = c.maybe_moment()
    confirmed_by_person = c.maybe_number()
    confirmed_at = c.maybe_moment()
    reason = c.text(default="")
    version = c.number(default=1)
    evaluation_kind = Check("kind IN ('MIDTERM','FINAL')")
    evaluation_state = Check("state IN ('ASSIGNED','SIGNED','CONFIRMED','CANCELLED')")
    evaluation_total = Check("total IS NULL OR total BETWEEN 0 AND 100")
    evaluation_signed = Check(
        "state NOT IN ('SIGNED','CONFIRMED') "
        "OR (total IS NOT NULL AND grade IS NOT NULL AND signed_at IS NOT NULL)"
    )
    evaluation_three_people = Check(
        "evaluator_person <> assigned_by_person AND (confirmed_by_person IS NULL "
        "OR confirmed_by_person NOT IN (evaluator_person, assigned_by_person))"
    )
    evaluation_confirmed = Check("(state = 'CONFIRMED') = (confirmed_at IS NOT NULL)")
