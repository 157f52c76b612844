"""Money: whole fen inside, text at the edges. Never a float."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import NewType

from grants.kernel.errors import N_, RuleBroken

Fen = NewType("Fen", int)

#: Amounts from 10^15 yuan on are slips of the pen, and would strain 64 bits in sums.
LIMIT_FEN = Fen(10**17)

_UNITS = {"": 1, "万": 10_000, "亿": 100_000_000}
_AMOUNT = re.compile(r"(-?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?\s*(万|亿)?\s*元?")


def fen_from_yuan(text: str, *, allow_negative: bool = False) -> Fen:
    """The amount in fen that `text` gives in yuan.

    Accepts "12,345.67", "6万", "1.5万元", "1亿", "¥60,000", full-width characters.
    Raises RuleBroken: `money.empty`, `money.not_a_number`, `money.negative`,
    `money.too_many_decimals` (less than a fen), `money.too_large` (10^15 yuan or more).
    Example: "1.5万元" is 1,500,000 fen.
    """
    plain = unicodedata.normalize("NFKC", text).strip().removeprefix("¥").strip()
    if not plain:
        raise RuleBroken("money.empty", N_("Enter an amount."))
    found = _AMOUNT.fullmatch(plain) if plain.isascii() or _UNITS else None
    if found is None or not found[2].isascii():
        raise RuleBroken(
            "money.not_a_number",
            N_("“{text}” is not an amount; write it like 60000, 60,000 or 6万."),
            text=text.strip()[:40],
        )
    sign, whole, decimals, unit = (
        found[1],
        found[2].replace(",", ""),
        found[3] or "",
        found[4] or "",
    )
    fen = Decimal(f"{whole}.{decimals or '0'}") * _UNITS[unit] * 100
    if fen >= LIMIT_FEN:
        raise RuleBroken("money.too_large", N_("This is more than any budget holds."))
    if fen != fen.to_integral_value():
        raise RuleBroken(
            "money.too_many_decimals", N_("An amount has at most two decimals: whole fen only.")
        )
    if sign and fen and not allow_negative:
        raise RuleBroken("money.negative", N_("An amount cannot be negative."))
    return Fen(-int(fen) if sign else int(fen))


def yuan_text(fen: Fen) -> str:
    """An amount for people: 1234567 fen is "12,345.67"."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def wan_text(fen: Fen) -> str:
    """An amount in 万元 for tables, two decimals half-up: 12,000,000.00 yuan is "1,200.00"."""
    return f"{(Decimal(fen) / 1_000_000).quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("仟", "佰", "拾", "")
_GROUPS = ("", "万", "亿", "万亿")


def _group_in_capitals(number: int) -> str:
    """Four digits in capitals, without zeros at either end: 1010 is 壹仟零壹拾."""
    said, zero_waits = "", False
    for place, digit in zip(_PLACES, f"{number:04d}", strict=True):
        if digit == "0":
            zero_waits = bool(said)
        else:
            said += ("零" if zero_waits else "") + _DIGITS[int(digit)] + place
            zero_waits = False
    return said


def _whole_in_capitals(yuan: int) -> str:
    groups = []
    while yuan:
        yuan, group = divmod(yuan, 10_000)
        groups.append(group)
    said, gap = "", False
    for place in range(len(groups) - 1, -1, -1):
        group = groups[place]
        if group == 0:
            gap = bool(said)
            if place == 2 and said and "亿" not in said:
                said += "亿"
            continue
        if said and (gap or group < 1000):
            said += "零"
        unit = "亿" if place == 2 else ("万" if place in (1, 3) else "")
        said += _group_in_capitals(group) + unit
        gap = False
        if place == 3 and groups[2] == 0:
            said += "亿"
            gap = True
    return said


def amount_in_capitals(fen: Fen) -> str:
    """An amount as it is written on vouchers (支付结算办法 银发〔1997〕393号 附一 [K]).

    Zero before 角 is written (canonical form of domain §1.2).
    Example: 107,000.53 is 人民币壹拾万柒仟元零伍角叁分.
    """
    sign = "负" if fen < 0 else ""
    yuan, rest = divmod(abs(fen), 100)
    jiao, cent = divmod(rest, 10)
    said = _whole_in_capitals(yuan) + "元" if yuan else ""
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
    """`part` of `whole` in permille, half-up; 0 of nothing is 0."""
    return 0 if whole == 0 else (2000 * part + whole) // (2 * whole)
