"""The people, agencies and accounts of the demonstration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from grants.demo import names
from grants.demo.clock import Diary
from grants.first_policies import lay_first_policies
from grants.kernel.identifiers import last_four, masked_phone
from grants.kernel.identity import SYSTEM, Actor, Permission, Role
from grants.payments.rules import PayerAccount
from grants.people import queries as people
from grants.people.passwords import hash_password
from grants.people.sign_in_pages import DEMO_PASSWORD
from grants.platform import crypto, db
from grants.platform.audit import Case, record

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
    ("town", "示例·韩镇审", (Role.TOWN_REVIEWER,)),
    ("sysadmin", "示例·杨系统", (Role.SYS_ADMIN,)),
    ("secadmin", "示例·朱安全", (Role.SEC_ADMIN,)),
    ("auditadmin", "示例·秦审管", (Role.AUDIT_ADMIN,)),
)

_PERSONS = 45


@dataclass
class Bureau:
    """Who is there: an actor for each role, agencies and persons by order."""

    people: dict[Role, Actor]
    agencies: list[int]
    persons: list[int]

    def __getitem__(self, role: Role) -> Actor:
        return self.people[role]


async def lay_people(diary: Diary) -> Bureau:
    """Accounts, agencies with verified bank accounts, persons, and the first policies."""
    first = date(diary.fiscal_year, 1, 1)
    with diary.at(date(diary.fiscal_year, 1, 2), 8):
        await lay_first_policies(
            SYSTEM, PAYER, starts_on=date(2020, 1, 1), budget_approved_for=diary.fiscal_year
        )
        password_hash = hash_password(DEMO_PASSWORD)
        bureau = Bureau({}, [], [])
        for sequence, (username, name, roles) in enumerate(STAFF):
            person_id = await _add_person(name, 500 + sequence)
            user_id = await _add_account(username, person_id, password_hash, roles, first, None)
            actor = await _actor(user_id, name, person_id, roles)
            bureau.people.update({role: actor for role in roles})
        for sequence, name in enumerate(names.AGENCIES, start=1):
            bureau.agencies.append(await _add_agency(bureau, name, sequence, diary))
        await _add_agency_account(bureau, password_hash, first)
        for sequence in range(_PERSONS):
            bureau.persons.append(await _add_payee(bureau, sequence))
    return bureau


async def _actor(user_id: int, name: str, person_id: int, roles: tuple[Role, ...]) -> Actor:
    return Actor(user_id, person_id, name, frozenset(roles), request_id="demonstration")


async def _add_person(name: str, sequence: int) -> int:
    number = names.demo_resident_id(sequence)
    phone = f"138{sequence:08d}"
    async with db.unit_of_work(SYSTEM):
        person_id = await db.value(
            """
            INSERT INTO person (name, id_number, id_number_index, id_number_last4, phone,
                                phone_index, phone_masked, is_demo)
            VALUES ($1, $2, $3, $4, $5, $6, $7, true) RETURNING id
            """,
            name,
            crypto.encrypt("id_number", number),
            crypto.blind_index("id_number", number),
            last_four(number),
            crypto.encrypt("phone", phone),
            crypto.blind_index("phone", phone),
            masked_phone(phone),
        )
        await record(SYSTEM, Case("person", person_id), "add")
    return int(person_id)


async def _add_account(
    username: str,
    person_id: int,
    password_hash: str,
    roles: tuple[Role, ...],
    first: date,
    organisation_id: int | None,
) -> int:
    async with db.unit_of_work(SYSTEM):
        user_id = await db.value(
            """
            INSERT INTO app_user (username, person, organisation_id, password_hash,
                                  failed_attempts, is_active, language)
            VALUES ($1, $2, $3, $4, 0, true, 'zh') RETURNING id
            """,
            username,
            person_id,
            organisation_id,
            password_hash,
        )
        await db.write_many(
            'INSERT INTO role_grant ("user", role, starts_on, granted_by) VALUES ($1, $2, $3, 1)',
            [(user_id, role, first) for role in roles],
        )
        await record(SYSTEM, Case("app_user", user_id), "add", facts={"username": username})
    return int(user_id)


async def _add_agency(bureau: Bureau, name: str, sequence: int, diary: Diary) -> int:
    async with db.unit_of_work(SYSTEM):
        organisation_id = await db.value(
            """
            INSERT INTO organisation (name, uscc, kind, town, registered_on, grade,
                grade_expires_on, inspection_year, inspection_result, standing, standing_note,
                is_demo)
            VALUES ($1, $2, 'PRIVATE_NON_ENTERPRISE', $3, $4, $5, $6, $7, 'PASSED', 'GOOD', '',
                    true) RETURNING id
            """,
            f"太仓市{name}",
            names.demo_uscc(sequence),
            names.TOWNS[sequence % len(names.TOWNS)],
            date(2012 + sequence % 9, 3, 15),
            ("3A", "4A", "5A", "2A")[sequence % 4],
            date(diary.fiscal_year + 1 + sequence % 4, 5, 31),
            diary.fiscal_year - 1,
        )
        await record(SYSTEM, Case("organisation", organisation_id), "register")
    number = f"3205850200000{sequence:05d}"
    await _add_bank_account(bureau, f"太仓市{name}", number, organisation_id=organisation_id)
    return int(organisation_id)


async def _add_bank_account(
    bureau: Bureau,
    holder: str,
    number: str,
    *,
    organisation_id: int | None = None,
    person_id: int | None = None,
) -> None:
    async with db.unit_of_work(SYSTEM):
        account_id = await db.value(
            """
            INSERT INTO bank_account (organisation, person, holder_name, number, number_index,
                number_last4, bank_name, cnaps, state, entered_by_person, verified_by_person,
                verified_at, evidence)
            VALUES ($1, $2, $3, $4, $5, $6, '示例银行太仓支行', '999305285003', 'VERIFIED', $7, $8,
                    now(), '开户许可证') RETURNING id
            """,
            organisation_id,
            person_id,
            holder,
            crypto.encrypt("bank_account", number),
            crypto.blind_index("bank_account", number),
            number[-4:],
            bureau[Role.OFFICER].person_id,
            bureau[Role.FIN_OFFICER].person_id,
        )
        await record(SYSTEM, Case("bank_account", account_id), "verify", after="VERIFIED")


async def _add_agency_account(bureau: Bureau, password_hash: str, first: date) -> None:
    """The agency's own sign-in: it sees its awards and payments, and nobody else's."""
    person_id = await _add_person("示例·许理事长", 600)
    roles = (Role.APPLICANT_ORG,)
    user_id = await _add_account(
        "agency", person_id, password_hash, roles, first, bureau.agencies[0]
    )
    account = await people.account(user_id, first)
    bureau.people[Role.APPLICANT_ORG] = Actor(
        user_id, person_id, account.name, frozenset(roles), organisation_id=bureau.agencies[0]
    )
    assert bureau[Role.APPLICANT_ORG].may(Permission.PAYMENT_SEE)


async def _add_payee(bureau: Bureau, sequence: int) -> int:
    name = names.demo_person(sequence + 20)
    person_id = await _add_person(name, sequence)
    body = f"620000320585{sequence:06d}"
    check = next(d for d in "0123456789" if _luhn(body + d))
    await _add_bank_account(bureau, name, body + check, person_id=person_id)
    return person_id


def _luhn(number: str) -> bool:
    doubled = [int(d) * (1 + i % 2) for i, d in enumerate(reversed(number))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0
