"""The verbs of receipts: enter one, admit all of it, a part, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from grants.delivery import queries
from grants.delivery.own import POLICY, own_project
from grants.delivery.queries import Spending
from grants.delivery.rules import (
    SpendingCase,
    spent_within_project,
)
from grants.delivery.terms import DeliveryRules
from grants.delivery.workflow import (
    SPENDING,
    SpendingState,
)
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, RuleBroken
from grants.kernel.identity import Actor
from grants.kernel.money import Fen
from grants.platform import db, inbox
from grants.platform.audit import Case, record
from grants.platform.policy import policy_on

KIND = "spending"

db.explain_constraint(
    "spending_receipt_once",
    Conflict,
    "spending.receipt_twice",
    N_("This receipt number has been claimed already, here or in another project."),
)


@dataclass(frozen=True)
class Receipt:
    """What an agency enters of a receipt."""

    cost_line: str
    spent_on: date
    payee: str
    item: str
    amount_fen: Fen
    receipt_no: str


async def enter_spending(actor: Actor, award_id: int, receipt: Receipt, *, today: date) -> int:
    """Enter a receipt of one's own project; answers its id. The office judges it.

    Raises RuleBroken for a day outside the project or ahead, `field` among its params; Conflict
    where the number was claimed before.
    """
    async with db.unit_of_work(actor):
        found = await own_project(actor, award_id)
        if receipt.cost_line not in found.plan.budget:
            raise RuleBroken(
                "spending.line", N_("The agreement has no such cost line."), field="cost_line"
            )
        rules = (await policy_on(POLICY, DeliveryRules, today)).body
        outside = spent_within_project(
            receipt.spent_on, found.plan.starts_on, found.plan.ends_on, rules.receipt_days
        )
        if receipt.spent_on > today:
            outside = RuleBroken("spending.ahead", N_("This day is still to come."))
        if outside:
            outside.params["field"] = "spent_on"
            raise outside
        spending_id = await db.value(
            """
            INSERT INTO spending (award, cost_line, spent_on, payee, item, amount_fen, receipt_no,
                admitted_fen, state, reason, entered_by_person, entered_at, version)
            VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 'ENTERED', '', $8, $9, 1) RETURNING id
            """,
            award_id,
            receipt.cost_line,
            receipt.spent_on,
            receipt.payee,
            receipt.item,
            receipt.amount_fen,
            receipt.receipt_no,
            actor.person_id,
            calendar.now(),
        )
        await record(
            actor,
            Case(KIND, spending_id),
            "enter",
            after=SpendingState.ENTERED,
            facts={"amount_fen": receipt.amount_fen, "receipt_no": receipt.receipt_no},
        )
    return int(spending_id)


async def judge_spending(
    actor: Actor,
    spending_id: int,
    verb: str,
    *,
    seen_version: int,
    admitted_fen: Fen | None = None,
    reason: str = "",
) -> None:
    """Admit a receipt, a part of it, or none; or judge it again; or take it back.

    Raises RuleBroken without receipt or reason, NotAllowed for whoever entered it.
    """
    async with db.unit_of_work(actor):
        found = await queries.spending(actor, spending_id, lock=True)
        case = replace(
            spending_case(actor, found, seen_version),
            admitted_fen=admitted_fen or 0,
            reason=reason,
        )
        after = SPENDING.take(verb, found.state, actor, case)
        counts = {
            SpendingState.ADMITTED: found.amount_fen,
            SpendingState.PARTLY: admitted_fen or 0,
        }
        judged = after in (SpendingState.ADMITTED, SpendingState.PARTLY, SpendingState.REFUSED)
        await db.execute(
            "UPDATE spending SET state = $2, admitted_fen = $3, reason = $4, "
            "judged_by_person = $5, judged_at = $6, version = version + 1 WHERE id = $1",
            spending_id,
            after,
            counts.get(SpendingState(after), 0),
            reason.strip(),
            actor.person_id if judged else None,
            calendar.now() if judged else None,
        )
        await record(
            actor,
            Case(KIND, spending_id),
            verb,
            before=found.state,
            after=after,
            reason=reason.strip(),
            facts={"admitted_fen": counts.get(SpendingState(after), 0)},
        )
        if after in (SpendingState.PARTLY, SpendingState.REFUSED):
            await _tell(
                actor,
                found.award_id,
                f"spending:{spending_id}:{found.version}",
                N_("The receipt {receipt} does not count in full: {reason}"),
                f"/spendings/{spending_id}",
                receipt=found.receipt_no,
                reason=reason.strip(),
            )


def spending_case(actor: Actor, found: Spending, seen_version: int) -> SpendingCase:
    """What a step on this receipt looks at."""
    return SpendingCase(
        entered_by_person=found.entered_by_person,
        actor_person=actor.person_id,
        of_own_organisation=actor.organisation_id is not None,
        seen_version=seen_version,
        version=found.version,
        amount_fen=found.amount_fen,
        has_receipt=found.receipts > 0,
    )


async def _tell(
    actor: Actor, award_id: int, key: str, message: str, link: str, **params: object
) -> None:
    found = await queries.project(actor, award_id)
    await inbox.tell_organisation(found.agreement.organisation_id, key, message, link, params)
