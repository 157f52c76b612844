"""Identifiers: resident ids, credit codes, bank routing numbers, cards, phones.

Every question about a text is total: any text gets an answer, none raises.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from grants.kernel.errors import N_, FieldFault

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ORG_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


#: Signs that people write or paste between digits: direction marks and the like, dashes.
_BETWEEN = {"Cf", "Pd"}


def plain_identifier(text: str) -> str:
    """`text` as identifiers are compared: half-width, upper case, without spaces and dashes.

    Example: " 6200 0032-0585 " is "620000320585".
    """
    kept = (
        sign
        for sign in unicodedata.normalize("NFKC", text)
        if not sign.isspace() and unicodedata.category(sign) not in _BETWEEN
    )
    return "".join(kept).upper()


def resident_id_birthday(text: str) -> date | None:
    """The day of birth in a resident id, which is not checked otherwise; None where none is.

    Example: 320585198506129971 says 1985-06-12.
    """
    digits = plain_identifier(text)[6:14]
    if not re.fullmatch(r"(18|19|20)[0-9]{6}", digits):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def is_resident_id(text: str) -> bool:
    """公民身份号码 (GB 11643 [V]): 18 characters, a real birthday, a right check character.

    The area code is not checked: areas are renamed, and lawful ids keep old ones.
    Example: 320585198506129971 is one; with another last digit it is not.
    """
    plain = plain_identifier(text)
    if not re.fullmatch(r"[1-9][0-9]{16}[0-9X]", plain) or resident_id_birthday(plain) is None:
        return False
    total = sum(int(c) * w for c, w in zip(plain, _ID_WEIGHTS, strict=False))
    return _ID_CHECKS[total % 11] == plain[17]


def organisation_code_check(code: str) -> str:
    """The check character of the eight characters of an organisation code (GB 11714 [V]).

    Raises ValueError for any other text. Example: that of MJ900001 is 4.
    """
    total = sum(_ORG_ALPHABET.index(c) * w for c, w in zip(code, _ORG_WEIGHTS, strict=True))
    return {10: "X", 11: "0"}.get(11 - total % 11, str(11 - total % 11))


def is_uscc(text: str) -> bool:
    """统一社会信用代码 (GB 32100 [V]): both check characters right.

    Positions 9-17 are an organisation code with a check of its own. Village collectives
    (N2…) are lawful. Example: 52320585MJ9000014P.
    """
    plain = plain_identifier(text)
    if len(plain) != 18 or any(c not in _USCC_ALPHABET for c in plain):
        return False
    total = sum(_USCC_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(plain[:17]))
    if _USCC_ALPHABET[(31 - total % 31) % 31] != plain[17]:
        return False
    return organisation_code_check(plain[8:16]) == plain[16]


def is_cnaps(text: str) -> bool:
    """联行号: 12 digits, the last by ISO 7064 MOD 11,10 (head-office codes, domain §7 [V]).

    Example: 102100099996 is one.
    """
    plain = plain_identifier(text)
    if not re.fullmatch(r"[0-9]{12}", plain):
        return False
    check = 10
    for digit in plain[:-1]:
        check = ((check + int(digit)) % 10 or 10) * 2 % 11
    return (check + int(plain[-1])) % 10 == 1


def is_corporate_account(text: str) -> bool:
    """对公账号: 8 to 32 digits; banks use no common check (domain §7).

    Example: 1105 0160-0000 1234 is one.
    """
    return re.fullmatch(r"[0-9]{8,32}", plain_identifier(text)) is not None


def card_number_warning(text: str) -> bool:
    """Whether a personal card number deserves a second look: length or Luhn check is off.

    Some passbook accounts fail the Luhn check, so this warns and never blocks.
    Example: 6200003205850000011 deserves none, 6200003205850000012 does.
    """
    plain = plain_identifier(text)
    if not re.fullmatch(r"[0-9]{16,19}", plain):
        return True
    total = 0
    for position, digit in enumerate(reversed(plain)):
        doubled = int(digit) * (1 + position % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 != 0


def is_phone(text: str) -> bool:
    """A mainland mobile number, without the country's prefix. Example: 13800000000."""
    return re.fullmatch(r"1[3-9][0-9]{9}", plain_identifier(text)) is not None


def last_four(text: str) -> str:
    """The last four characters, for screens (domain §9.2). Example: "9971"."""
    return plain_identifier(text)[-4:]


def checked_phone(text: str) -> str:
    """The mobile number without spaces; raises FieldFault for anything else."""
    if not is_phone(text):
        raise FieldFault(N_("This is not a mobile number."))
    return plain_identifier(text)


def masked_phone(text: str) -> str:
    """A phone number for screens (domain §9.2): 138****0000; nothing of a shorter one."""
    plain = plain_identifier(text)
    return f"{plain[:3]}****{plain[-4:]}" if len(plain) >= 11 else "****"
