"""What goes to the bank: who is paid what, and from which account."""

from __future__ import annotations

from dataclasses import dataclass

from grants.kernel.money import Fen


@dataclass(frozen=True)
class PayItem:
    """One payment to one account. `item_no` comes back with the bank's answer and never changes.

    `account` has no spaces; `cnaps` is the bank's 12-digit routing number (联行号) or empty;
    `to_person` tells a natural person's account from a corporate one.
    """

    item_no: str
    account: str
    account_name: str
    amount_fen: Fen
    bank_name: str = ""
    cnaps: str = ""
    purpose: str = ""
    to_person: bool = False
    province: str = ""
    city: str = ""
    remark: str = ""


@dataclass(frozen=True)
class Payer:
    """The account that pays."""

    name: str
    account: str
    bank_name: str
    cnaps: str
