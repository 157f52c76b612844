"""What the lines bear of an award: whether they can, the commitment, and what is carried over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from grants.awards import queries
from grants.budget import ledger
from grants.budget import queries as budget
from grants.budget.commitments import commitments_of
from grants.budget.rules import FundMatrix, fund_may_pay, line_has_left, line_is_open
from grants.kernel import calendar
from grants.kernel.errors import N_, Refusal, RuleBroken
from grants.kernel.identity import Actor
from grants.kernel.money import Fen
from grants.platform import db
from grants.platform.audit import Case
from grants.platform.policy import policy_on


async def against_lines(
    shares: Sequence[queries.Share],
    lines: dict[int, budget.Line],
    this_year: int,
    today: date,
) -> Refusal | None:
    """What the lines say against bearing their shares."""
    matrix = (await policy_on("fund_matrix", FundMatrix, today)).body
    for share in shares:
        line = lines[share.line_id]
        refusal = line_is_open(line.state) or fund_may_pay(matrix, line.instrument, line.fund_kind)
        if share.fiscal_year < this_year:
            refusal = refusal or RuleBroken(
                "award.past_year", N_("A line of a past year takes no new commitment.")
            )
        if share.fiscal_year == this_year:
            refusal = refusal or line_has_left(line.balance.available_fen, share.amount_fen)
        if refusal:
            return refusal
    return None


async def commit_share(actor: Actor, award_id: int, share: queries.Share, today: date) -> None:
    """Commit a share whose year has come, within the caller's unit of work."""
    commitment_id = await ledger.open_commitment(share.line_id, award_id)
    await ledger.move(
        actor,
        ledger.COMMIT,
        share.amount_fen,
        of=commitment_id,
        case=Case("award", award_id),
        key=f"award:{award_id}:commit:{share.id}",
        on=today,
    )
    await db.execute(
        "UPDATE award_share SET commitment = $2 WHERE id = $1", share.id, commitment_id
    )


async def bear_more(
    actor: Actor, award_id: int, line_id: int, more_fen: int, *, key: str, today: date
) -> None:
    """Let a line bear so much more of an award, or less: its commitment follows at once.

    `key` names the move for ever. A share of a year to come is committed when its year comes.
    """
    share = await db.row(
        """
        INSERT INTO award_share (award, line, fiscal_year, amount_fen)
        SELECT $1, l.id, l.fiscal_year, greatest($3, 0) FROM budget_line l WHERE l.id = $2
        ON CONFLICT (award, line) DO UPDATE SET amount_fen = award_share.amount_fen + $3
        RETURNING id, fiscal_year, commitment
        """,
        award_id,
        line_id,
        more_fen,
    )
    assert share is not None
    commitment_id = share["commitment"]
    if commitment_id is None:
        if share["fiscal_year"] > calendar.fiscal_year(today):
            return  # the new amount is committed when its year comes
        commitment_id = await ledger.open_commitment(line_id, award_id)
        await db.execute(
            "UPDATE award_share SET commitment = $2 WHERE id = $1", share["id"], commitment_id
        )
    await ledger.move(
        actor,
        ledger.COMMIT if more_fen > 0 else ledger.RELEASE,
        Fen(abs(more_fen)),
        of=commitment_id,
        case=Case("award", award_id),
        key=key,
        on=today,
    )


async def follow_carry_over(actor: Actor, award_id: int) -> int:
    """Point unpaid instalments at the line that carried their money over; answers how many.

    Closing a year moves an award's commitment to the next year's line (预算法 第42条);
    the award follows when it is next touched, within the caller's unit of work. A request
    that was still in approval stays on the old year, where the gate stops it: it is
    withdrawn and made anew.
    """
    moved = 0
    for old in await queries.shares(award_id):
        if old.line_state != "CLOSED":
            continue
        line = await budget.line(old.line_id)
        successor = await budget.line_of(
            line.programme_id, line.fund_source_id, line.fiscal_year + 1
        )
        held = [
            c
            for c in await commitments_of(award_id=award_id)
            if successor and c.line_id == successor.id
        ]
        open_ones = await db.rows(
            """
            SELECT i.id, i.amount_fen FROM instalment i
            WHERE i.share = $1 AND i.state IN ('OPEN', 'REQUESTED') ORDER BY i.sequence
            """,
            old.id,
        )
        if not held or not open_ones or successor is None:
            continue
        carried = sum(r["amount_fen"] for r in open_ones)
        new_share = await db.value(
            """
            INSERT INTO award_share (award, line, fiscal_year, amount_fen, commitment)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (award, line) DO UPDATE
                SET amount_fen = award_share.amount_fen + excluded.amount_fen
            RETURNING id
            """,
            award_id,
            successor.id,
            successor.fiscal_year,
            carried,
            held[0].id,
        )
        await db.execute(
            "UPDATE award_share SET amount_fen = amount_fen - $2 WHERE id = $1", old.id, carried
        )
        await db.execute(
            "UPDATE instalment SET share = $2 WHERE id = ANY($1)",
            [r["id"] for r in open_ones],
            new_share,
        )
        moved += len(open_ones)
    return moved
