"""Reads of running projects. An agency sees its own; the office and evaluators see all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from grants.agreements import queries as agreements
from grants.agreements.queries import Agreement
from grants.agreements.terms import AgreementContent
from grants.applications import queries as applications
from grants.applications.sections import Whole
from grants.awards import queries as awards
from grants.awards.queries import Award
from grants.delivery.rules import CostLineUse
from grants.delivery.terms import ProjectPlan, ReportBody
from grants.kernel.errors import NotFound
from grants.kernel.identity import Actor
from grants.kernel.money import Fen
from grants.platform import db


@dataclass(frozen=True)
class Project:
    """A funded project: its award, its agreement, and what of it holds now."""

    award: Award
    agreement: Agreement
    plan: ProjectPlan

    @property
    def content(self) -> AgreementContent:
        """What was agreed."""
        return self.agreement.content


async def project(actor: Actor, award_id: int) -> Project:
    """One project within the actor's scope; raises NotFound for an award without agreement."""
    award = await awards.award(actor, award_id)
    agreement = await agreements.agreement_of_award(award_id)
    if agreement is None:
        raise NotFound()
    return Project(award, agreement, await plan_of(agreement))


async def plan_of(agreement: Agreement) -> ProjectPlan:
    """The plan as agreed, or as the last change that counts left it."""
    assert agreement.award_id is not None
    changed = await db.value(
        "SELECT after FROM project_change WHERE award = $1 AND state IN ('APPROVED', 'RECORDED') "
        "ORDER BY coalesce(decided_at, proposed_at) DESC, id DESC LIMIT 1",
        agreement.award_id,
    )
    return ProjectPlan.model_validate(changed) if changed else await agreed_plan(agreement)


async def agreed_plan(agreement: Agreement) -> ProjectPlan:
    """The plan as it was agreed: team of the application, days and cost lines of the agreement."""
    content = agreement.content
    submitted = (await applications.submissions(agreement.application_id))[0]
    team = Whole.of(submitted.content["sections"]).team
    return ProjectPlan(
        leader=team.leader,
        staff=tuple(one.name for one in team.members),
        community=content.community,
        starts_on=content.starts_on,
        ends_on=content.ends_on,
        budget={one.code: one.grant_fen for one in content.budget},
    )


@dataclass(frozen=True)
class Spending:
    """One receipt."""

    id: int
    award_id: int
    cost_line: str
    spent_on: date
    payee: str
    item: str
    amount_fen: Fen
    receipt_no: str
    admitted_fen: Fen
    state: str
    reason: str
    entered_by_person: int
    who: str
    entered_at: datetime
    judge: str | None
    judged_at: datetime | None
    receipts: int
    version: int


_SPENDING = """
SELECT s.id, s.award AS award_id, s.cost_line, s.spent_on, s.payee, s.item, s.amount_fen,
       s.receipt_no, s.admitted_fen, s.state, s.reason, s.entered_by_person, p.name AS who,
       s.entered_at, q.name AS judge, s.judged_at, s.version,
       (SELECT count(*) FROM attachment t WHERE t.case_kind = 'spending' AND t.case_id = s.id)
           AS receipts
FROM spending s JOIN person p ON p.id = s.entered_by_person
LEFT JOIN person q ON q.id = s.judged_by_person
"""


async def spendings(award_id: int) -> list[Spending]:
    """The receipts of a project that stand, newest first."""
    found = await db.rows(
        _SPENDING + "WHERE s.award = $1 AND s.state <> 'TAKEN_BACK' ORDER BY s.spent_on DESC, s.id",
        award_id,
    )
    return [Spending(**r) for r in found]


async def spending(actor: Actor, spending_id: int, *, lock: bool = False) -> Spending:
    """One receipt of a project within the actor's scope; raises NotFound."""
    found = await db.row(
        _SPENDING + "WHERE s.id = $1" + (" FOR NO KEY UPDATE OF s" if lock else ""), spending_id
    )
    if found is None:
        raise NotFound()
    await awards.award(actor, found["award_id"])
    return Spending(**found)


async def uses_of(found: Project) -> list[CostLineUse]:
    """Each cost line of a project: agreed, claimed, admitted; in the order of the agreement."""
    sums = {
        r["cost_line"]: r
        for r in await db.rows(
            """
            SELECT cost_line, sum(amount_fen)::bigint AS claimed,
                   sum(admitted_fen)::bigint AS admitted
            FROM spending WHERE award = $1 AND state <> 'TAKEN_BACK'
            GROUP BY cost_line ORDER BY cost_line
            """,
            found.award.id,
        )
    }
    none: Mapping[str, int] = {"claimed": 0, "admitted": 0}
    names = {one.code: one.name for one in found.content.budget}
    return [
        CostLineUse(
            code,
            names.get(code, code),
            Fen(agreed),
            Fen(sums.get(code, none)["claimed"]),
            Fen(sums.get(code, none)["admitted"]),
        )
        for code, agreed in found.plan.budget.items()
    ]


@dataclass(frozen=True)
class Report:
    """A report on a project."""

    id: int
    award_id: int
    sequence: int
    body: ReportBody
    state: str
    note: str
    writer: str
    submitted_at: datetime | None
    judge: str | None
    judged_at: datetime | None
    version: int


_REPORT = """
SELECT r.id, r.award AS award_id, r.sequence, r.body, r.state, r.note, p.name AS writer,
       r.submitted_at, q.name AS judge, r.judged_at, r.version
FROM progress_report r JOIN person p ON p.id = r.written_by_person
LEFT JOIN person q ON q.id = r.judged_by_person
"""


def _report(found: db.Row) -> Report:
    return Report(**{**found, "body": ReportBody.model_validate(found["body"])})


async def reports(actor: Actor, award_id: int) -> list[Report]:
    """The reports on a project, newest first; drafts are the agency's alone."""
    found = await db.rows(
        _REPORT + "WHERE r.award = $1 AND (r.state <> 'DRAFT' OR $2) ORDER BY r.sequence DESC",
        award_id,
        actor.organisation_id is not None,
    )
    return [_report(r) for r in found]


async def report(actor: Actor, report_id: int, *, lock: bool = False) -> Report:
    """One report within the actor's scope; raises NotFound."""
    found = await db.row(
        _REPORT
        + "WHERE r.id = $1 AND (r.state <> 'DRAFT' OR $2)"
        + (" FOR NO KEY UPDATE OF r" if lock else ""),
        report_id,
        actor.organisation_id is not None,
    )
    if found is None:
        raise NotFound()
    await awards.award(actor, found["award_id"])
    return _report(found)


@dataclass(frozen=True)
class Change:
    """A change of a project: before and after."""

    id: int
    number: str
    award_id: int
    before: ProjectPlan
    after: ProjectPlan
    effective_on: date
    reason: str
    state: str
    note: str
    proposed_by_person: int
    proposer: str
    proposed_at: datetime
    decider: str | None
    decided_at: datetime | None


_CHANGE = """
SELECT c.id, c.number, c.award AS award_id, c.before, c.after, c.effective_on, c.reason, c.state,
       c.note, c.proposed_by_person, p.name AS proposer, c.proposed_at, q.name AS decider,
       c.decided_at
FROM project_change c JOIN person p ON p.id = c.proposed_by_person
LEFT JOIN person q ON q.id = c.decided_by_person
"""


def _change(found: db.Row) -> Change:
    plans = {name: ProjectPlan.model_validate(found[name]) for name in ("before", "after")}
    return Change(**{**found, **plans})


async def changes(award_id: int) -> list[Change]:
    """The changes of a project, newest first."""
    found = await db.rows(_CHANGE + "WHERE c.award = $1 ORDER BY c.id DESC", award_id)
    return [_change(r) for r in found]


async def change(actor: Actor, change_id: int, *, lock: bool = False) -> Change:
    """One change of a project within the actor's scope; raises NotFound."""
    found = await db.row(
        _CHANGE + "WHERE c.id = $1" + (" FOR NO KEY UPDATE OF c" if lock else ""), change_id
    )
    if found is None:
        raise NotFound()
    await awards.award(actor, found["award_id"])
    return _change(found)


@dataclass(frozen=True)
class Listed:
    """A running or ended project as a list shows it."""

    award_id: int
    number: str
    title: str
    organisation: str
    state: str
    grade: str | None
    amount_fen: Fen
    paid_fen: Fen
    admitted_fen: Fen
    ends_on: date | None
    waiting: int
    last_report: datetime | None


async def projects(
    actor: Actor, *, search: str = "", waiting: bool = False, limit: int = 50, offset: int = 0
) -> list[Listed]:
    """Projects within the actor's scope, those that wait for the office first."""
    found = await db.rows(
        """
        SELECT w.id AS award_id, w.number, w.title, o.name AS organisation, w.state, w.grade,
               w.amount_fen, w.ends_on,
               coalesce((SELECT sum(c.paid_fen) FROM commitment c WHERE c.award_id = w.id), 0)
                   ::bigint AS paid_fen,
               coalesce((SELECT sum(s.admitted_fen) FROM spending s WHERE s.award = w.id), 0)
                   ::bigint AS admitted_fen,
               n.waiting, r.last_report
        FROM award w
        JOIN agreement g ON g.award = w.id
        JOIN organisation o ON o.id = w.organisation
        CROSS JOIN LATERAL (
            SELECT (SELECT count(*) FROM spending s WHERE s.award = w.id AND s.state = 'ENTERED')
                 + (SELECT count(*) FROM progress_report p
                    WHERE p.award = w.id AND p.state = 'SUBMITTED')
                 + (SELECT count(*) FROM project_change c
                    WHERE c.award = w.id AND c.state = 'PROPOSED') AS waiting
        ) n
        LEFT JOIN LATERAL (
            SELECT max(p.submitted_at) AS last_report FROM progress_report p WHERE p.award = w.id
        ) r ON true
        WHERE ($1::bigint IS NULL OR w.organisation = $1) AND (NOT $2 OR n.waiting > 0)
          AND ($3 = '' OR w.number ILIKE '%' || $3 || '%' OR w.title ILIKE '%' || $3 || '%'
               OR o.name ILIKE '%' || $3 || '%')
        ORDER BY n.waiting > 0 DESC, w.id DESC LIMIT $4 OFFSET $5
        """,
        actor.organisation_id,
        waiting,
        search.strip(),
        limit,
        offset,
    )
    return [Listed(**r) for r in found]


@dataclass(frozen=True)
class Result:
    """What became of a project that answers a need: its money, its grade, its first target."""

    award_id: int
    title: str
    organisation: str
    state: str
    grade: str | None
    paid_fen: Fen
    target: str | None
    wanted: int | None
    unit: str | None
    reached: int | None


async def results_for(actor: Actor, need_id: int) -> list[Result]:
    """The funded projects within the actor's scope that answer a need, the newest first.

    What is reached is what the last accepted report says of the agreement's first target.
    """
    found = await db.rows(
        """
        SELECT w.id AS award_id, w.title, o.name AS organisation, w.state, w.grade,
               coalesce((SELECT sum(c.paid_fen) FROM commitment c WHERE c.award_id = w.id), 0)
                   ::bigint AS paid_fen,
               t.target ->> 'name' AS target, (t.target ->> 'target')::int AS wanted,
               t.target ->> 'unit' AS unit, (r.reached ->> 'so_far')::int AS reached
        FROM application a
        JOIN agreement g ON g.application = a.id
        JOIN award w ON w.id = g.award
        JOIN organisation o ON o.id = w.organisation
        CROSS JOIN LATERAL (SELECT g.content #> '{indicators,0}' AS target) t
        LEFT JOIN LATERAL (
            SELECT one AS reached FROM progress_report p,
                   jsonb_array_elements(p.body -> 'reached') one
            WHERE p.award = w.id AND p.state = 'ACCEPTED' AND one ->> 'name' = t.target ->> 'name'
            ORDER BY p.sequence DESC LIMIT 1
        ) r ON true
        WHERE a.need = $2 AND ($1::bigint IS NULL OR w.organisation = $1)
        ORDER BY w.id DESC
        """,
        actor.organisation_id,
        need_id,
    )
    return [Result(**r) for r in found]
