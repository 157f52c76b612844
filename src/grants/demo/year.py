"""The demonstration year as the office lived it, from the first document to the last desk."""

from __future__ import annotations

import asyncio
from datetime import date

from grants.demo.agreements_of_the_round import sign_agreements
from grants.demo.applicants import record_inspections
from grants.demo.applications_of_the_year import lay_drafts_of_agency
from grants.demo.awards_of_the_year import lay_awards, lay_changes, lay_drafts, planned_awards
from grants.demo.bank_of_the_year import close_months, lay_refunds
from grants.demo.budget import lay_budget, lay_open_proposals
from grants.demo.calls_of_the_year import lay_open_round, receive_next_years_money
from grants.demo.clock import Diary
from grants.demo.desks import lay_desks, lend_roles
from grants.demo.experts import lay_experts
from grants.demo.finished_round import lay_applications
from grants.demo.needs_of_the_year import lay_early_needs, lay_late_needs
from grants.demo.papers import file_agreements, file_requests, print_agreements
from grants.demo.payments_of_the_year import lay_last_weeks, pay_through_the_year
from grants.demo.people import Bureau, lay_people
from grants.demo.review_of_the_round import review
from grants.demo.round_in_review import lay_round_in_review
from grants.demo.rules_of_the_year import adopt_rules, change_rules
from grants.demo.running_projects import run_projects


async def lay_year(today: date) -> Bureau:
    """Lay the whole demonstration into an empty database; answers its people."""
    diary = Diary.up_to(today)
    bureau = await lay_people(diary)
    await adopt_rules(bureau, diary)
    year = await lay_budget(bureau, diary)
    await lay_early_needs(bureau, diary)
    experts = await lay_experts(bureau, diary)
    found = await lay_applications(bureau, diary, year)
    await review(bureau, diary, found, experts)
    projects = await sign_agreements(bureau, diary, found)
    applicants = [one.applicant.organisation_id for one in found.applied.values()]
    await record_inspections(bureau, diary, applicants)
    plans = list(planned_awards(len(bureau.agencies)))
    printing = asyncio.create_task(print_agreements(plans, diary.fiscal_year))
    active = await lay_awards(bureau, diary, year, plans)
    await file_agreements(bureau, diary, active, await printing)
    await pay_through_the_year(bureau, diary, active)
    await run_projects(bureau, diary, projects)
    await lay_last_weeks(bureau, diary, active)
    await lay_refunds(bureau, diary)
    await file_requests(bureau, diary)
    await lay_drafts(bureau, diary, year)
    await lend_roles(bureau, diary)
    await lay_changes(bureau, diary, active)
    await lay_open_proposals(bureau, diary, year)
    await close_months(bureau, diary)
    await change_rules(bureau, diary)
    await lay_late_needs(bureau, diary)
    line = await receive_next_years_money(bureau, diary, year)
    await lay_round_in_review(bureau, diary, line, found, experts)
    call = await lay_open_round(bureau, diary, line)
    await lay_drafts_of_agency(bureau, diary, call)
    await lay_desks(bureau, diary)
    return bureau
