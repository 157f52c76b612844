"""The approval tiers: who has to agree to how much, as a dated policy."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field, field_validator

from grants.kernel.errors import N_, FieldFault
from grants.kernel.identity import GRANTED, ROLE_TITLES, Permission, Role
from grants.kernel.money import Fen


class Tier(BaseModel):
    """One tier: up to which amount, who approves after the officer, and whether a meeting decides.

    `up_to_fen` None means without limit.
    """

    model_config = ConfigDict(frozen=True)

    code: str = Field(pattern=r"^[A-Z][A-Z0-9]{0,7}$")
    up_to_fen: int | None = Field(ge=1)
    chain: tuple[Role, ...]
    minutes_needed: bool = False

    @field_validator("chain")
    @classmethod
    def _can_be_walked(cls, chain: tuple[Role, ...]) -> tuple[Role, ...]:
        """Somebody approves, each role once (a person acts once), and each may approve at all."""
        if not chain:
            raise FieldFault(N_("Somebody has to approve."))
        for role in chain:
            if chain.count(role) > 1:
                raise FieldFault(
                    N_("“{role}” stands twice; one person approves a payment once."),
                    role=ROLE_TITLES[role],
                )
            if Permission.PAYMENT_APPROVE not in GRANTED[role]:
                raise FieldFault(N_("“{role}” may not approve payments."), role=ROLE_TITLES[role])
        return chain


class ApprovalTiers(BaseModel):
    """Policy `approval_tiers` (domain §1.8 [D]; practice varies widely between bureaus)."""

    model_config = ConfigDict(frozen=True)

    tiers: Sequence[Tier]

    @field_validator("tiers")
    @classmethod
    def _cover_every_amount(cls, tiers: Sequence[Tier]) -> Sequence[Tier]:
        """Limits rise from tier to tier, and the last tier, only it, is without limit."""
        if not tiers or tiers[-1].up_to_fen is not None:
            raise FieldFault(N_("The last tier has to be without limit, so that none is missing."))
        reached = 0
        for tier in tiers[:-1]:
            if tier.up_to_fen is None:
                raise FieldFault(
                    N_("Only the last tier is without limit; give {code} one."), code=tier.code
                )
            if tier.up_to_fen <= reached:
                raise FieldFault(
                    N_("{code} has to reach higher than the tier before it."), code=tier.code
                )
            reached = tier.up_to_fen
        if len({tier.code for tier in tiers}) < len(tiers):
            raise FieldFault(N_("Two tiers have the same name."))
        return tiers

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
