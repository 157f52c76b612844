"""What an agreement says: the decision, the application and the template brought together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from grants.agencies.queries import representative_of
from grants.agreements.rules import due_days, parts_of
from grants.agreements.terms import (
    AgreementContent,
    AgreementTemplate,
    CostLine,
    Part,
    Party,
)
from grants.applications import queries as applications
from grants.applications.budgets import sums_of
from grants.applications.drafting import KIND as APPLICATION_KIND
from grants.applications.queries import Application
from grants.applications.sections import Whole
from grants.calls.terms import CallTerms
from grants.decisions import queries as decisions
from grants.kernel.errors import N_, RuleBroken
from grants.kernel.identity import Actor
from grants.kernel.money import Fen, allocate
from grants.parties import queries as parties
from grants.platform.audit import Case
from grants.publicity import queries as publicity

POLICY = "venture_agreement"


async def content_of(
    actor: Actor, found: Application, template: AgreementTemplate, *, on: date
) -> AgreementContent:
    """The agreement of a project that is to be funded, as it would be drawn up on a day.

    Raises RuleBroken where it was neither decided nor published.
    """
    line = await decisions.decided_line(found.id)
    decision = await decisions.decision_of_application(found.id)
    notice = await publicity.publicity_of(Case(APPLICATION_KIND, found.id))
    if line is None or decision is None or notice is None:
        raise RuleBroken("agreement.not_decided", N_("This project is not decided and published."))
    whole = Whole.of((await applications.submissions(found.id))[0].content["sections"])
    organisation = await parties.organisation(actor, found.organisation_id)
    representative = await representative_of(found.organisation_id)
    terms, amount = found.terms, line.amount_fen
    return AgreementContent(
        title=template.title,
        project=whole.project.title,
        community=whole.project.community,
        application=found.number,
        decision=decision.number,
        minutes_no=decision.minutes_no,
        notice=notice.number,
        office=Party(name=terms.office, address=terms.address, phone=terms.phone),
        agency=Party(
            name=organisation.name,
            uscc=organisation.uscc or "",
            representative=representative[1] if representative else "",
            address=whole.agency.address,
            contact=whole.agency.contact,
        ),
        amount_fen=amount,
        own_fen=Fen(sum(row.own_fen for row in whole.budget.rows)),
        starts_on=whole.project.starts_on,
        ends_on=whole.project.ends_on,
        parts=tuple(
            agreed_parts(
                found, template, amount, whole.project.starts_on, whole.project.ends_on, on=on
            )
        ),
        budget=tuple(_cost_lines(whole, terms, found.category, amount)),
        overall_goal=whole.goals.overall,
        goals=whole.goals.goals,
        indicators=whole.indicators.indicators,
        clauses=template.clauses,
    )


def agreed_parts(
    found: Application,
    template: AgreementTemplate,
    amount_fen: Fen,
    starts_on: date,
    ends_on: date,
    *,
    on: date,
) -> list[Part]:
    """The instalments of the call with the amounts and days of this project."""
    due = due_days(
        on,
        starts_on,
        ends_on,
        found.round_year,
        first_workdays=template.first_payment_workdays,
        final_days=template.final_payment_days,
    )
    return [
        Part(
            sequence=n,
            amount_fen=amount,
            condition=term.condition,
            opened_by=term.opened_by,
            due_on=day,
        )
        for n, (term, amount, day) in enumerate(
            parts_of(amount_fen, found.terms.instalments, due), start=1
        )
    ]


def _cost_lines(
    whole: Whole, terms: CallTerms, category: str, amount_fen: Fen
) -> Sequence[CostLine]:
    """The application's budget scaled to what is given, line by line, to the fen."""
    lines = [one for one in sums_of(whole.budget, terms, category).lines if one.grant_fen]
    shares = allocate(amount_fen, [one.grant_fen for one in lines])
    return [
        CostLine(code=one.rule.code, name=one.rule.name, grant_fen=share)
        for one, share in zip(lines, shares, strict=True)
        if share
    ]
