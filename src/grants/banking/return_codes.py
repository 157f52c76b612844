"""Why a payment came back: nine codes for the many words of the banks.

The codes are the house's own [D]; the table (`results/return_codes.json`) maps ISO 20022 reason
codes and the banks' free text to them. R08 is no return: what happened is unknown, and nothing
is paid again before the bank was asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True)
class ReturnCode:
    """One reason. `unknown` means: ask the bank before anything else."""

    code: str
    title_en: str
    title_zh: str
    iso: tuple[str, ...]
    keywords: tuple[str, ...]
    unknown: bool = False


def _table() -> dict[str, ReturnCode]:
    file = resources.files("grants.banking") / "results" / "return_codes.json"
    rows = json.loads(file.read_text(encoding="utf-8"))
    # The order of the file is the order of the search: the special words before the general.
    return {
        row["code"]: ReturnCode(
            **{**row, "iso": tuple(row["iso"]), "keywords": tuple(row["keywords"])}
        )
        for row in rows
    }


RETURN_CODES: Mapping[str, ReturnCode] = _table()
OTHER = RETURN_CODES["R09"]


def return_code_of(code: str, reason: str) -> ReturnCode:
    """Find the return code for what a bank wrote: its code if known, else words of its reason.

    Example: `return_code_of("", "收款人账号户名不符")` is R01; an unknown reason is R09.
    """
    code = code.strip().upper()
    if code in RETURN_CODES:
        return RETURN_CODES[code]
    for row in RETURN_CODES.values():
        if code in row.iso and row is not OTHER:
            return row
    return named_in(reason) or OTHER


def named_in(reason: str) -> ReturnCode | None:
    """Find the return code whose words a reason holds, or None."""
    text = reason.casefold()
    return next(
        (row for row in RETURN_CODES.values() if any(word in text for word in row.keywords)), None
    )
