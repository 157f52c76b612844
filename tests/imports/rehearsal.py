"""A funder's past awards for the rehearsal of an import: a real file, or one of its shape."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path


def rehearsal_file() -> bytes:
    """The file that GRANTS_REHEARSAL_FILE names, or a made one where it names none."""
    given = os.environ.get("GRANTS_REHEARSAL_FILE")
    return Path(given).read_bytes() if given else _made_up()


def _made_up() -> bytes:
    """4,116 grants with what real files hold: odd names, repeated ids, cents, one of nothing."""
    grants = [_grant(number) for number in range(1, 4117)]
    grants[1606]["amountAwarded"] = 0
    for number in (40, 900, 2100):
        grants[number]["recipientOrganization"][0]["name"] += " Ltd"  # type: ignore[index]
        grants[number]["recipientOrganization"][0]["id"] = f"GB-CHC-{1_000_000 + number}"  # type: ignore[index]
    for number in (70, 1400):
        grants[number]["recipientOrganization"][0]["name"] = "Rape and Abuse Support"  # type: ignore[index]
        grants[number]["recipientOrganization"][0]["id"] = f"GB-CHC-{2_000_000 + number}"  # type: ignore[index]
    text = json.dumps({"grants": grants})
    for number in range(0, 4116, 200):
        # Amounts with cents, written as the number they are.
        text = text.replace(f'"amountAwarded": {5000 + number}}}', '"amountAwarded": 17759.96}')
    return text.encode()


def _grant(number: int) -> dict[str, object]:
    year = 2010 + number % 6
    return {
        "id": f"360G-MADE-{number}",
        "title": f'Grant to "Charity" No {number}',
        "description": f"For people's\nneeds in year {year}\n" if number % 800 else None,
        "currency": "GBP",
        "awardDate": f"{year}-{1 + number % 12:02d}-{1 + number % 28:02d}T00:00:00+00:00",
        "plannedDates": [
            {"startDate": f"{year + 1}-01-01T00:00:00+00:00", "endDate": f"{year + 2}-01-01"}
        ],
        "recipientOrganization": [
            {"id": f"GB-CHC-{1_000_000 + number % 3624}", "name": f"Charity {number % 3624}"}
        ],
        "fundingOrganization": [{"id": "GB-CHC-1", "name": "A foundation"}],
        "amountAwarded": 5000 + number,
    }


def independent_totals(content: bytes) -> dict[int, Decimal]:
    """Yuan per year of award, straight from the JSON: what is above zero counts."""
    totals: dict[int, Decimal] = {}
    for grant in json.loads(content, parse_float=Decimal, parse_int=Decimal)["grants"]:
        if grant["amountAwarded"] > 0:
            year = int(grant["awardDate"][:4])
            totals[year] = totals.get(year, Decimal(0)) + grant["amountAwarded"]
    return totals
