"""Rules about people, one by one."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from grants.kernel.calendar import ZONE
from grants.kernel.errors import Refusal
from grants.kernel.identity import GRANTED, NEEDS_SECOND_FACTOR, Permission, Role
from grants.people.rules import (
    SignInPolicy,
    delegation_is_lawful,
    granter_is_another_person,
    needs_second_factor,
    password_is_strong,
    role_fits_office,
    roles_may_meet,
)

NOON = datetime(2026, 6, 15, 12, tzinfo=ZONE)
FIRST, SECOND = date(2026, 6, 15), date(2026, 6, 16)


def code(refusal: Refusal | None) -> str | None:
    return refusal.code if refusal else None


@pytest.mark.parametrize("password", ["Abcdefgh12", "abcdefg-12", "ABCDEFG-12", "太仓Abcdefg1"])
def test_ten_characters_of_three_classes_are_a_password(password: str) -> None:
    assert password_is_strong(password, SignInPolicy()) is None


@pytest.mark.parametrize("password", ["", "Abcdefg12", "abcdefgh12", "1234567890", "ABCDEFGH--"])
def test_a_short_password_or_one_of_two_classes_is_refused(password: str) -> None:
    assert code(password_is_strong(password, SignInPolicy())) == "people.weak_password"


@pytest.mark.parametrize("admin", [Role.SYS_ADMIN, Role.SEC_ADMIN, Role.AUDIT_ADMIN])
def test_an_administrator_holds_no_business_role(admin: Role) -> None:
    assert code(roles_may_meet({admin, Role.OFFICER})) == "people.administrator_in_business"


@pytest.mark.parametrize(
    "pair",
    [
        {Role.CASHIER, Role.FIN_OFFICER},
        {Role.CASHIER, Role.FIN_HEAD},
        {Role.FIN_DEPUTY, Role.MAIN_LEADER},
    ],
)
def test_cashier_and_books_deputy_and_leader_stay_apart(pair: set[Role]) -> None:
    assert code(roles_may_meet(pair)) == "people.roles_apart"
    assert code(roles_may_meet(pair | {Role.OFFICER})) == "people.roles_apart"


@pytest.mark.parametrize(
    "pair",
    [
        {Role.SYS_ADMIN, Role.SEC_ADMIN},
        {Role.SYS_ADMIN, Role.AUDIT_ADMIN},
        {Role.SEC_ADMIN, Role.AUDIT_ADMIN},
    ],
)
def test_the_three_administrators_are_three_persons(pair: set[Role]) -> None:
    assert code(roles_may_meet(pair)) == "people.roles_apart"


@pytest.mark.parametrize("role", [Role.OFFICER, Role.CASHIER, Role.EVALUATOR])
def test_who_acts_for_an_agency_holds_no_role_of_the_office(role: Role) -> None:
    assert code(roles_may_meet({Role.APPLICANT_ORG, role})) == "people.agency_in_office"


def test_an_agencys_account_holds_the_agencys_role_alone() -> None:
    assert role_fits_office(Role.APPLICANT_ORG, of_agency=True) is None
    assert role_fits_office(Role.OFFICER, of_agency=False) is None
    assert code(role_fits_office(Role.OFFICER, of_agency=True)) == "people.role_of_office"
    assert code(role_fits_office(Role.APPLICANT_ORG, of_agency=False)) == "people.role_of_office"


def test_each_role_may_be_held_alone_and_others_together() -> None:
    assert all(roles_may_meet({role}) is None for role in Role)
    assert roles_may_meet({Role.APPLICANT_ORG, Role.EXPERT}) is None
    assert roles_may_meet({Role.OFFICER, Role.SECTION_HEAD}) is None
    assert roles_may_meet({Role.FIN_OFFICER, Role.FIN_HEAD}) is None


def test_nobody_grants_himself_a_role() -> None:
    assert code(granter_is_another_person(7, 7)) == "people.own_role"
    assert granter_is_another_person(7, 8) is None


def test_only_a_role_that_is_held_is_delegated() -> None:
    refusal = delegation_is_lawful(Role.OFFICER, {Role.CASHIER}, FIRST, SECOND, same_person=False)
    assert code(refusal) == "people.role_not_held"


def test_nobody_delegates_to_himself() -> None:
    refusal = delegation_is_lawful(Role.OFFICER, {Role.OFFICER}, FIRST, SECOND, same_person=True)
    assert code(refusal) == "people.self_delegation"


def test_a_delegation_ends_after_it_starts() -> None:
    held = {Role.OFFICER}
    same_day = delegation_is_lawful(Role.OFFICER, held, FIRST, FIRST, same_person=False)
    assert code(same_day) == "people.dates"
    assert delegation_is_lawful(Role.OFFICER, held, FIRST, SECOND, same_person=False) is None


@pytest.mark.parametrize("role", list(Role))
def test_exactly_the_roles_that_move_money_or_give_power_need_a_second_step(role: Role) -> None:
    strong = {
        Permission.PAYMENT_REQUEST,
        Permission.PAYMENT_APPROVE,
        Permission.BATCH_MAKE,
        Permission.BATCH_SEND,
        Permission.BUDGET_APPROVE,
        Permission.ACCOUNT_VERIFY,
        Permission.ROLE_GRANT,
        Permission.PEOPLE_EDIT,
    }
    assert (
        needs_second_factor({role}) == bool(GRANTED[role] & strong) == (role in NEEDS_SECOND_FACTOR)
    )
    assert not needs_second_factor(())
