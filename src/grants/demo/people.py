"""The people, agencies and accounts of the demonstration, entered as the office enters them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from grants.agencies import actions as agencies
from grants.beginning import FOUNDER
from grants.demo import names
from grants.demo.clock import Diary
from grants.first_policies import lay_first_policies
from grants.kernel import calendar
from grants.kernel.identity import SYSTEM, Actor, Permission, Role
from grants.parties import actions as parties
from grants.parties.actions import AccountDetails, OrganisationDetails
from grants.parties.rules import Grade, Inspection
from grants.payments.rules import PayerAccount
from grants.people import actions as people
from grants.people.enrolment import NewColleague
from grants.people.mail_settings import MailSettings, change_mail
from grants.people.sign_in_pages import DEMO_PASSWORD

PAYER = PayerAccount(
    name="太仓市示例民政局",
    account="3205850100000000018",
    bank_name="示例银行太仓支行",
    cnaps="999305285003",
)

#: User name, name and roles: one for each role, and a second account of the finance reviewer.
STAFF: tuple[tuple[str, str, tuple[Role, ...]], ...] = (
    ("officer", "示例·李经办", (Role.OFFICER,)),
    ("section", "示例·王科长", (Role.SECTION_HEAD,)),
    ("finance", "示例·陈会计", (Role.FIN_OFFICER,)),
    ("cashier", "示例·赵出纳", (Role.CASHIER,)),
    ("finhead", "示例·孙财务", (Role.FIN_HEAD,)),
    ("deputy", "示例·周副局长", (Role.DEPUTY_LEADER,)),
    ("findeputy", "示例·吴副局长", (Role.FIN_DEPUTY,)),
    ("leader", "示例·郑局长", (Role.MAIN_LEADER,)),
    ("auditor", "示例·冯审计", (Role.AUDITOR,)),
    ("evaluator", "示例·沈评估", (Role.EVALUATOR,)),
    ("expert", "示例·蒋评审", (Role.EXPERT,)),
    ("town", "示例·韩镇审", (Role.TOWN_REVIEWER,)),
    ("sysadmin", "示例·杨系统", (Role.SYS_ADMIN,)),
    ("secadmin", "示例·朱安全", (Role.SEC_ADMIN,)),
    ("auditadmin", "示例·秦审管", (Role.AUDIT_ADMIN,)),
)

#: The demonstration agency's legal representative, and a colleague whom he brought in.
AGENCY_PEOPLE: tuple[tuple[str, str, tuple[Role, ...]], ...] = (
    ("agency", "示例·许理事长", (Role.APPLICANT_ORG,)),
    ("colleague", "示例·何项目", (Role.APPLICANT_ORG,)),
)

_PERSONS = 45
#: Who has given a mail address; no mail leaves the demonstration.
_ADDRESSES = {Role.SECTION_HEAD: "section@example.org", Role.APPLICANT_ORG: "agency@example.org"}


@dataclass
class Bureau:
    """Who is there: an actor for each role, agencies and persons by order."""

    people: dict[Role, Actor]
    agencies: list[int]
    persons: list[int]

    def __getitem__(self, role: Role) -> Actor:
        return self.people[role]


async def lay_people(diary: Diary) -> Bureau:
    """Accounts, agencies with verified bank accounts, persons, and the first policies.

    They are there from the September before: that autumn the year's venture call was made.
    """
    bureau = Bureau({}, [], [])
    with diary.autumn(9, 1, 8):
        await lay_first_policies(
            SYSTEM, PAYER, starts_on=date(2020, 1, 1), budget_approved_for=diary.fiscal_year
        )
        await _lay_staff(bureau)
        for sequence, name in enumerate(names.AGENCIES, start=1):
            bureau.agencies.append(await _add_agency(bureau, f"太仓市{name}", sequence, diary))
        await _add_agencys_own_accounts(bureau)
        for sequence in range(_PERSONS):
            bureau.persons.append(await _add_payee(bureau, sequence))
        for role, address in _ADDRESSES.items():
            await change_mail(bureau[role], MailSettings(address))
    return bureau


async def _lay_staff(bureau: Bureau) -> None:
    """The two administrators first: one makes everybody's account, the other grants the roles."""
    keeper, granter = FOUNDER, FOUNDER
    administrators = (Role.SYS_ADMIN, Role.SEC_ADMIN)
    for username, name, roles in sorted(
        STAFF, key=lambda member: member[2][0] not in administrators
    ):
        if roles[0] not in administrators:
            keeper, granter = bureau[Role.SYS_ADMIN], bureau[Role.SEC_ADMIN]
        sequence = 500 + [member[0] for member in STAFF].index(username)
        person_id = await add_person(keeper, name, sequence)
        actor = await open_account(keeper, granter, username, name, person_id, roles)
        bureau.people.update({role: actor for role in roles})


async def add_person(actor: Actor, name: str, sequence: int) -> int:
    """A person of the demonstration; the numbers follow from the sequence."""
    return await people.add_person(
        actor,
        name,
        id_number=names.demo_resident_id(sequence),
        phone=names.demo_phone(sequence),
        is_demo=True,
    )


async def open_account(
    keeper: Actor,
    granter: Actor,
    username: str,
    name: str,
    person_id: int,
    roles: tuple[Role, ...],
    *,
    organisation_id: int | None = None,
) -> Actor:
    """An account and its roles, by the two administrators; answers the actor behind it."""
    user_id = await people.add_account(
        keeper, username, person_id, DEMO_PASSWORD, organisation_id=organisation_id
    )
    for role in roles:
        await people.grant_role(granter, user_id, role, starts_on=calendar.today())
    return Actor(
        user_id,
        person_id,
        name,
        frozenset(roles),
        organisation_id=organisation_id,
        request_id="demonstration",
    )


async def _add_agency(bureau: Bureau, name: str, sequence: int, diary: Diary) -> int:
    """An agency as the officer records it, with its grade, inspection and verified account."""
    officer = bureau[Role.OFFICER]
    agency = await parties.register_organisation(
        officer,
        OrganisationDetails(
            name,
            names.demo_uscc(sequence, association=name.endswith("协会")),
            town=names.TOWNS[sequence % len(names.TOWNS)],
            registered_on=date(2012 + sequence % 9, 3, 15),
            phone=names.demo_phone(700 + sequence),
        ),
        is_demo=True,
    )
    await parties.set_grade(
        officer,
        agency,
        (Grade.A3, Grade.A4, Grade.A5, Grade.A2)[sequence % 4],
        date(diary.fiscal_year + 1 + sequence % 4, 5, 31),
        seen_version=1,
    )
    await parties.record_inspection(
        officer,
        agency,
        diary.fiscal_year - 2,
        Inspection.PASSED,
        seen_version=2,
        today=calendar.today(),
    )
    await verified_account(bureau, name, names.demo_account(sequence), organisation_id=agency)
    return agency


async def enter_account(
    bureau: Bureau,
    holder: str,
    number: str,
    *,
    organisation_id: int | None = None,
    person_id: int | None = None,
) -> int:
    """A bank account as the officer enters it from the evidence; another person verifies it."""
    return await parties.enter_account(
        bureau[Role.OFFICER],
        AccountDetails(
            holder,
            number,
            "示例银行太仓支行",
            "999305285003",
            evidence="开户许可证" if organisation_id else "银行卡复印件",
        ),
        organisation_id=organisation_id,
        person_id=person_id,
    )


async def verified_account(
    bureau: Bureau,
    holder: str,
    number: str,
    *,
    organisation_id: int | None = None,
    person_id: int | None = None,
) -> int:
    """A bank account entered by the officer and verified by finance."""
    account_id = await enter_account(
        bureau, holder, number, organisation_id=organisation_id, person_id=person_id
    )
    await parties.verify_account(bureau[Role.FIN_OFFICER], account_id, number=number)
    return account_id


async def _add_agencys_own_accounts(bureau: Bureau) -> None:
    """The agency's own sign-ins: they see its awards and payments, and nobody else's.

    The first belongs to its legal representative, who has brought the second in.
    """
    keeper, granter = bureau[Role.SYS_ADMIN], bureau[Role.SEC_ADMIN]
    (username, name, roles), (colleague, second, _) = AGENCY_PEOPLE
    agency = bureau.agencies[0]
    person_id = await add_person(keeper, name, 600)
    actor = await open_account(
        keeper, granter, username, name, person_id, roles, organisation_id=agency
    )
    assert actor.may(Permission.PAYMENT_SEE)
    bureau.people[Role.APPLICANT_ORG] = actor
    await agencies.set_representative(bureau[Role.OFFICER], agency, person_id)
    await agencies.bring_in(
        actor,
        NewColleague(
            name=second,
            username=colleague,
            password=DEMO_PASSWORD,
            id_number=names.demo_resident_id(610),
            phone=names.demo_phone(610),
            is_demo=True,
        ),
    )


async def _add_payee(bureau: Bureau, sequence: int) -> int:
    name = names.demo_person(sequence + 20)
    person_id = await add_person(bureau[Role.OFFICER], name, sequence)
    await verified_account(bureau, name, names.demo_card(sequence), person_id=person_id)
    return person_id
