"""Money: text to fen and back, capitals, shares."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grants.kernel.errors import RuleBroken
from grants.kernel.money import (
    LIMIT_FEN,
    Fen,
    allocate,
    amount_in_capitals,
    fen_from_yuan,
    permille,
    wan_text,
    yuan_text,
)

amounts = st.integers(0, LIMIT_FEN - 1).map(Fen)
signed = st.integers(1 - LIMIT_FEN, LIMIT_FEN - 1).map(Fen)
#: Amounts with long runs of zeros, where capitals go wrong.
hollow = st.dictionaries(st.integers(0, 16), st.integers(1, 9), max_size=3).map(
    lambda digit_at: Fen(sum(digit * 10**place for place, digit in digit_at.items()))
)


def code_of(text: str, *, allow_negative: bool = False) -> str:
    with pytest.raises(RuleBroken) as refused:
        fen_from_yuan(text, allow_negative=allow_negative)
    return refused.value.code


# Reading


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("0", 0),
        ("-0", 0),
        ("60000", 6_000_000),
        ("60,000", 6_000_000),
        ("12,345.67", 1_234_567),
        ("1.5", 150),
        ("1.50000", 150),
        ("007.05", 705),
        ("60000元", 6_000_000),
        ("60000 元", 6_000_000),
        ("¥60,000", 6_000_000),
        ("￥ 60,000.00", 6_000_000),
        ("6万", 6_000_000),
        ("1.5万元", 1_500_000),
        ("1.00001万", 1_000_010),
        ("0.000001万", 1),
        ("1亿", 10_000_000_000),
        ("1.2 亿元", 12_000_000_000),
        ("１２，３４５．６７", 1_234_567),
        ("　６万　", 6_000_000),
        ("\N{LEFT-TO-RIGHT OVERRIDE}1,000.00\N{POP DIRECTIONAL FORMATTING}", 100_000),
        ("999,999,999,999,999.99", LIMIT_FEN - 1),
    ],
)
def test_amount_is_read_as_people_write_it(text: str, fen: int) -> None:
    assert fen_from_yuan(text) == fen


@pytest.mark.parametrize("text", ["", "   ", "　", "¥", "\N{ZERO WIDTH SPACE}"])
def test_nothing_written_is_no_amount(text: str) -> None:
    assert code_of(text) == "money.empty"


@pytest.mark.parametrize(
    "text",
    [
        "1,23", "1234,567", "1,234,56", ",123", "0,123", "1,,234", "12,345,",
        "陆万", "六万元", "壹佰元整", "6千", "1万亿", "万", "元",
        "1e5", "1E5", "nan", "inf", "Infinity", "0x10", "1_000", "½", "10²", "⑥", "٣", "५",
        "+5", "--5", "-", "¥-¥5", "5-", "(5)", "1 000", "1.", ".5", "1.2.3", "1，2", "6 万 5",
        "$5", "60000\n70000", "6万万",
    ],
)  # fmt: skip
def test_anything_else_is_not_a_number(text: str) -> None:
    assert code_of(text, allow_negative=True) == "money.not_a_number"


@pytest.mark.parametrize(
    "text", ["0.005", "1.001", "1.0000001万", "0.00000000001亿", "1." + "0" * 60 + "1"]
)
def test_less_than_a_fen_is_never_dropped(text: str) -> None:
    assert code_of(text) == "money.too_many_decimals"


@pytest.mark.parametrize(
    "text", ["1000000000000000", "1,000,000,000,000,000.00", "10000000亿", "9" * 6000]
)
def test_amount_stays_below_the_bound(text: str) -> None:
    assert code_of(text) == "money.too_large"


@pytest.mark.parametrize("text", ["-5", "-5,000.00元", "−5", "－５", "¥-5", "-¥5"])
def test_negative_amount_needs_leave(text: str) -> None:
    assert code_of(text) == "money.negative"
    assert fen_from_yuan(text, allow_negative=True) < 0


def test_refusal_quotes_only_the_beginning_of_long_text() -> None:
    with pytest.raises(RuleBroken) as refused:
        fen_from_yuan("x" * 1000)
    assert refused.value.params == {"text": "x" * 40}


@given(st.text())
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    try:
        assert abs(fen_from_yuan(text, allow_negative=True)) < LIMIT_FEN
    except RuleBroken as refused:
        assert refused.code.startswith("money.")


@given(signed)
def test_written_amount_is_read_back(fen: Fen) -> None:
    assert fen_from_yuan(yuan_text(fen), allow_negative=True) == fen


@given(st.integers(0, 10**11 - 1), st.integers(0, 6))
def test_wan_is_ten_thousand_yuan(digits: int, places: int) -> None:
    text = f"{Decimal(digits).scaleb(-places):f}"
    assert fen_from_yuan(f"{text}万元") == Decimal(text) * 1_000_000


# Writing


@pytest.mark.parametrize(
    ("fen", "text"),
    [(0, "0.00"), (5, "0.05"), (1_234_567, "12,345.67"), (-500_000, "-5,000.00"), (-1, "-0.01")],
)
def test_yuan_have_separators_and_two_decimals(fen: int, text: str) -> None:
    assert yuan_text(Fen(fen)) == text


@pytest.mark.parametrize(
    ("fen", "text"),
    [
        (1_200_000_000, "1,200.00"),
        (4_999, "0.00"),
        (5_000, "0.01"),
        (15_000, "0.02"),
        (-5_000, "-0.01"),
        (-4_999, "0.00"),
    ],
)
def test_wan_round_halves_away_from_zero(fen: int, text: str) -> None:
    assert wan_text(Fen(fen)) == text


@given(signed)
def test_wan_agree_with_decimal_rounding(fen: Fen) -> None:
    exact = (Decimal(fen) / 1_000_000).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert Decimal(wan_text(fen).replace(",", "")) == exact


# Capitals: 支付结算办法 附一, in the canonical form of the house

CAPITALS = {
    "0.00": "零元整",
    "0.01": "壹分",
    "0.10": "壹角",
    "0.15": "壹角伍分",
    "10.00": "壹拾元整",
    "10.50": "壹拾元零伍角",
    "325.04": "叁佰贰拾伍元零肆分",
    "1,409.50": "壹仟肆佰零玖元伍角",
    "1,680.32": "壹仟陆佰捌拾元零叁角贰分",
    "6,007.14": "陆仟零柒元壹角肆分",
    "16,409.02": "壹万陆仟肆佰零玖元零贰分",
    "20,010.00": "贰万零壹拾元整",
    "60,000.00": "陆万元整",
    "85,000.00": "捌万伍仟元整",
    "100,200.00": "壹拾万零贰佰元整",
    "107,000.53": "壹拾万柒仟元零伍角叁分",
    "1,000,100.00": "壹佰万零壹佰元整",
    "40,000,000.00": "肆仟万元整",
    "100,005,000.00": "壹亿零伍仟元整",
    "100,010,000.00": "壹亿零壹万元整",
    "100,000,000.01": "壹亿元零壹分",
    "1,000,000,000,000.00": "壹万亿元整",
    "1,000,100,000,000.00": "壹万零壹亿元整",
    "1,000,050,000,000.00": "壹万亿零伍仟万元整",
    "999,999,999,999,999.00": "玖佰玖拾玖万玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元整",
    "-5,000.00": "负伍仟元整",
    "-0.01": "负壹分",
}


@pytest.mark.parametrize(("text", "capitals"), CAPITALS.items())
def test_capitals_follow_the_standard(text: str, capitals: str) -> None:
    assert amount_in_capitals(fen_from_yuan(text, allow_negative=True)) == f"人民币{capitals}"


def value_of(capitals: str) -> int:
    """Capitals read back by another road: units as powers of ten, zeros ignored."""
    digits = {said: number for number, said in enumerate("零壹贰叁肆伍陆柒捌玖")}
    sizes = {"拾": 10, "佰": 100, "仟": 1000}
    fen = whole = group = digit = 0
    for said in capitals.removeprefix("人民币").removeprefix("负").removesuffix("整"):
        if said in digits:
            digit = digits[said]
        elif said in sizes:
            group, digit = group + digit * sizes[said], 0
        elif said == "万":
            whole, group, digit = whole + (group + digit) * 10**4, 0, 0
        elif said == "亿":
            whole, group, digit = (whole + group + digit) * 10**8, 0, 0
        else:
            part = (whole + group + digit) * {"元": 100, "角": 10, "分": 1}[said]
            fen, whole, group, digit = fen + part, 0, 0, 0
    return -fen if "负" in capitals else fen


@given(signed | hollow)
def test_capitals_say_the_amount_and_nothing_else(fen: Fen) -> None:
    assert value_of(amount_in_capitals(fen)) == fen


@given(amounts | hollow)
def test_capitals_have_no_double_zero_nor_a_zero_at_an_end(fen: Fen) -> None:
    said = amount_in_capitals(fen)
    assert "零零" not in said
    assert fen == 0 or re.search("人民币零|零[万亿元角分整]|零$", said) is None


@given(amounts)
def test_capitals_end_in_whole_only_without_jiao_and_fen(fen: Fen) -> None:
    assert amount_in_capitals(fen).endswith("整") == (fen % 100 == 0)


@pytest.mark.parametrize("fen", [LIMIT_FEN, -LIMIT_FEN])
def test_capitals_refuse_what_no_amount_reaches(fen: int) -> None:
    with pytest.raises(ValueError, match="no amount"):
        amount_in_capitals(Fen(fen))


# Shares

weights = st.lists(st.integers(0, 10_000), min_size=1, max_size=20).filter(any)


@given(signed, weights)
def test_shares_add_up_to_the_whole(total: Fen, shares: list[int]) -> None:
    assert sum(allocate(total, shares)) == total


@given(signed, weights)
def test_each_share_is_within_a_fen_of_its_due(total: Fen, shares: list[int]) -> None:
    whole = sum(shares)
    for part, weight in zip(allocate(total, shares), shares, strict=True):
        assert abs(part * whole - total * weight) < whole


@pytest.mark.parametrize(
    ("total", "shares", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (100, [0, 1], [0, 100]),
        (6_000_000, [500, 300, 200], [3_000_000, 1_800_000, 1_200_000]),
        (1, [1, 2], [0, 1]),
    ],
)
def test_largest_remainder_takes_the_odd_fen(
    total: int, shares: list[int], parts: list[int]
) -> None:
    assert allocate(Fen(total), shares) == parts


@pytest.mark.parametrize("shares", [[], [0, 0], [2, -1]])
def test_shares_need_a_weight_and_none_below_zero(shares: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        allocate(Fen(100), shares)


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (1, 3, 333),
        (2, 3, 667),
        (1, 2_000, 1),
        (1, 2_001, 0),
        (-1, 2_000, -1),
        (3, 2, 1500),
        (0, 5, 0),
        (5, 0, 0),
    ],
)
def test_permille_rounds_half_up_and_knows_nothing_of_nothing(
    part: int, whole: int, expected: int
) -> None:
    assert permille(part, whole) == expected
