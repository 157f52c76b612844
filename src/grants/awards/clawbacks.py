"""Claims on a payee to give paid money back: proposed by one, decided by another, then settled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from grants.awards import queries
from grants.awards.rules import ClaimCase, claim_within_paid
from grants.awards.workflow import CLAWBACK, ClaimState
from grants.kernel import calendar
from grants.kernel.errors import N_, NotFound, RuleBroken
from grants.kernel.identity import Actor, Permission
from grants.kernel.money import Fen
from grants.platform import db
from grants.platform.audit import Case, record, take_duty

_KIND = "clawback"

db.explain_constraint(
    "clawback_recovered_within",
    RuleBroken,
    "clawback.above_owed",
    N_("More would come back than is claimed."),
)


@dataclass(frozen=True)
class Clawback:
    """A claim, with the award it belongs to and its payee."""

    id: int
    number: str
    award_id: int
    award_number: str
    award_title: str
    organisation_id: int | None
    person_id: int | None
    payee_name: str
    amount_fen: Fen
    recovered_fen: Fen
    reason: str
    due_on: date
    state: str
    proposed_by_person: int
    proposer: str

    @property
    def owed_fen(self) -> Fen:
        """What has not come back yet; 0 for a claim that does not stand."""
        return Fen(self.amount_fen - self.recovered_fen if self.state == ClaimState.OPEN else 0)


_CLAWBACK = """
SELECT k.id, k.number, k.award AS award_id, a.number AS award_number, a.title AS award_title,
       a.organisation AS organisation_id, a.person AS person_id,
       coalesce(o.name, payee.name) AS payee_name, k.amount_fen, k.recovered_fen, k.reason,
       k.due_on, k.state, k.proposed_by_person, p.name AS proposer
FROM clawback k
JOIN award a ON a.id = k.award
JOIN person p ON p.id = k.proposed_by_person
LEFT JOIN organisation o ON o.id = a.organisation
LEFT JOIN person payee ON payee.id = a.person
"""


async def clawbacks(*, award_id: int | None = None, state: str | None = None) -> list[Clawback]:
    """Claims, oldest first: of one award, in one state, or all."""
    found = await db.rows(
        _CLAWBACK
        + "WHERE ($1::bigint IS NULL OR k.award = $1) AND ($2::text IS NULL OR k.state = $2) "
        + "ORDER BY k.id",
        award_id,
        state,
    )
    return [Clawback(**r) for r in found]


async def owed_by_payee_of(award: queries.Award) -> list[Clawback]:
    """Open claims on the payee of an award, whatever award they stem from, oldest first."""
    found = await db.rows(
        _CLAWBACK
        + "WHERE k.state = 'OPEN' AND a.organisation IS NOT DISTINCT FROM $1 "
        + "AND a.person IS NOT DISTINCT FROM $2 ORDER BY k.id",
        award.organisation_id,
        award.person_id,
    )
    return [Clawback(**r) for r in found]


async def clawback(clawback_id: int, *, lock: bool = False) -> Clawback:
    """One claim; raises NotFound."""
    found = await db.row(
        _CLAWBACK + "WHERE k.id = $1" + (" FOR NO KEY UPDATE OF k" if lock else ""), clawback_id
    )
    if found is None:
        raise NotFound()
    return Clawback(**found)


async def propose_clawback(
    actor: Actor, award_id: int, *, amount_fen: Fen, due_on: date, reason: str
) -> int:
    """Claim paid money back; answers the claim's id.

    Raises RuleBroken above what was paid and is not claimed already.
    """
    actor.need(Permission.AWARD_CREATE)
    async with db.unit_of_work(actor):
        return await lay_claim(actor, award_id, amount_fen=amount_fen, due_on=due_on, reason=reason)


async def lay_claim(
    actor: Actor, award_id: int, *, amount_fen: Fen, due_on: date, reason: str
) -> int:
    """The same within the open unit of work of what claims it."""
    award = await queries.award(actor, award_id, lock=True)
    claimed = sum(
        claim.amount_fen - claim.recovered_fen
        for claim in await clawbacks(award_id=award_id)
        if claim.state in (ClaimState.PROPOSED, ClaimState.OPEN)
    )
    refusal = claim_within_paid(amount_fen, award.paid_fen, claimed)
    if refusal:
        raise refusal
    now = calendar.now()
    clawback_id = int(
        await db.value(
            """
            INSERT INTO clawback (number, award, amount_fen, recovered_fen, reason, due_on,
                                  state, proposed_by_person, proposed_at, minutes_no)
            VALUES ($1, $2, $3, 0, $4, $5, 'PROPOSED', $6, $7, '') RETURNING id
            """,
            f"追〔{now.year}〕{await db.next_number(f'clawback-{now.year}'):04d}",
            award_id,
            amount_fen,
            reason,
            due_on,
            actor.person_id,
            now,
        )
    )
    case = Case(_KIND, clawback_id)
    await take_duty(actor, case, "propose")
    await record(
        actor,
        case,
        "propose",
        after=ClaimState.PROPOSED,
        reason=reason,
        facts={"amount_fen": amount_fen, "award": award.number},
    )
    return clawback_id


async def decide_clawback(
    actor: Actor, clawback_id: int, verb: str, *, reason: str = "", minutes_no: str = ""
) -> None:
    """Approve, reject, withdraw or write off a claim.

    Raises NotAllowed for who proposed it (but to withdraw), RuleBroken for writing off
    without the number of the meeting's minutes.
    """
    async with db.unit_of_work(actor):
        await decide_laid_claim(actor, clawback_id, verb, reason=reason, minutes_no=minutes_no)


async def decide_laid_claim(
    actor: Actor, clawback_id: int, verb: str, *, reason: str = "", minutes_no: str = ""
) -> None:
    """The same within the open unit of work of what claimed it."""
    claim = await clawback(clawback_id, lock=True)
    after = CLAWBACK.take(verb, claim.state, actor, _case(actor, claim, minutes_no))
    if verb != "withdraw":
        await take_duty(actor, Case(_KIND, clawback_id), "decide")
    await db.execute(
        "UPDATE clawback SET state = $2, decided_by_person = $3, decided_at = $4, "
        "minutes_no = $5 WHERE id = $1",
        clawback_id,
        after,
        actor.person_id,
        calendar.now(),
        minutes_no,
    )
    await record(
        actor,
        Case(_KIND, clawback_id),
        verb,
        before=claim.state,
        after=after,
        reason=reason or minutes_no,
    )


async def recover(
    actor: Actor, clawback_id: int, amount_fen: Fen, *, source: Case, on: date
) -> None:
    """Remember that so much of a claim came back, within the caller's unit of work.

    `source` is the refund or the award's change that brought it; it counts once. The claim
    settles itself when all of it is back. Raises RuleBroken above what is owed.
    """
    claim = await clawback(clawback_id, lock=True)
    await db.execute(
        "INSERT INTO recovery (clawback, amount_fen, source_kind, source_id, recovered_on) "
        "VALUES ($1, $2, $3, $4, $5)",
        clawback_id,
        amount_fen,
        source.kind,
        source.id,
        on,
    )
    recovered = Fen(claim.recovered_fen + amount_fen)
    after = claim.state
    if recovered == claim.amount_fen:
        after = CLAWBACK.take("settle", claim.state, actor, _case(actor, claim, "", recovered))
    await db.execute(
        "UPDATE clawback SET recovered_fen = $2, state = $3 WHERE id = $1",
        clawback_id,
        recovered,
        after,
    )
    await record(
        actor,
        Case(_KIND, clawback_id),
        "recover",
        before=claim.state,
        after=after,
        facts={"amount_fen": amount_fen, source.kind: source.id},
    )


async def recover_by_refund(
    actor: Actor, award_id: int, amount_fen: Fen, *, source: Case, on: date
) -> Fen:
    """Settle the award's open claims with money that came back, oldest first.

    Within the caller's unit of work; answers what no claim asked for.
    """
    left = amount_fen
    for claim in await clawbacks(award_id=award_id, state=ClaimState.OPEN):
        part = Fen(min(left, claim.owed_fen))
        if part:
            await recover(actor, claim.id, part, source=source, on=on)
        left = Fen(left - part)
    return left


def _case(
    actor: Actor, claim: Clawback, minutes_no: str, recovered_fen: Fen | None = None
) -> ClaimCase:
    return ClaimCase(
        proposed_by_person=claim.proposed_by_person,
        actor_person=actor.person_id,
        amount_fen=claim.amount_fen,
        recovered_fen=claim.recovered_fen if recovered_fen is None else recovered_fen,
        minutes_no=minutes_no,
    )
