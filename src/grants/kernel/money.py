"""Money: whole fen inside, text at the edges. Never a float."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NewType

from grants.kernel.errors import N_, RuleBroken

Fen = NewType("Fen", int)

#: Amounts from 10^15 yuan on are slips of the pen, and would strain 64 bits in sums.
LIMIT_FEN = Fen(10**17)

#: A unit, and by how many places it moves the decimal point of yuan.
_UNITS = {"": 0, "万": 4, "亿": 8}
_AMOUNT = re.compile(
    r"(?P<sign>-?)(?P<whole>[1-9][0-9]{0,2}(?:,[0-9]{3})+|[0-9]+)(?:\.(?P<decimals>[0-9]+))?"
    r"\s*(?P<unit>[万亿]?)\s*元?"
)

#: Full-width characters to half-width. Not NFKC, which would read 10² as 102.
_HALF_WIDTH = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {
    ord("￥"): "¥",
    ord("−"): "-",
}


def fen_from_yuan(text: str, *, allow_negative: bool = False) -> Fen:
    """The amount in fen that `text` gives in yuan.

    Accepts "12,345.67", "6万", "1.5万元", "1亿", "¥60,000", "¥-5", full-width characters.
    Zero is an amount; the form decides. Raises RuleBroken: `money.empty`,
    `money.not_a_number`, `money.too_large` (10^15 yuan or more),
    `money.too_many_decimals` (less than a fen), `money.negative`.
    Example: "1.5万元" is 1,500,000 fen.
    """
    plain = _plain_amount(text)
    if not plain:
        raise RuleBroken("money.empty", N_("Enter an amount."))
    found = _AMOUNT.fullmatch(plain)
    if found is None:
        raise RuleBroken(
            "money.not_a_number",
            N_("“{text}” is not an amount; write it like 60000, 60,000 or 6万."),
            text=text.strip()[:40],
        )
    whole = found["whole"].replace(",", "").lstrip("0")
    decimals = (found["decimals"] or "").rstrip("0")
    places = 2 + _UNITS[found["unit"]]
    if len(whole) + places > len(str(LIMIT_FEN - 1)):
        raise RuleBroken(
            "money.too_large",
            N_("An amount stays below 1,000,000,000,000,000 yuan; check the zeros."),
        )
    if len(decimals) > places:
        raise RuleBroken(
            "money.too_many_decimals",
            N_("An amount goes down to the fen, 0.01 yuan, and no further."),
        )
    fen = int(whole + decimals.ljust(places, "0"))
    if found["sign"] and fen and not allow_negative:
        raise RuleBroken("money.negative", N_("An amount cannot be negative."))
    return Fen(-fen if found["sign"] else fen)


def _plain_amount(text: str) -> str:
    """Half-width, without what nobody sees and without ¥, which may stand beside the sign."""
    seen = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
    return re.sub(r"^(-?)\s*¥\s*", r"\1", seen.translate(_HALF_WIDTH).strip())


def yuan_text(fen: Fen) -> str:
    """An amount for people: 1234567 fen is "12,345.67"."""
    return _two_decimals(fen)


def wan_text(fen: Fen) -> str:
    """An amount in 万元 for tables, two decimals half-up: 12,000,000.00 yuan is "1,200.00"."""
    return _two_decimals(_half_up(fen, 10_000))


def _two_decimals(hundredths: int) -> str:
    sign = "-" if hundredths < 0 else ""
    return f"{sign}{abs(hundredths) // 100:,}.{abs(hundredths) % 100:02d}"


def _half_up(part: int, whole: int) -> int:
    """`part / whole` to the nearest integer; halves go away from zero, as ROUND_HALF_UP does."""
    rounded = (2 * abs(part) + abs(whole)) // (2 * abs(whole))
    return rounded if (part < 0) == (whole < 0) else -rounded


_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ((10**8, "亿"), (10**4, "万"), (1000, "仟"), (100, "佰"), (10, "拾"))


def _in_capitals(number: int) -> str:
    """A whole number in capitals, nothing for 0: 20010 is 贰万零壹拾."""
    for size, place in _PLACES:
        if number >= size:
            high, low = divmod(number, size)
            skipped = low and (low < size // 10 or high % 10_000 == 0)
            return _in_capitals(high) + place + ("零" if skipped else "") + _in_capitals(low)
    return _DIGITS[number] if number else ""


def amount_in_capitals(fen: Fen) -> str:
    """An amount as it is written on vouchers (支付结算办法 银发〔1997〕393号 附一 [K]).

    Zero before 角 is written (canonical form of domain §1.2). Raises ValueError for
    10^15 yuan and more, which no amount reaches.
    Example: 107,000.53 is 人民币壹拾万柒仟元零伍角叁分.
    """
    if abs(fen) >= LIMIT_FEN:
        raise ValueError("no amount is as large as this")
    sign = "负" if fen < 0 else ""
    yuan, rest = divmod(abs(fen), 100)
    jiao, cent = divmod(rest, 10)
    said = _in_capitals(yuan) + "元" if yuan else ""
    if not rest:
        return f"人民币{sign}{said or '零元'}整"
    if jiao:
        said += ("零" if yuan and yuan % 10 == 0 else "") + _DIGITS[jiao] + "角"
    elif yuan:
        said += "零"
    if cent:
        said += _DIGITS[cent] + "分"
    return f"人民币{sign}{said}"


def allocate(total: Fen, weights: Sequence[int]) -> list[Fen]:
    """Split `total` by `weights` so that the parts add up to it (largest remainders first).

    Example: 100 fen over 1:1:1 is [34, 33, 33]. Raises ValueError for no positive weight.
    """
    if not weights or min(weights) < 0 or sum(weights) == 0:
        raise ValueError("allocate needs weights of which none is negative and one positive")
    whole = sum(weights)
    parts = [abs(total) * weight // whole for weight in weights]
    remainders = [abs(total) * weight % whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-remainders[i], i))
    for index in by_remainder[: abs(total) - sum(parts)]:
        parts[index] += 1
    sign = -1 if total < 0 else 1
    return [Fen(sign * part) for part in parts]


def permille(part: int, whole: int) -> int:
    """`part` of `whole` in permille, half-up; any part of nothing is 0.

    Example: 1 of 3 is 333, 1 of 2,000 is 1.
    """
    return 0 if whole == 0 else _half_up(1000 * part, whole)
