"""资金拨付审批表: the approval form of one payment (form-layouts B2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from grants.budget import queries as budget
from grants.budget.rules import BudgetCodes
from grants.kernel import calendar
from grants.kernel.errors import N_
from grants.kernel.findings import Finding, Mark
from grants.kernel.identity import ROLE_TITLES, Actor, Role
from grants.kernel.money import Fen
from grants.payments import gate_queries, gatekeeper, queries
from grants.payments.rules import PayerAccount
from grants.platform.pages import render
from grants.platform.pdf import qr_data_uri, render_pdf
from grants.platform.policy import policies_on
from grants.platform.texts import Catalogue, texts
from grants.settings import settings


@dataclass(frozen=True)
class Opinion:
    """One cell for an opinion; empty ones leave room to sign."""

    role_title: str
    opinion: str
    signed_name: str
    signed_at: datetime | None


@dataclass(frozen=True)
class ApprovalForm:
    """What templates/pdf/approval.html prints."""

    number: str
    office: str
    title: str
    award_number: str
    budget_line_code: str
    quota_no: str
    fund_nature: str
    function_code: str
    function_name: str
    economic_code: str
    economic_name: str
    payee_name: str
    bank_name: str
    account_masked: str
    cnaps: str
    award_fen: Fen
    paid_fen: Fen
    amount_fen: Fen
    balance_fen: Fen
    sequence_no: int
    sequence_count: int
    condition: str
    completion: str
    publicity_from: date | None
    publicity_until: date | None
    grade: str
    invoice_no: str
    attachment_count: int
    due_on: date
    paid_on: date | None
    days_left: int
    opinions: Sequence[Opinion]
    minutes_no: str
    gate_summary: str
    case_url: str
    qr_data_uri: str
    printed_at: datetime
    printed_by: str
    demo: bool


async def approval_form(actor: Actor, payment_id: int, *, lang: str, today: date) -> bytes:
    """The form as a PDF of one page; raises NotFound outside the actor's scope."""
    form = await _form(actor, payment_id, lang=lang, today=today)
    html = render("pdf/approval.html", lang, form=form)
    return await render_pdf(html, style="form", one_page=True)


async def _form(actor: Actor, payment_id: int, *, lang: str, today: date) -> ApprovalForm:
    payment = await queries.payment(actor, payment_id)
    facts = await gate_queries.gate_facts(payment_id, minutes_needed=False, repeat_days=90)
    line = await budget.line(payment.line_id)
    documents = await budget.quota_movements(line_id=line.id, state="APPROVED")
    book = await policies_on(("budget_codes", "payer_account"), today)
    codes = book.policy("budget_codes", BudgetCodes).body
    payer = book.policy("payer_account", PayerAccount).body
    case_url = f"{settings.public_url}/payments/{payment_id}"
    paid_before = await queries.paid_on_award_before(payment)
    return ApprovalForm(
        number=payment.number,
        office=payer.name,
        title=_title(payment, texts(lang)),
        award_number=payment.award_number,
        budget_line_code=line.code,
        quota_no=documents[-1].document_no if documents else "",
        fund_nature=line.fund_name if lang == "zh" else line.fund_name_en,
        function_code=line.func_code,
        function_name=codes.name_of(line.func_code),
        economic_code=line.dept_eco_code,
        economic_name=codes.name_of(line.dept_eco_code),
        payee_name=payment.payee_name,
        bank_name=payment.bank_name,
        account_masked=f"••••{payment.account_last4}",
        cnaps=payment.cnaps or "",
        award_fen=payment.award_amount_fen,
        paid_fen=paid_before,
        amount_fen=payment.amount_fen,
        balance_fen=Fen(payment.award_amount_fen - paid_before - payment.amount_fen),
        sequence_no=payment.sequence,
        sequence_count=facts.sequences,
        condition=facts.condition,
        completion=facts.condition_evidence,
        publicity_from=facts.publicised_from,
        publicity_until=facts.publicised_to,
        grade=facts.award_grade or "",
        invoice_no=payment.invoice_no or "",
        attachment_count=facts.attachments,
        due_on=payment.due_on,
        paid_on=payment.paid_on,
        days_left=(payment.due_on - today).days,
        opinions=_opinions(payment, await queries.acts(payment_id), texts(lang)),
        minutes_no=payment.minutes_no or payment.award_minutes_no,
        gate_summary=_summary(
            (await gatekeeper.gate_of(payment, today=today)).findings, texts(lang)
        ),
        case_url=case_url,
        qr_data_uri=qr_data_uri(case_url),
        printed_at=calendar.now(),
        printed_by=actor.name,
        demo=settings.demo,
    )


def _title(payment: queries.Payment, catalogue: Catalogue) -> str:
    part = catalogue.text(N_("part {n}"), n=payment.sequence)
    return f"{payment.award_title} {part}"


def _opinions(
    payment: queries.Payment, acts: Sequence[queries.Act], catalogue: Catalogue
) -> list[Opinion]:
    """One cell for the officer and for each role of the chain, in its order."""
    given = {a.step: a for a in acts if a.round == payment.round and a.decision != "WITHDRAW"}
    cells = []
    for step, role in enumerate((Role.OFFICER, *payment.chain)):
        act = given.get(step)
        cells.append(
            Opinion(
                role_title=catalogue.text(ROLE_TITLES[role]),
                opinion=act.opinion if act else "",
                signed_name=act.who if act else "",
                signed_at=act.decided_at if act else None,
            )
        )
    return cells


def _summary(findings: Sequence[Finding], catalogue: Catalogue) -> str:
    marks = [f.mark for f in findings]
    return catalogue.text(
        N_("{all} checks: {passed} passed, {looked} to look at, {stopped} stop it"),
        all=len(marks),
        passed=marks.count(Mark.PASS) + marks.count(Mark.WAIVED),
        looked=marks.count(Mark.LOOK),
        stopped=marks.count(Mark.STOP),
    )
