"""Agencies that apply, each with the account of its legal representative."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from grants.agencies import actions as agencies
from grants.demo import names
from grants.demo.clock import Diary, side_by_side
from grants.demo.people import Bureau
from grants.kernel import calendar
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.parties import actions as parties
from grants.parties import queries as party_queries
from grants.parties.actions import OrganisationDetails
from grants.parties.rules import Grade, Inspection
from grants.people.enrolment import NewColleague, enrol
from grants.people.sign_in_pages import DEMO_PASSWORD
from grants.platform import db

#: Agencies that a check keeps out, by their place: of too low a grade, or without inspection.
_LOW_GRADE = frozenset({37, 95, 121})
_NOT_INSPECTED = frozenset({41, 143})


@dataclass(frozen=True)
class Applicant:
    """An agency that applies: its number, and its legal representative."""

    organisation_id: int
    boss: Actor


async def lay_applicants(bureau: Bureau, diary: Diary, count: int) -> list[Applicant]:
    """The agencies of the office's list, and all the others of the town; each with its head."""
    places = range(len(bureau.agencies), count)
    organisations = [*bureau.agencies, *[await _register(bureau, diary, n) for n in places]]
    own = Applicant(organisations[0], bureau[Role.APPLICANT_ORG])
    others = enumerate(organisations[1:], start=1)
    return [own, *await side_by_side(_with_head(bureau, diary, n, found) for n, found in others)]


async def _with_head(bureau: Bureau, diary: Diary, n: int, organisation: int) -> Applicant:
    with diary.autumn(9, 4 + n % 14, 9 + n % 8, n % 60):
        boss = await _enrol(n, organisation)
        await agencies.set_representative(bureau[Role.OFFICER], organisation, boss.person_id)
    return Applicant(organisation, boss)


async def _register(bureau: Bureau, diary: Diary, n: int) -> int:
    officer, name = bureau[Role.OFFICER], names.demo_agency(n - len(bureau.agencies))
    details = OrganisationDetails(
        name,
        names.demo_uscc(200 + n, association=name.endswith("协会")),
        town=names.TOWNS[n % len(names.TOWNS)],
        registered_on=date(2013 + n % 8, 4 + n % 6, 1 + n % 27),
        phone=names.demo_phone(3_000 + n),
    )
    grade = Grade.A1 if n in _LOW_GRADE else (Grade.A3, Grade.A4, Grade.A2, Grade.A5)[n % 4]
    until = date(diary.fiscal_year + 1 + n % 3, 5, 31)
    with diary.autumn(9, 2, 9 + n % 8, n % 60):
        agency = await parties.register_organisation(officer, details, is_demo=True)
        await parties.set_grade(officer, agency, grade, until, seen_version=1)
        if n not in _NOT_INSPECTED:
            await parties.record_inspection(
                officer,
                agency,
                diary.fiscal_year - 2,
                Inspection.PASSED,
                seen_version=2,
                today=calendar.today(),
            )
    return agency


async def _enrol(n: int, organisation: int) -> Actor:
    """The legal representative of an agency, with an account."""
    name = names.demo_person(n)
    new = NewColleague(
        name=name,
        username=f"agency{n}",
        password=DEMO_PASSWORD,
        id_number=names.demo_resident_id(1_000 + n),
        phone=names.demo_phone(2_000 + n),
        is_demo=True,
    )
    async with db.unit_of_work(SYSTEM):
        user, person = await enrol(SYSTEM, new, organisation, today=calendar.today(), active=True)
    roles = frozenset({Role.APPLICANT_ORG})
    return Actor(
        user, person, name, roles, organisation_id=organisation, request_id="demonstration"
    )


async def record_inspections(bureau: Bureau, diary: Diary, organisations: Sequence[int]) -> None:
    """What the registry found in the year's inspection; it is known when June is over."""
    officer, day = bureau[Role.OFFICER], date(diary.fiscal_year, 7, 1)
    if day > diary.last_day:
        return
    with diary.at(day, 14):
        for organisation in organisations:
            found = await party_queries.organisation(officer, organisation)
            await parties.record_inspection(
                officer,
                organisation,
                diary.fiscal_year - 1,
                Inspection.PASSED,
                seen_version=found.version,
                today=day,
            )
