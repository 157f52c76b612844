"""The originals of the demonstration: agreements, invoices and proofs of accounts as PDF files."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from grants.demo import names
from grants.demo.awards_of_the_year import Laid, Planned
from grants.demo.budget import YUAN
from grants.demo.clock import Diary
from grants.demo.people import PAYER, Bureau
from grants.kernel.identity import Actor, Role
from grants.kernel.money import Fen, yuan_text
from grants.payments import lists
from grants.payments import queries as payments
from grants.payments.lists import PaymentFilter
from grants.platform import files
from grants.platform.audit import Case
from grants.platform.pages import render
from grants.platform.pdf import render_pdf

#: Of which programmes the first award has its agreement on file; a page takes a fifth of a second.
_AGREEMENTS = ("NH", "ST", "SV", "SG")
_REQUESTS = 5


@dataclass(frozen=True)
class Paper:
    """A paper of one page, as templates/pdf/sample_paper.html prints it."""

    purpose: str
    file_name: str
    title: str
    number: str
    facts: Sequence[tuple[str, str]]
    clauses: Sequence[str] = ()
    signers: Sequence[str] = ()


async def print_paper(paper: Paper) -> bytes:
    """The paper as a PDF."""
    return await render_pdf(render("pdf/sample_paper.html", "zh", paper=paper))


async def file_papers(
    bureau: Bureau, diary: Diary, papers: Sequence[tuple[Case, Paper]], day: date
) -> None:
    """Print the papers, all at once, and let the officer attach them one after another."""
    contents = await asyncio.gather(*(print_paper(paper) for _, paper in papers))
    for minute, ((case, paper), content) in enumerate(zip(papers, contents, strict=True)):
        with diary.at(day, 16, minute):
            await files.attach(bureau[Role.OFFICER], case, paper.file_name, content, paper.purpose)


Agreements = Mapping[str, tuple[Paper, bytes]]


async def print_agreements(plans: Sequence[Planned], year: int) -> Agreements:
    """The agreements of some awards by the code of their programme.

    They need nothing but the plans, so they are printed while the awards are laid: the press,
    a process of its own, takes some seconds to warm up.
    """
    first = {code: next(one for one in plans if one.code == code) for code in _AGREEMENTS}
    papers = {c: _agreement(one, year, n) for n, (c, one) in enumerate(first.items(), start=1)}
    contents = await asyncio.gather(*(print_paper(paper) for paper in papers.values()))
    return {code: (p, c) for (code, p), c in zip(papers.items(), contents, strict=True)}


def _agreement(planned: Planned, year: int, number: int) -> Paper:
    payee = names.demo_person(planned.payee + 20)
    return Paper(
        purpose="agreement",
        file_name=f"{planned.title}-协议书.pdf",
        title="项目资助（服务）协议书",
        number=f"太民协〔{year}〕{number}号",
        facts=(
            ("甲方", PAYER.name),
            ("乙方", payee if planned.personal else f"太仓市{names.AGENCIES[planned.payee]}"),
            ("项目", planned.title),
            ("金额（元）", yuan_text(Fen(sum(planned.parts_yuan) * YUAN))),
        ),
        clauses=(
            "一、乙方按照实施方案开展服务，甲方按照本协议约定分期拨付资金。",
            "二、资金专款专用，乙方应当单独核算，接受监督检查和绩效评价。",
            "三、项目未按约定实施的，甲方有权暂停拨付，并追回未使用的资金。",
        ),
        signers=("甲方（盖章）", "乙方（盖章）"),
    )


async def file_agreements(bureau: Bureau, diary: Diary, active: Laid, printed: Agreements) -> None:
    """Attach the signed agreements to their awards."""
    for minute, (code, (paper, content)) in enumerate(printed.items()):
        with diary.at(diary.day(0.045), 16, minute):
            await files.attach(
                bureau[Role.OFFICER],
                Case("award", active[code][0]),
                paper.file_name,
                content,
                paper.purpose,
            )


async def file_requests(bureau: Bureau, diary: Diary) -> None:
    """Invoices of some requests that wait for finance; the others still lack their originals."""
    officer = bureau[Role.OFFICER]
    waiting = await lists.payments(
        officer, PaymentFilter(waiting_for=frozenset({Role.FIN_OFFICER})), limit=_REQUESTS
    )
    papers = [await _invoice(officer, listed.id) for listed in waiting]
    await file_papers(bureau, diary, papers, diary.last_day)


async def _invoice(officer: Actor, payment_id: int) -> tuple[Case, Paper]:
    payment = await payments.payment(officer, payment_id)
    paper = Paper(
        purpose="invoice",
        file_name=f"{payment.number}-发票.pdf",
        title="发票（样张）",
        number=payment.invoice_no or payment.number,
        facts=(
            ("购买方", PAYER.name),
            ("销售方", payment.payee_name),
            ("项目", payment.purpose),
            ("价税合计（元）", yuan_text(payment.amount_fen)),
        ),
        signers=("开票人",),
    )
    return Case("payment", payment.id), paper
