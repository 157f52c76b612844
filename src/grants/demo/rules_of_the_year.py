"""The rules of the demonstration: what the bureau changed, and what it thinks of changing."""

from __future__ import annotations

from datetime import date

from grants.awards.tiers import ApprovalTiers
from grants.demo.clock import Diary
from grants.demo.people import Bureau
from grants.first_policies import APPROVAL_TIERS, PAYMENT_GATE
from grants.kernel.identity import Role
from grants.payments.rules import PaymentClock
from grants.policies import actions, queries
from grants.policies.actions import NewVersion


async def _adopt(bureau: Bureau, diary: Diary, kind: str, new: NewVersion, day: date) -> None:
    """The head of finance proposes a version, the deputy leader approves it on the same day."""
    with diary.at(day, 9, 30):
        proposal = await actions.propose_version(bureau[Role.FIN_HEAD], kind, new, today=day)
    with diary.at(day, 16):
        seen = await queries.proposal(proposal)
        await actions.approve_version(
            bureau[Role.FIN_DEPUTY], proposal, seen_version=seen.version, today=day
        )


async def adopt_rules(bureau: Bureau, diary: Diary) -> None:
    """The treasury of the demonstration pays until the last day of the year."""
    first_day = date(diary.fiscal_year, 1, 2)
    late = NewVersion(
        PAYMENT_GATE.model_copy(update={"year_end_cutoff_day": 31}),
        first_day,
        "市财政局关于年末国库支付安排的通知（示例）",
        "seed",
        "国库年末支付截止日延至 12 月 31 日",
    )
    await _adopt(bureau, diary, "payment_gate", late, first_day)


async def change_rules(bureau: Bureau, diary: Diary) -> None:
    """Next year payments fall due sooner; whether the first tier ends lower is undecided."""
    next_year = date(diary.fiscal_year + 1, 1, 1)
    sooner = NewVersion(
        PaymentClock(days_after_trigger=30, workdays_after_invoice=8),
        next_year,
        "本局优化资金支付流程的通知（示例）",
        "seed",
        "机构反映到账慢，收到发票后八个工作日内付清",
    )
    await _adopt(bureau, diary, "payment_clock", sooner, diary.day(0.9))
    first, *rest = APPROVAL_TIERS.tiers
    lower = NewVersion(
        ApprovalTiers(tiers=(first.model_copy(update={"up_to_fen": 30_000_00}), *rest)),
        next_year,
        "本局资金审批权限修订稿（示例）",
        "seed",
        "巡察建议：三万元以上的支付由主要领导审批",
    )
    day = diary.last_day
    with diary.at(day, 11):
        await actions.propose_version(bureau[Role.FIN_HEAD], "approval_tiers", lower, today=day)
