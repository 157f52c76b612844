"""Rules about organisations and accounts."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grants.parties import rules
from grants.parties.rules import Features, Grade, Inspection, Kind, Likeness, Standing

GOOD = "52320585MJ9000014P"
DAY = date(2026, 6, 15)


@pytest.mark.parametrize(
    ("uscc", "kind"),
    [
        ("52320585MJ9000014P", Kind.PRIVATE_NON_ENTERPRISE),
        ("51320585MJ9000022M", Kind.ASSOCIATION),
        ("53320585MJ9000030A", Kind.FOUNDATION),
        ("91320585MA9000046F", Kind.COMPANY),
        ("54320585ME9000059W", Kind.COMMITTEE),
        ("N2320585MF900001XD", Kind.COLLECTIVE),
        ("11320585014900069A", Kind.GOVERNMENT),
        ("５２320585mj9000014p", Kind.PRIVATE_NON_ENTERPRISE),
        ("92320585MA9000046F", None),
        ("", None),
        (None, None),
    ],
)
def test_a_credit_code_tells_the_kind(uscc: str | None, kind: Kind | None) -> None:
    assert rules.implied_kind(uscc) == kind


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (GOOD, None),
        (GOOD.lower(), None),
        ("５２３２０５８５ＭＪ９００００１４Ｐ", None),
        ("52320585-MJ900001-4P", None),
        ("52320585MJ9000014X", "organisation.uscc_check"),
        ("52320585MJ9000015P", "organisation.uscc_check"),
        ("52320585MJ900001", "organisation.uscc_length"),
        ("", "organisation.uscc_length"),
        ("52320585MJ90000I4P", "organisation.uscc_characters"),
        ("52320585MJ90000中4P", "organisation.uscc_characters"),
    ],
)
def test_a_wrong_credit_code_is_told_what_is_wrong(text: str, code: str | None) -> None:
    fault = rules.uscc_fault(text)
    assert (fault.code if fault else None) == code


@given(st.text(max_size=40))
def test_any_text_gets_an_answer(text: str) -> None:
    rules.uscc_fault(text)
    rules.implied_kind(text)
    rules.account_fault(text)
    assert rules.names_agree(text, text) is (rules.plain_name(text) != "")


def test_a_kind_must_not_contradict_the_credit_code() -> None:
    assert rules.kind_fault(Kind.PRIVATE_NON_ENTERPRISE, GOOD) is None
    assert rules.kind_fault(Kind.COMPANY, "92320585MA9000046F") is None
    fault = rules.kind_fault(Kind.COMPANY, GOOD)
    assert fault is not None and fault.params["prefix"] == "52"


@pytest.mark.parametrize(
    ("grade", "expires_on", "valid"),
    [
        (Grade.A4, DAY, True),
        (Grade.A4, date(2026, 6, 14), False),
        (Grade.A4, None, False),
        (None, None, False),
    ],
)
def test_a_grade_holds_through_its_last_day(
    grade: Grade | None, expires_on: date | None, valid: bool
) -> None:
    assert rules.grade_is_valid_on(grade, expires_on, DAY) is valid


@pytest.mark.parametrize(
    ("year", "result", "mark"),
    [
        (2025, Inspection.PASSED, "pass"),
        (2024, Inspection.PASSED, "pass"),
        (2023, Inspection.PASSED, "stop"),
        (2025, Inspection.BASIC, "look"),
        (2025, Inspection.FAILED, "stop"),
        (None, None, "stop"),
    ],
)
def test_an_inspection_passes_looks_or_stops(
    year: int | None, result: Inspection | None, mark: str
) -> None:
    assert rules.inspection_mark(year, result, DAY) == mark


def test_only_good_standing_passes() -> None:
    assert [s for s in Standing if rules.standing_mark(s) == "pass"] == [Standing.GOOD]


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("示例中心（太仓）", "示例中心 (太仓)", True),
        ("示例中心", "示\u200b例\u3000中心", True),
        ("Ｓample", "sample", True),
        ("示例中心", "示例中心二", False),
        ("", "", False),
        ("\u3000", " ", False),
    ],
)
def test_names_agree_whatever_their_width_and_spaces(one: str, other: str, agree: bool) -> None:
    assert rules.names_agree(one, other) is agree


@pytest.mark.parametrize(
    ("number", "good"),
    [
        ("32050000", True),
        ("3205 0000-0000 0011", True),
        ("３２０５００００", True),
        ("1" * 32, True),
        ("1" * 33, False),
        ("3205000", False),
        ("3205ABCD0000", False),
        ("3.20585E+15", False),
        ("", False),
    ],
)
def test_an_account_number_is_eight_to_thirty_two_digits(number: str, good: bool) -> None:
    assert (rules.account_fault(number) is None) is good


def test_a_persons_card_with_a_wrong_check_digit_only_warns() -> None:
    assert not rules.card_deserves_a_look("6200003205850000011", of_person=True)
    assert rules.card_deserves_a_look("6200003205850000012", of_person=True)
    assert not rules.card_deserves_a_look("320500000000011", of_person=False)


def test_two_records_are_likened_by_id_account_phone_and_name() -> None:
    one = Features("示例中心", "MJ9000014", b"p", frozenset({b"a", b"b"}))
    assert rules.duplicate_reasons(one, Features("别处", "MJ9000014")) == [Likeness.SAME_ID]
    assert rules.duplicate_reasons(one, Features("别处", None, b"p")) == [Likeness.SAME_PHONE]
    assert rules.duplicate_reasons(one, Features("别处", None, None, frozenset({b"b"}))) == [
        Likeness.SAME_ACCOUNT
    ]
    assert rules.duplicate_reasons(one, Features("示例 中心")) == [Likeness.SAME_NAME]
    assert rules.duplicate_reasons(one, Features("别处")) == []


def test_the_organisation_code_stays_when_the_kind_changes() -> None:
    assert rules.organisation_code("52320585MJ9000014P") == rules.organisation_code(
        "51320585mj9000014x"
    )
    assert rules.organisation_code(None) is None
