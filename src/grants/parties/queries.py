"""Reads of organisations and bank accounts."""

from __future__ import annotations

from dataclasses import dataclass

from grants.kernel.errors import NotFound
from grants.platform import db


@dataclass(frozen=True)
class PayeeAccount:
    """An account of a payee, as payments refer to it."""

    id: int
    holder_name: str
    number_last4: str
    bank_name: str
    state: str


async def account_of_payee(
    account_id: int, organisation_id: int | None, person_id: int | None
) -> PayeeAccount:
    """The account, if it belongs to this payee; raises NotFound otherwise."""
    found = await db.row(
        """
        SELECT id, holder_name, number_last4, bank_name, state FROM bank_account
        WHERE id = $1 AND organisation IS NOT DISTINCT FROM $2 AND person IS NOT DISTINCT FROM $3
        """,
        account_id,
        organisation_id,
        person_id,
    )
    if found is None:
        raise NotFound()
    return PayeeAccount(**found)
