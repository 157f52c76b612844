"""Identifiers: right ones pass, each with one wrong character fails, no text breaks them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grants.kernel.identifiers import (
    card_number_warning,
    is_cnaps,
    is_corporate_account,
    is_phone,
    is_resident_id,
    is_uscc,
    last_four,
    masked_phone,
    organisation_code_check,
    plain_identifier,
    resident_id_birthday,
)

RESIDENT_IDS = [
    "320585198506129971",
    "320585199202299968",
    "320585200708159984",
    "32058520000101997X",
    "320522197801019994",
]
CREDIT_CODES = [
    "52320585MJ9000014P",
    "51320585MJ9000022M",
    "53320585MJ9000030A",
    "91320585MA9000046F",
    "54320585ME9000059W",
    "N2320585MF900001XD",
    "11320585014900069A",
]
BANKS = [
    "102100099996",
    "103100000026",
    "104100000004",
    "105100000017",
    "301290000007",
    "403100000004",
    "999305285003",
]
CARDS = ["6200003205850000011", "6200003205850000029"]
CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def mistyped(text: str, alphabet: str, place: int) -> list[str]:
    """`text` with each other character of `alphabet` at `place`."""
    return [text[:place] + c + text[place:][1:] for c in alphabet if c != text[place]]


# Resident ids


@pytest.mark.parametrize("number", RESIDENT_IDS)
def test_resident_id_is_known_by_its_check_character(number: str) -> None:
    assert is_resident_id(number)
    assert not any(map(is_resident_id, mistyped(number, "0123456789X", 17)))


@pytest.mark.parametrize("place", range(17))
def test_one_wrong_digit_spoils_a_resident_id(place: int) -> None:
    assert not any(map(is_resident_id, mistyped(RESIDENT_IDS[0], "0123456789", place)))


@pytest.mark.parametrize(
    "text",
    [" 320585 20000101 997x ", "３２０５８５２００００１０１９９７Ｘ", "320585-20000101-997X"],
)
def test_resident_id_is_read_as_people_write_it(text: str) -> None:
    assert is_resident_id(text)
    assert plain_identifier(text) == "32058520000101997X"


@pytest.mark.parametrize("text", ["", "320585850612997", "X20585198506129971", "3" * 19])
def test_other_shapes_are_no_resident_id(text: str) -> None:
    assert not is_resident_id(text)


def with_check(first_17: str) -> str:
    return next(first_17 + c for c in "0123456789X" if checks(first_17 + c))


def checks(number: str) -> bool:
    """The rule of ISO 7064 MOD 11-2, by another road than the weights."""
    total = 0
    for c in number:
        total = (total * 2 + (10 if c == "X" else int(c))) % 11
    return total == 1


@given(st.integers(0, 10**17 - 1).map(lambda n: f"{n:017d}"))
def test_resident_id_needs_a_day_that_exists(first_17: str) -> None:
    number = with_check(first_17)
    lawful = number[0] != "0" and resident_id_birthday(number) is not None
    assert is_resident_id(number) == lawful


@pytest.mark.parametrize("day", ["20250229", "20260431", "19001301", "00000101", "30000101"])
def test_day_that_never_was_is_no_birthday(day: str) -> None:
    number = with_check(f"320585{day}997")
    assert resident_id_birthday(number) is None
    assert not is_resident_id(number)


@pytest.mark.parametrize(
    ("number", "born_on"),
    [
        ("320585199202299968", date(1992, 2, 29)),
        ("32058520000101997x", date(2000, 1, 1)),
        ("320585", None),
    ],
)
def test_birthday_stands_in_the_resident_id(number: str, born_on: date | None) -> None:
    assert resident_id_birthday(number) == born_on


# Unified social credit codes


@pytest.mark.parametrize("code", CREDIT_CODES)
def test_credit_code_is_known_by_its_check_character(code: str) -> None:
    assert is_uscc(code)
    assert is_uscc(f" {code[:8]} {code[8:].lower()} ")
    assert not any(map(is_uscc, mistyped(code, CHARACTERS, 17)))


@pytest.mark.parametrize("place", range(18))
def test_one_wrong_character_spoils_a_credit_code(place: int) -> None:
    assert not any(map(is_uscc, mistyped(CREDIT_CODES[0], CHARACTERS, place)))


@pytest.mark.parametrize("wrong", mistyped("52320585MJ9000014P", "0123456789X", 16))
def test_credit_code_needs_the_check_of_the_organisation_code_too(wrong: str) -> None:
    outer_right = [code for code in mistyped(wrong, CHARACTERS, 17) if outer_check_holds(code)]
    assert outer_right
    assert not any(map(is_uscc, outer_right))


def outer_check_holds(code: str) -> bool:
    return sum(CHARACTERS.index(c) * pow(3, i, 31) for i, c in enumerate(code)) % 31 == 0


@pytest.mark.parametrize("text", ["", "52320585MJ9000014", "I2320585MJ9000014P", "O" * 18])
def test_other_shapes_are_no_credit_code(text: str) -> None:
    assert not is_uscc(text)


@pytest.mark.parametrize("code", CREDIT_CODES)
def test_organisation_code_stands_in_the_credit_code(code: str) -> None:
    assert organisation_code_check(code[8:16]) == code[16]


# Banks and accounts


@pytest.mark.parametrize("number", BANKS)
def test_bank_number_is_known_by_its_check_digit(number: str) -> None:
    assert is_cnaps(number)
    assert not any(map(is_cnaps, mistyped(number, "0123456789", 11)))


@pytest.mark.parametrize("place", range(12))
def test_one_wrong_digit_spoils_a_bank_number(place: int) -> None:
    assert not any(map(is_cnaps, mistyped(BANKS[0], "0123456789", place)))


@pytest.mark.parametrize("text", ["", "10210009999", "1021000999960", "10210009999X"])
def test_other_shapes_are_no_bank_number(text: str) -> None:
    assert not is_cnaps(text)


@pytest.mark.parametrize("number", CARDS)
def test_card_number_with_a_wrong_last_digit_warns(number: str) -> None:
    assert not card_number_warning(number)
    assert not card_number_warning(f"{number[:4]} {number[4:]}")
    assert all(map(card_number_warning, mistyped(number, "0123456789", 18)))


@pytest.mark.parametrize("text", ["", "0" * 15, "0" * 20, "620000320585000001X"])
def test_other_shapes_of_card_numbers_warn(text: str) -> None:
    assert card_number_warning(text)


@pytest.mark.parametrize(
    ("text", "lawful"),
    [
        ("12345678", True),
        ("8110 5000-0000 1234", True),
        ("8110–5000–00001234", True),
        ("0" * 32, True),
        ("1234567", False),
        ("0" * 33, False),
        ("1.23457E+15", False),
        ("12345678A", False),
    ],
)
def test_corporate_account_is_8_to_32_digits(text: str, lawful: bool) -> None:
    assert is_corporate_account(text) is lawful


# Phones and masks


@pytest.mark.parametrize(
    ("text", "lawful"),
    [
        ("13800000000", True),
        ("138 0000 0000", True),
        ("１３８００００００００", True),
        ("\N{LEFT-TO-RIGHT OVERRIDE}13800000000\N{POP DIRECTIONAL FORMATTING}", True),
        ("12800000000", False),
        ("1380000000", False),
        ("138000000000", False),
        ("0512-53500000", False),
    ],
)
def test_phone_is_a_mainland_mobile(text: str, lawful: bool) -> None:
    assert is_phone(text) is lawful


def test_masks_show_the_ends_only() -> None:
    assert masked_phone("138 1234 0000") == "138****0000"
    assert masked_phone("5350000") == "****"
    assert last_four("6200 0032 0585 0000 011") == "0011"
    assert last_four("32058520000101997x") == "997X"


# Any text


@pytest.mark.parametrize(
    "question",
    [
        is_resident_id, is_uscc, is_cnaps, is_corporate_account, is_phone, card_number_warning,
        resident_id_birthday, plain_identifier, last_four, masked_phone,
    ],
)  # fmt: skip
def test_no_text_breaks_a_question(question: Callable[[str], object]) -> None:
    @given(st.text() | st.text("0123456789Xx²①٣Ⅷ ", min_size=11, max_size=19))
    def ask(text: str) -> None:
        question(text)

    ask()


@given(st.text(CHARACTERS.lower() + CHARACTERS + " -　－９Ａ\N{ZERO WIDTH SPACE}"))
def test_plain_identifier_is_plain_already(text: str) -> None:
    plain = plain_identifier(text)
    assert plain_identifier(plain) == plain
    assert not plain or (plain.isascii() and plain.isalnum())
