"""Lists of grants in the 360Giving data standard: JSON, read without a single float."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from grants.imports.candidates import Candidate
from grants.kernel.errors import N_, Refusal, RuleBroken
from grants.kernel.identifiers import is_resident_id

MAX_BYTES = 20 * 1024 * 1024
MAX_GRANTS = 50_000


def read_360giving(content: bytes) -> list[Candidate]:
    """Grants of a file in the 360Giving data standard (a list under "grants", or a bare list)."""
    if len(content) > MAX_BYTES:
        raise RuleBroken(
            "import.too_large",
            N_("The file has {size_mb} MB; at most {max_mb} MB are read."),
            size_mb=len(content) // (1024 * 1024),
            max_mb=MAX_BYTES // (1024 * 1024),
        )
    found = _parsed(content)
    grants = found.get("grants") if isinstance(found, dict) else found
    if not isinstance(grants, list):
        raise RuleBroken("import.no_grants", N_("The file has no list of grants."))
    if not grants:
        raise RuleBroken("import.no_rows", N_("The list has a header but no awards."))
    if len(grants) > MAX_GRANTS:
        raise RuleBroken(
            "import.too_many_rows",
            N_("The list has more than {max_rows} lines. Split it into several files."),
            max_rows=MAX_GRANTS,
        )
    return [_grant(line, grant) for line, grant in enumerate(grants, 1)]


class _Number(str):
    """A JSON number exactly as written: never a float, never rounded."""

    def written_out(self) -> str:
        """1.5E4 as 15000; an exponent beyond any amount stays as it is and is refused later."""
        mantissa, _, exponent = self.upper().partition("E")
        if not exponent or len(self) > 40 or abs(int(exponent)) > 30:
            return str(self)
        return format(Decimal(mantissa).scaleb(int(exponent)), "f")


def _parsed(content: bytes) -> Any:
    def refuse_constant(text: str) -> None:
        raise RuleBroken(
            "import.not_a_number",
            N_("The file holds {text}, which is not a number."),
            text=text,
        )

    try:
        text = content.decode("utf-8-sig")
        return json.loads(
            text, parse_float=_Number, parse_int=_Number, parse_constant=refuse_constant
        )
    except UnicodeDecodeError as problem:
        raise RuleBroken(
            "import.undecodable", N_("The file is not UTF-8 text, as JSON has to be.")
        ) from problem
    except json.JSONDecodeError as problem:
        raise RuleBroken(
            "import.json_broken",
            N_("The JSON breaks off or is wrong in line {line}, column {column}."),
            line=problem.lineno,
            column=problem.colno,
        ) from problem
    except RecursionError as problem:
        raise RuleBroken(
            "import.json_too_deep", N_("The JSON is nested deeper than any list of grants.")
        ) from problem


def _grant(line: int, grant: object) -> Candidate:
    if not isinstance(grant, dict):
        return Candidate(line, faults=(_wrong_kind("grants"),))
    faults: list[Refusal] = []

    def text(of: Mapping[str, object], key: str) -> str:
        value = of.get(key)
        if value is None:
            return ""
        if isinstance(value, _Number):
            return value.written_out()
        if not isinstance(value, str):
            faults.append(_wrong_kind(key))
            return ""
        return value

    def only(key: str) -> Mapping[str, object]:
        """The one object under `key`; none at all is an empty one."""
        value = grant.get(key) or [{}]
        if not isinstance(value, list) or not isinstance(value[0], dict):
            faults.append(_wrong_kind(key))
            return {}
        if len(value) > 1 and key.startswith("recipient"):
            faults.append(_two_payees())
        return value[0]

    payee, person = only("recipientOrganization"), only("recipientIndividual")
    dates = only("plannedDates")
    id_number = text(person, "id")
    if person and payee:
        faults.append(_two_payees())
    elif person and not is_resident_id(id_number):
        faults.append(
            RuleBroken(
                "import.individual",
                N_("The grant went to a person, and the file gives no resident id number."),
            )
        )
    said: dict[str, Any] = {
        "external_id": text(grant, "id"),
        "funder_id": text(only("fundingOrganization"), "id"),
        "title": text(grant, "title"),
        "purpose": text(grant, "description"),
        "payee_name": text(payee or person, "name"),
        "id_number": id_number if is_resident_id(id_number) else "",
        "payee_key": text(payee, "id"),
        "amount": text(grant, "amountAwarded"),
        "currency": text(grant, "currency"),
        "decided_on": text(grant, "awardDate"),
        "starts_on": text(dates, "startDate"),
        "ends_on": text(dates, "endDate"),
    }
    return Candidate(line, faults=tuple(faults), **said)


def _wrong_kind(key: str) -> RuleBroken:
    return RuleBroken(
        "import.wrong_kind", N_("“{key}” is not what the data standard says it is."), key=key
    )


def _two_payees() -> RuleBroken:
    return RuleBroken("import.many_payees", N_("The grant names more than one payee."))
