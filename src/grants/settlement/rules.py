"""What a project actually gets (domain §3.7). Pure."""

from __future__ import annotations

from dataclasses import dataclass

from grants.budget.workflow import ProposalCase
from grants.kernel.errors import N_, Refusal, RuleBroken
from grants.kernel.money import Fen


@dataclass(frozen=True)
class Sums:
    """The figures of a settlement: agreed, eligible and paid lead to the last part and surplus."""

    approved_fen: Fen
    eligible_fen: Fen
    paid_fen: Fen
    agreed_last_fen: Fen
    k_permille: int

    @property
    def actual_fen(self) -> Fen:
        """The actual grant: the lower of what was approved and what is eligible."""
        return Fen(min(self.approved_fen, self.eligible_fen))

    @property
    def graded_last_fen(self) -> Fen:
        """What the grade leaves of the last part, rounded down to the fen."""
        return Fen(self.agreed_last_fen * self.k_permille // 1000)

    @property
    def last_fen(self) -> Fen:
        """What is still to be paid: the graded last part, and no more than the actual grant.

        Example: approved 60,000, eligible 55,000, paid 48,000, last part 12,000 at 800 permille:
        9,600 would be left by the grade, 7,000 by the cost; 7,000 is paid.
        """
        return Fen(max(min(self.graded_last_fen, self.actual_fen - self.paid_fen), 0))

    @property
    def surplus_fen(self) -> Fen:
        """What was paid above the actual grant and comes back.

        Example: eligible 40,000, paid 48,000: 8,000.
        """
        return Fen(max(self.paid_fen - self.actual_fen, 0))


@dataclass(frozen=True)
class Readiness:
    """What has to be done before a project is settled."""

    runs: bool
    graded: bool
    receipts_waiting: int
    parts_waiting: int
    settled: bool


def project_may_be_settled(case: Readiness) -> Refusal | None:
    """A project is settled once: evaluated to the end, receipts judged, earlier parts paid."""
    if case.settled:
        return RuleBroken("settlement.stands", N_("A settlement of this project stands already."))
    if not case.runs:
        return RuleBroken("project.ended", N_("This project does not run any more."))
    if not case.graded:
        return RuleBroken("settlement.ungraded", N_("The final evaluation is not confirmed yet."))
    if case.receipts_waiting:
        return RuleBroken(
            "settlement.receipts",
            N_("{count} receipts are not judged yet."),
            count=case.receipts_waiting,
        )
    if case.parts_waiting:
        return RuleBroken(
            "settlement.parts",
            N_("{count} earlier parts are not paid; pay or cancel them first."),
            count=case.parts_waiting,
        )
    return None


@dataclass(frozen=True, kw_only=True)
class SettlementCase(ProposalCase):
    """What a step on a settlement looks at."""

    reason: str = ""


def reason_is_given(case: SettlementCase) -> Refusal | None:
    """Whoever proposed it reads why it is rejected."""
    if len(case.reason.strip()) < 5:
        return RuleBroken("settlement.reason", N_("Give the reason in a few words."))
    return None
