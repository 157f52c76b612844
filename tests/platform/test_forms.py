"""Forms: what people type, what the program reads, what is said when it cannot."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import pytest
from litestar.datastructures import FormMultiDict
from pydantic import BaseModel, Field

from grants.kernel.errors import RuleBroken
from grants.platform.forms import (
    Checkbox,
    Day,
    FormErrors,
    OptionalDay,
    OptionalId,
    OptionalYuan,
    Trimmed,
    Yuan,
    YuanOrZero,
    faulty,
    parse,
)


class Slip(BaseModel):
    """One field of each kind."""

    amount: Yuan = Field(default=...)
    due_on: Day
    note: Annotated[Trimmed, Field(max_length=10)] = ""
    share: YuanOrZero | None = None
    spare: OptionalYuan = None
    over_on: OptionalDay = None
    count: OptionalId = None
    urgent: Checkbox = False
    chosen: list[int] = Field(default_factory=list)


GOOD = {"amount": "100", "due_on": "2026-11-18"}


def filled(**typed: str) -> Slip:
    slip = parse(FormMultiDict({**GOOD, **typed}), Slip)
    assert isinstance(slip, Slip), slip
    return slip


def refused(**typed: str) -> FormErrors:
    errors = parse(FormMultiDict({**GOOD, **typed}), Slip)
    assert isinstance(errors, FormErrors), errors
    return errors


@pytest.mark.parametrize(
    "typed",
    [
        "2026-11-18",
        "2026/11/18",
        "20261118",
        "2026年11月18日",
        "２０２６－１１－１８",
        " 2026.11.18 ",
    ],
)
def test_a_day_is_read_however_it_is_written(typed: str) -> None:
    assert filled(due_on=typed).due_on == date(2026, 11, 18)


@pytest.mark.parametrize("typed", ["", "2026-02-30", "18.11.2026", "soon", "2026-13-01"])
def test_what_is_no_day_is_said_to_be_none(typed: str) -> None:
    assert refused(due_on=typed).messages("en") == {"due_on": "Enter a day like 2026-11-18."}


@pytest.mark.parametrize("typed", ["202611", "2026111", "2026-1118"])
def test_a_day_that_can_be_read_in_two_ways_is_not_guessed(typed: str) -> None:
    assert "due_on" in refused(due_on=typed).faults


@pytest.mark.parametrize(
    ("typed", "fen"),
    [
        ("12,345.67", 1_234_567),
        ("6万", 6_000_000),
        ("1.5万元", 1_500_000),
        ("¥60,000", 6_000_000),
        ("１００．５０", 10_050),
        (" 0.01 ", 1),
    ],
)
def test_an_amount_is_read_however_it_is_written(typed: str, fen: int) -> None:
    assert filled(amount=typed).amount == fen


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Enter an amount."),
        ("0", "The amount has to be more than zero."),
        ("-5", "An amount cannot be negative."),
        ("0.001", "An amount goes down to the fen, 0.01 yuan, and no further."),
        ("ten", "“ten” is not an amount; write it like 60000, 60,000 or 6万."),
    ],
)
def test_what_is_no_amount_is_explained(typed: str, said: str) -> None:
    assert refused(amount=typed).messages("en") == {"amount": said}


def test_zero_is_an_amount_where_the_form_says_so() -> None:
    assert filled(share="0").share == 0


def test_an_empty_optional_field_is_nothing() -> None:
    slip = filled(spare=" ", over_on="", count="")
    assert (slip.spare, slip.over_on, slip.count) == (None, None, None)


def test_an_optional_amount_is_checked_when_there_is_one() -> None:
    assert filled(spare="5").spare == 500
    assert "spare" in refused(spare="0").faults


@pytest.mark.parametrize(("typed", "ticked"), [("on", True), ("1", True), ("", False)])
def test_a_checkbox_is_ticked_or_not(typed: str, ticked: bool) -> None:
    assert filled(urgent=typed).urgent is ticked
    assert filled().urgent is False


def test_one_ticked_checkbox_of_a_list_is_a_list_of_one() -> None:
    assert filled(chosen="7").chosen == [7]


def test_all_ticked_checkboxes_of_a_list_are_read_in_order() -> None:
    form = FormMultiDict([*GOOD.items(), ("chosen", "7"), ("chosen", "3")])
    slip = parse(form, Slip)
    assert isinstance(slip, Slip) and slip.chosen == [7, 3]


def test_no_ticked_checkbox_is_an_empty_list() -> None:
    assert filled().chosen == []


def test_a_list_is_read_from_plain_dictionaries_too() -> None:
    slip = parse({**GOOD, "chosen": ["7"]}, Slip)
    assert isinstance(slip, Slip) and slip.chosen == [7]
    assert isinstance(parse(GOOD, Slip), Slip)


def test_fields_that_the_form_does_not_know_are_ignored() -> None:
    slip = filled(state="PAID", id="1")
    assert not hasattr(slip, "state")


def test_control_characters_and_invisible_marks_are_stripped() -> None:
    assert filled(note=" a\x00b\u200bc\u202ed\x7f ").note == "abcd"
    assert filled(note="two\nlines").note == "two\nlines"


def test_a_text_that_is_too_long_is_refused_in_both_languages() -> None:
    errors = refused(note="字" * 11)
    assert errors.messages("en") == {"note": "Write at most 10 characters."}
    said = errors.messages("zh")["note"]
    assert "10" in said and said != "Write at most 10 characters."


def test_a_text_that_is_empty_or_too_short_is_refused() -> None:
    class Reasoned(BaseModel):
        reason: Annotated[Trimmed, Field(min_length=5)]
        name: Annotated[Trimmed, Field(min_length=1)]

    errors = parse(FormMultiDict({"reason": "no", "name": " "}), Reasoned)
    assert isinstance(errors, FormErrors)
    assert errors.messages("en") == {
        "reason": "Write at least 5 characters.",
        "name": "This is needed.",
    }


def test_a_missing_field_is_named() -> None:
    errors = parse(FormMultiDict({"due_on": "2026-11-18"}), Slip)
    assert isinstance(errors, FormErrors)
    assert errors.messages("en") == {"amount": "This is needed."}


def test_what_was_typed_is_kept_as_it_was_typed_without_the_token() -> None:
    errors = refused(amount="ten", note=" x ", csrf_token="t", extra="kept too")
    assert errors.typed == {
        "amount": "ten",
        "due_on": "2026-11-18",
        "note": " x ",
        "extra": "kept too",
    }


def test_every_wrong_field_is_named_once() -> None:
    assert set(refused(amount="ten", due_on="soon", chosen="x").faults) == {
        "amount",
        "due_on",
        "chosen",
    }


def test_a_refusal_of_the_rules_stands_beside_its_field() -> None:
    errors = faulty("amount", RuleBroken("x", "At most {most}.", most=5), {"amount": "6"})
    assert errors.messages("en") == {"amount": "At most 5."}
    assert errors.typed == {"amount": "6"}
