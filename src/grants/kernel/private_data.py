"""Identity, telephone and card numbers in a text: what must not be published (§9.2)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from grants.kernel.errors import N_
from grants.kernel.identifiers import card_number_warning, is_phone, is_resident_id

#: A run of digits as people write numbers: with blanks or hyphens between, X at the end of an id.
_RUNS = re.compile(r"(?<![0-9A-Za-z])[0-9](?:[ \-]?[0-9]){9,22}[ \-]?[Xx]?(?![0-9A-Za-z])")

ID_NUMBER, PHONE, CARD = N_("an identity number"), N_("a mobile number"), N_("a card number")


@dataclass(frozen=True)
class Exposed:
    """A number that must not be published: its kind (a message id), and how it is shown."""

    kind: str
    shown: str


def exposed_in(text: str) -> list[Exposed]:
    """Every such number in `text`, masked, in the order of their places.

    Full-width digits, blanks and hyphens within a number are seen through; so are line breaks
    that a PDF puts into one. Credit codes, invoice numbers and landlines are no private data.
    Example: "电话１３８ ００００ ０００１" holds one mobile number, shown as 138****0001.
    """
    plain, found = _plain(text), []
    for seen in (plain, re.sub(r"(?<=[0-9])\s*\n\s*(?=[0-9Xx])", "", plain)):
        for run in _RUNS.finditer(seen):
            one = _exposed(re.sub(r"[ \-]", "", run[0]).upper())
            if one and one not in found:
                found.append(one)
    return found


def masked_in(text: str) -> str:
    """`text` with every such number masked; a text without any stays as it is.

    Example: "联系 13800000001" becomes "联系 138****0001".
    """
    if not exposed_in(text):
        return text

    def shown(run: re.Match[str]) -> str:
        one = _exposed(re.sub(r"[ \-]", "", run[0]).upper())
        return one.shown if one else run[0]

    return _RUNS.sub(shown, _plain(text))


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text)
    return "".join(c for c in plain if unicodedata.category(c) != "Cf")


def _exposed(number: str) -> Exposed | None:
    if is_resident_id(number) or _is_old_id(number):
        return Exposed(ID_NUMBER, f"{number[:3]}***********{number[-4:]}")
    if is_phone(number):
        return Exposed(PHONE, f"{number[:3]}****{number[-4:]}")
    if not card_number_warning(number):
        return Exposed(CARD, f"{number[:4]}****{number[-4:]}")
    return None


def _is_old_id(number: str) -> bool:
    """15 digits of the first generation, with the day of birth after the place."""
    if not re.fullmatch(r"[1-6][0-9]{14}", number):
        return False
    try:
        date(1900 + int(number[6:8]), int(number[8:10]), int(number[10:12]))
    except ValueError:
        return False
    return True
