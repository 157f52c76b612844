"""The approval tiers: who has to agree to how much, as a dated policy."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from grants.kernel.identity import Role
from grants.kernel.money import Fen


class Tier(BaseModel):
    """One tier: up to which amount, who approves after the officer, and whether a meeting decides.

    `up_to_fen` None means without limit.
    """

    model_config = ConfigDict(frozen=True)

    code: str
    up_to_fen: int | None
    chain: tuple[Role, ...]
    minutes_needed: bool = False


class ApprovalTiers(BaseModel):
    """Policy `approval_tiers` (domain §1.8 [D]; practice varies widely between bureaus)."""

    model_config = ConfigDict(frozen=True)

    tiers: Sequence[Tier]

    def tier(self, amount_fen: int) -> Tier:
        """The tier of an amount. Example: 50,000.00 is T1, 50,000.01 is T2."""
        for tier in self.tiers:
            if tier.up_to_fen is None or amount_fen <= tier.up_to_fen:
                return tier
        raise LookupError("the last tier has to be without limit")


def payment_tier(
    tiers: ApprovalTiers, *, award_fen: Fen, amount_fen: Fen, decided_by_meeting: bool
) -> Tier:
    """The tier of one instalment's payment.

    Chosen on the award's total, so that splitting does not evade it; an instalment of an
    award that a meeting has decided follows its own amount and cites the minutes
    (domain §1.8 [D]). Example: 100,000.00 of an award of 600,000.00 without minutes is T4.
    """
    own = tiers.tier(amount_fen)
    if decided_by_meeting:
        return own.model_copy(update={"minutes_needed": True})
    return tiers.tier(award_fen)
