"""What a file says, before anybody has judged it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from grants.kernel.errors import Refusal


@dataclass(frozen=True, slots=True)
class Candidate:
    """One award as the file says it: text only, nothing checked.

    `line` is the line of the sheet, or the place of the grant in the JSON list from 1.
    `payee_key` is an id such as GB-CHC-327114; a sheet gives `uscc`, or the `id_number` of a
    natural person. `faults` are what
    the file itself spoilt: digits lost in a spreadsheet, a value that is no text.
    """

    line: int
    external_id: str = ""
    funder_id: str = ""
    title: str = ""
    purpose: str = ""
    payee_name: str = ""
    payee_key: str = ""
    uscc: str = ""
    id_number: str = field(default="", repr=False)
    amount: str = ""
    currency: str = ""
    decided_on: str = ""
    starts_on: str = ""
    ends_on: str = ""
    state: str = ""
    line_codes: str = ""
    minutes_no: str = ""
    instalments: tuple[tuple[str, str], ...] = ()
    faults: tuple[Refusal, ...] = ()


@dataclass(frozen=True)
class Reading:
    """What a file holds: its candidates, and what a person should know about the whole."""

    candidates: list[Candidate]
    headers: tuple[str, ...] = ()
    mapping: Mapping[str, str] | None = None
    notes: tuple[Refusal, ...] = ()
