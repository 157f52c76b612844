"""The demonstration year as the office lived it, from the first document to the last desk."""

from __future__ import annotations

import asyncio
from datetime import date

from grants.demo.applications_of_the_year import lay_drafts_of_agency
from grants.demo.awards_of_the_year import lay_awards, lay_changes, lay_drafts, planned_awards
from grants.demo.bank_of_the_year import close_months, lay_refunds
from grants.demo.budget import lay_budget, lay_open_proposals
from grants.demo.calls_of_the_year import lay_calls
from grants.demo.clock import Diary
from grants.demo.desks import lay_desks, lend_roles
from grants.demo.papers import file_agreements, file_requests, print_agreements
from grants.demo.payments_of_the_year import lay_last_weeks, pay_through_the_year
from grants.demo.people import Bureau, lay_people
from grants.demo.rules_of_the_year import adopt_rules, change_rules


async def lay_year(today: date) -> Bureau:
    """Lay the whole demonstration into an empty database; answers its people."""
    diary = Diary.up_to(today)
    bureau = await lay_people(diary)
    await adopt_rules(bureau, diary)
    year = await lay_budget(bureau, diary)
    plans = list(planned_awards(len(bureau.agencies)))
    printing = asyncio.create_task(print_agreements(plans, diary.fiscal_year))
    active = await lay_awards(bureau, diary, year, plans)
    await file_agreements(bureau, diary, active, await printing)
    await pay_through_the_year(bureau, diary, active)
    await lay_last_weeks(bureau, diary, active)
    await lay_refunds(bureau, diary)
    await file_requests(bureau, diary)
    await lay_drafts(bureau, diary, year)
    await lend_roles(bureau, diary)
    await lay_changes(bureau, diary, active)
    await lay_open_proposals(bureau, diary, year)
    await close_months(bureau, diary)
    await change_rules(bureau, diary)
    call = await lay_calls(bureau, diary, year)
    await lay_drafts_of_agency(bureau, diary, call)
    await lay_desks(bureau, diary)
    return bureau
