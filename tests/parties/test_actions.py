"""Organisations and bank accounts: who may do what, and what the database holds."""

from __future__ import annotations

import asyncio
import json

import asyncpg
import pytest

from grants.kernel.errors import Conflict, NotAllowed, NotFound, RuleBroken
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.parties import actions, duplicates, jobs, queries
from grants.parties.actions import AccountDetails, OrganisationDetails
from grants.parties.imported import NewOrganisation, match_organisations
from grants.parties.queries import OrganisationFilter
from grants.parties.rules import Grade, Inspection, Standing
from grants.people.actions import add_person
from grants.platform import db
from grants.platform.audit import Case, timeline
from tests.world import DAY, add_actor

NAME = "太仓市示例晨曦社会工作服务中心"
USCC = "52320585MJ9000014P"
OTHER_USCC = "51320585MJ9000022M"
NUMBER = "3205850000000077"


@pytest.fixture
async def officer(empty: None) -> Actor:
    """Who enters."""
    return await add_actor(Role.OFFICER, name="示例·张一")


@pytest.fixture
async def finance(empty: None) -> Actor:
    """Who verifies."""
    return await add_actor(Role.FIN_OFFICER, name="示例·李二")


@pytest.fixture
async def organisation(officer: Actor) -> int:
    """An organisation on record."""
    return await actions.register_organisation(officer, OrganisationDetails(NAME, USCC))


def paper(number: str = NUMBER, holder: str = NAME) -> AccountDetails:
    """An account as its paper shows it."""
    return AccountDetails(holder, number, "示例银行太仓支行", "999305285003", "开户许可证复印件")


@pytest.fixture
async def account(officer: Actor, organisation: int) -> int:
    """An account that waits for its verification."""
    return await actions.enter_account(officer, paper(), organisation_id=organisation)


# Organisations


async def test_full_width_and_lower_case_codes_are_kept_in_one_form(officer: Actor) -> None:
    made = await actions.register_organisation(
        officer, OrganisationDetails(NAME, " ５２320585mj9000014p ")
    )
    kept = await queries.organisation(officer, made)
    assert (kept.uscc, kept.kind) == (USCC, "PRIVATE_NON_ENTERPRISE")


async def test_a_wrong_check_character_is_refused(officer: Actor) -> None:
    with pytest.raises(RuleBroken) as refused:
        await actions.register_organisation(
            officer, OrganisationDetails(NAME, "52320585MJ9000014X")
        )
    assert refused.value.code == "organisation.uscc_check"


async def test_one_credit_code_is_one_organisation(officer: Actor, organisation: int) -> None:
    with pytest.raises(Conflict) as refused:
        await actions.register_organisation(officer, OrganisationDetails("别的名称", USCC))
    assert refused.value.code == "organisation.known"


async def test_an_organisation_needs_a_code_or_a_number_elsewhere(officer: Actor) -> None:
    with pytest.raises(RuleBroken) as refused:
        await actions.register_organisation(officer, OrganisationDetails(NAME))
    assert refused.value.code == "organisation.unidentified"


async def test_finance_does_not_register_organisations(finance: Actor) -> None:
    with pytest.raises(NotAllowed):
        await actions.register_organisation(finance, OrganisationDetails(NAME, USCC))


async def test_a_stale_page_changes_nothing(officer: Actor, organisation: int) -> None:
    await actions.change_organisation(
        officer, organisation, OrganisationDetails("新名称中心", USCC), seen_version=1
    )
    with pytest.raises(Conflict) as refused:
        await actions.change_organisation(
            officer, organisation, OrganisationDetails("旧页面的名称", USCC), seen_version=1
        )
    assert refused.value.code == "organisation.stale"
    assert (await queries.organisation(officer, organisation)).name == "新名称中心"


async def test_of_two_changes_at_once_one_wins(officer: Actor, organisation: int) -> None:
    outcomes = await asyncio.gather(
        *(
            actions.set_standing(
                officer, organisation, Standing.ABNORMAL, f"公告 {n}", seen_version=1
            )
            for n in range(4)
        ),
        return_exceptions=True,
    )
    assert sorted(type(o).__name__ for o in outcomes) == ["Conflict"] * 3 + ["NoneType"]
    assert (await queries.organisation(officer, organisation)).version == 2


async def test_every_change_says_what_stood_before(officer: Actor, organisation: int) -> None:
    await actions.change_organisation(
        officer, organisation, OrganisationDetails("新名称中心", USCC), seen_version=1
    )
    [change] = [e for e in await timeline(Case("organisation", organisation)) if e.verb == "change"]
    assert change.facts == {"name": [NAME, "新名称中心"]}


async def test_a_grade_needs_its_last_day(officer: Actor, organisation: int) -> None:
    with pytest.raises(RuleBroken):
        await actions.set_grade(officer, organisation, Grade.A4, None, seen_version=1)
    await actions.set_grade(officer, organisation, Grade.A4, DAY, seen_version=1)
    assert (await queries.organisation(officer, organisation)).grade == "4A"


async def test_an_inspection_is_about_a_year_that_is_over(
    officer: Actor, organisation: int
) -> None:
    with pytest.raises(RuleBroken):
        await actions.record_inspection(
            officer, organisation, 2026, Inspection.PASSED, seen_version=1, today=DAY
        )
    await actions.record_inspection(
        officer, organisation, 2025, Inspection.PASSED, seen_version=1, today=DAY
    )
    assert (await queries.organisation(officer, organisation)).inspection_year == 2025


async def test_an_agency_sees_only_itself(officer: Actor, organisation: int, account: int) -> None:
    other = await actions.register_organisation(officer, OrganisationDetails("邻家", OTHER_USCC))
    agency = await add_actor(Role.APPLICANT_ORG, name="邻家·王三", organisation_id=other)
    assert [o.id for o in await queries.organisations(agency, OrganisationFilter())] == [other]
    assert await queries.count_organisations(agency, OrganisationFilter(search=NAME)) == 0
    assert (await queries.organisation(agency, other)).name == "邻家"
    assert await queries.accounts_waiting(agency) == []
    for hidden in (
        queries.organisation(agency, organisation),
        queries.account(agency, account),
        queries.payee(agency, organisation_id=organisation),
        queries.payee(agency, person_id=1),
        duplicates.duplicates(agency),
    ):
        with pytest.raises(NotFound):
            await hidden


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("晨曦", True),
        ("太仓市示例晨曦社会工作服务中新", True),
        ("52320585mj90", True),
        ("%", False),
        ("_", False),
        ("'; DROP TABLE organisation; --", False),
        ("浏河", False),
    ],
)
async def test_organisations_are_found_by_name_nearly_so_and_by_code(
    officer: Actor, organisation: int, search: str, found: bool
) -> None:
    wanted = OrganisationFilter(search=search)
    assert bool(await queries.organisations(officer, wanted)) is found
    assert await queries.count_organisations(officer, wanted) == int(found)


@pytest.mark.parametrize("order", [*queries.ORDERS, *(f"-{o}" for o in queries.ORDERS)])
async def test_every_order_of_the_list_works(officer: Actor, order: str, organisation: int) -> None:
    found = await queries.organisations(officer, OrganisationFilter(order=order))
    assert [o.id for o in found] == [organisation]


# Bank accounts


async def test_an_account_is_entered_by_one_and_verified_by_another(
    officer: Actor, finance: Actor, organisation: int, account: int
) -> None:
    await actions.verify_account(finance, account, number="3205 8500 0000 0077")
    assert [a.id for a in await queries.verified_accounts(organisation, None)] == [account]
    full = (await queries.accounts_for_payment([account]))[account]
    assert (full.number, full.holder_name) == (NUMBER, NAME)
    states = [(e.verb, e.state_after) for e in await timeline(Case("bank_account", account))]
    assert states == [("verify", "VERIFIED"), ("enter", "ENTERED")]


async def test_the_enterer_cannot_verify_through_a_second_account(
    officer: Actor, account: int
) -> None:
    second = await add_actor(
        Role.FIN_OFFICER, name="示例·张一（财务）", person_id=officer.person_id
    )
    with pytest.raises(NotAllowed) as refused:
        await actions.verify_account(second, account, number=NUMBER)
    assert refused.value.code == "account.own_entry"
    with pytest.raises(NotAllowed):
        await actions.refuse_account(second, account, reason="不对")
    assert (await queries.account(officer, account)).state == "ENTERED"


async def test_the_database_refuses_one_person_for_both(officer: Actor, account: int) -> None:
    with pytest.raises(NotAllowed) as refused:
        async with db.unit_of_work(SYSTEM):
            await db.execute(
                "UPDATE bank_account SET state = 'VERIFIED', verified_by_person = $2 WHERE id = $1",
                account,
                officer.person_id,
            )
    assert refused.value.code == "account.own_entry"


async def test_the_database_refuses_a_verified_account_that_nobody_verified(account: int) -> None:
    with pytest.raises(RuleBroken) as refused:
        async with db.unit_of_work(SYSTEM):
            await db.execute("UPDATE bank_account SET state = 'VERIFIED' WHERE id = $1", account)
    assert refused.value.params["constraint"] == "bank_account_verified_by_somebody"


async def test_the_number_has_to_be_typed_alike(finance: Actor, account: int) -> None:
    with pytest.raises(RuleBroken) as refused:
        await actions.verify_account(finance, account, number="3205850000000078")
    assert refused.value.code == "account.typed_differently"
    assert (await queries.account(finance, account)).state == "ENTERED"
    await actions.verify_account(finance, account, number=NUMBER)


async def test_only_a_verified_account_is_paid_to(
    finance: Actor, organisation: int, account: int
) -> None:
    assert await queries.accounts_for_payment([account]) == {}
    with pytest.raises(RuleBroken):
        await queries.payment_account(organisation, None)
    await actions.verify_account(finance, account, number=NUMBER)
    assert await queries.payment_account(organisation, None) == account
    await actions.retire_account(finance, account, reason="单位已销户")
    assert await queries.accounts_for_payment([account]) == {}


async def test_a_refused_account_is_not_decided_again(finance: Actor, account: int) -> None:
    await actions.refuse_account(finance, account, reason="户名不符")
    for again in (
        actions.verify_account(finance, account, number=NUMBER),
        actions.refuse_account(finance, account, reason="户名不符"),
        actions.retire_account(finance, account, reason="户名不符"),
    ):
        with pytest.raises(Conflict):
            await again


async def test_of_two_verifiers_at_once_one_wins(finance: Actor, account: int) -> None:
    head = await add_actor(Role.FIN_HEAD, name="示例·钱四")
    outcomes = await asyncio.gather(
        actions.verify_account(finance, account, number=NUMBER),
        actions.verify_account(head, account, number=NUMBER),
        return_exceptions=True,
    )
    assert sorted(type(o).__name__ for o in outcomes) == ["Conflict", "NoneType"]


async def test_officers_do_not_verify_and_finance_does_not_enter(
    officer: Actor, finance: Actor, organisation: int, account: int
) -> None:
    other = await add_actor(Role.OFFICER, name="示例·赵五")
    with pytest.raises(NotAllowed):
        await actions.verify_account(other, account, number=NUMBER)
    with pytest.raises(NotAllowed):
        await actions.enter_account(finance, paper("32058500"), organisation_id=organisation)


async def test_a_payee_has_an_account_once(
    officer: Actor, finance: Actor, organisation: int, account: int
) -> None:
    with pytest.raises(Conflict) as refused:
        await actions.enter_account(
            officer, paper("3205-8500-0000-0077"), organisation_id=organisation
        )
    assert refused.value.code == "account.known"
    await actions.refuse_account(finance, account, reason="开户行不符")
    await actions.enter_account(officer, paper(), organisation_id=organisation)


@pytest.mark.parametrize(
    ("number", "cnaps", "code"),
    [
        ("3.20585E+15", None, "account.shape"),
        ("320585", None, "account.shape"),
        (NUMBER, "999305285004", "account.cnaps"),
    ],
)
async def test_numbers_of_a_wrong_form_are_refused(
    officer: Actor, organisation: int, number: str, cnaps: str | None, code: str
) -> None:
    with pytest.raises(RuleBroken) as refused:
        await actions.enter_account(
            officer, AccountDetails(NAME, number, "示例银行", cnaps), organisation_id=organisation
        )
    assert refused.value.code == code


async def test_an_account_needs_a_payee_on_record(officer: Actor) -> None:
    for unknown in ({"organisation_id": 404}, {"person_id": 404}, {}):
        with pytest.raises(NotFound):
            await actions.enter_account(officer, paper(), **unknown)


async def test_no_account_number_stands_anywhere_in_the_database(
    officer: Actor, finance: Actor, organisation: int, account: int
) -> None:
    person = await add_person(officer, "示例·孙六", phone="13912345678")
    card = await actions.enter_account(
        officer, paper("6200003205850000011", "示例·孙六"), person_id=person
    )
    await actions.verify_account(finance, account, number=NUMBER)
    await actions.refuse_account(finance, card, reason="卡号有误")
    tables = [
        r["tablename"]
        for r in await db.rows(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        )
    ]
    secrets = (NUMBER, "6200003205850000011", "13912345678")
    for table in tables:
        for found in await db.rows(f'SELECT to_jsonb(t) AS whole FROM "{table}" t'):
            text = json.dumps(found["whole"], ensure_ascii=False)
            for secret in secrets:
                assert secret not in text, table
                # Bytes show as hex in JSON: the plain digits must not hide there either.
                assert secret.encode().hex() not in text, table


async def test_awards_are_drawn_up_for_coded_organisations_and_people_with_an_account(
    officer: Actor, organisation: int
) -> None:
    person = await add_person(officer, "示例·孙六")
    await add_person(officer, "示例·周七")
    await actions.enter_account(officer, paper("6200003205850000011"), person_id=person)
    await actions.register_imported_organisations(
        officer, [NewOrganisation("A charity", None, "GB-CHC-1")], source="a list"
    )
    assert await queries.payees() == [
        (f"o:{organisation}", f"{NAME} · {USCC}"),
        (f"p:{person}", "示例·孙六"),
    ]


# Likely duplicates


async def second(officer: Actor, name: str = "别的中心", uscc: str = OTHER_USCC) -> int:
    """Another organisation."""
    return await actions.register_organisation(officer, OrganisationDetails(name, uscc))


async def reasons(actor: Actor) -> list[tuple[str, ...]]:
    """Why pairs are flagged."""
    return [d.reasons for d in await duplicates.duplicates(actor)]


async def test_nothing_is_flagged_without_a_likeness(officer: Actor, organisation: int) -> None:
    await second(officer)
    assert await reasons(officer) == []


async def test_the_same_name_is_flagged_whatever_its_spaces(
    officer: Actor, organisation: int
) -> None:
    await second(officer, "太仓市示例晨曦 社会工作\u3000服务中心")
    assert await reasons(officer) == [("same_name",)]


async def test_the_same_organisation_code_is_flagged(officer: Actor, organisation: int) -> None:
    await second(officer, uscc="51320585MJ9000014T")
    assert await reasons(officer) == [("same_id",)]


async def test_the_same_phone_is_flagged(officer: Actor) -> None:
    for name, uscc in (("甲中心", USCC), ("乙中心", OTHER_USCC)):
        await actions.register_organisation(
            officer, OrganisationDetails(name, uscc, phone="139 1234 5678")
        )
    assert await reasons(officer) == [("same_phone",)]


async def test_the_same_account_is_flagged(officer: Actor, organisation: int, account: int) -> None:
    await actions.enter_account(officer, paper(), organisation_id=await second(officer))
    assert await reasons(officer) == [("same_account",)]


async def test_an_account_of_a_person_and_an_organisation_is_flagged(
    officer: Actor, account: int
) -> None:
    person = await add_person(officer, "示例·孙六")
    await actions.enter_account(officer, paper(), person_id=person)
    [pair] = await duplicates.duplicates(officer)
    assert (pair.kind, pair.reasons) == ("bank_account", ("same_account",))


async def test_people_of_one_name_are_flagged_only_while_an_id_number_is_missing(
    officer: Actor,
) -> None:
    await add_person(officer, "示例·孙六", id_number="320585198506129971")
    await add_person(officer, "示例·孙六", id_number="320585199202299968")
    assert await actions.flag_all_duplicates(officer) == 0
    await add_person(officer, "示例·孙六")
    assert await actions.flag_all_duplicates(officer) == 2
    assert await reasons(officer) == [("same_name",), ("same_name",)]


async def test_people_of_one_phone_or_account_are_flagged(officer: Actor) -> None:
    one = await add_person(officer, "示例·孙六", phone="13912345678")
    other = await add_person(officer, "示例·周七", phone="13912345678")
    for person in (one, other):
        await actions.enter_account(officer, paper("6200003205850000011"), person_id=person)
    await actions.flag_all_duplicates(officer)
    assert await reasons(officer) == [("same_account", "same_phone")]


async def test_a_renamed_organisation_is_looked_at_again(officer: Actor, organisation: int) -> None:
    await second(officer)
    await actions.change_organisation(
        officer, organisation, OrganisationDetails("别的中心", USCC), seen_version=1
    )
    assert await reasons(officer) == [("same_name",)]


async def test_a_thousand_namesakes_make_a_flag_each(officer: Actor) -> None:
    async with db.unit_of_work(SYSTEM):
        await db.execute(
            "INSERT INTO organisation (name, external_id, kind, standing, standing_note, is_demo) "
            "SELECT '同名', 'X-' || n, 'OTHER', 'GOOD', '', true FROM generate_series(1, 1000) n"
        )
    assert await actions.flag_all_duplicates(officer) == 999
    assert await actions.flag_all_duplicates(officer) == 0


async def test_a_decision_stands_and_is_not_flagged_again(
    officer: Actor, organisation: int
) -> None:
    other = await second(officer, NAME)
    [pair] = await duplicates.duplicates(officer)
    await actions.decide_duplicate(officer, pair.id, same=False, note="两家登记机关不同")
    assert await jobs.flag_duplicates() == "0 likely duplicates flagged"
    assert await reasons(officer) == []
    with pytest.raises(Conflict):
        await actions.decide_duplicate(officer, pair.id, same=True, note="其实是一家")
    for one in (organisation, other):
        assert "different" in [e.verb for e in await timeline(Case("organisation", one))]


async def test_finance_does_not_decide_on_organisations(
    officer: Actor, finance: Actor, organisation: int
) -> None:
    await second(officer, NAME)
    [pair] = await duplicates.duplicates(finance)
    with pytest.raises(NotAllowed):
        await actions.decide_duplicate(finance, pair.id, same=True, note="同一家")


# Lists


async def test_a_list_imported_twice_doubles_nobody(officer: Actor) -> None:
    given = [NewOrganisation(f"Charity {n}", None, f"GB-CHC-{n % 40}") for n in range(60)]
    first = await actions.register_imported_organisations(officer, given, source="a list")
    again = await actions.register_imported_organisations(officer, given, source="a list")
    assert first == again
    assert len(set(first.values())) == 40
    assert await db.value("SELECT count(*) FROM organisation") == 40


async def test_two_imports_at_once_double_nobody(officer: Actor) -> None:
    given = [NewOrganisation(f"Charity {n}", None, f"GB-CHC-{n}") for n in range(200)]
    await asyncio.gather(
        *(
            actions.register_imported_organisations(officer, given, source="a list")
            for _ in range(3)
        ),
        return_exceptions=True,
    )
    assert await db.value("SELECT count(*) FROM organisation") == 200


async def test_a_list_is_matched_by_number_then_name_then_likeness(
    officer: Actor, organisation: int
) -> None:
    by_number = NewOrganisation("随便写的名称", USCC.lower(), None)
    by_name = NewOrganisation("太仓市示例晨曦社会工作 服务中心", None, None)
    nearly = NewOrganisation("太仓市示例晨曦社会工作服务中", None, None)
    nobody = NewOrganisation("浏河志愿者协会", None, None)
    found = await match_organisations([by_number, by_name, nearly, nobody])
    exact = found[by_number].exact
    assert exact is not None and exact.id == organisation
    for proposed in (by_name, nearly):
        assert found[proposed].exact is None
        assert [c.id for c in found[proposed].candidates] == [organisation]
    assert found[nobody].candidates == ()


async def test_a_code_of_a_wrong_form_never_reaches_the_table(empty: None) -> None:
    with pytest.raises((RuleBroken, asyncpg.PostgresError)):
        async with db.unit_of_work(SYSTEM):
            await db.execute(
                "INSERT INTO organisation (name, uscc, kind, standing, standing_note, is_demo) "
                "VALUES ('a', '52320585mj9000014p', 'OTHER', 'GOOD', '', true)"
            )
