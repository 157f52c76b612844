"""Papers of an agreement: the agreement itself with its code, and the award letter."""

from __future__ import annotations

from dataclasses import dataclass

from grants.agreements.queries import Agreement
from grants.agreements.rules import code_of
from grants.agreements.terms import AgreementContent, Clause
from grants.kernel.errors import N_, RuleBroken
from grants.platform.pages import render
from grants.platform.pdf import qr_data_uri, render_pdf
from grants.settings import settings

_DIGITS = "〇一二三四五六七八九"


@dataclass(frozen=True)
class PrintedAgreement:
    """What templates/pdf/agreement.html and award_letter.html print."""

    agreement: Agreement
    content: AgreementContent
    paper_url: str
    qr_data_uri: str
    draft: bool
    demo: bool

    @property
    def articles(self) -> list[tuple[str, Clause]]:
        """The articles with their ordinals: 一, 二 … 十一."""
        return [(_ordinal(n), one) for n, one in enumerate(self.content.clauses, start=1)]


def _ordinal(n: int) -> str:
    """A number below a hundred as articles are counted: 11 is 十一, 20 is 二十."""
    tens, ones = divmod(n, 10)
    leading = "" if tens == 0 else "十" if tens == 1 else f"{_DIGITS[tens]}十"
    return leading + (_DIGITS[ones] if ones else "")


def _printed(agreement: Agreement) -> PrintedAgreement:
    url = code_of(settings.public_url, agreement.id, agreement.digest or "0" * 32)
    return PrintedAgreement(
        agreement=agreement,
        content=agreement.content,
        paper_url=url,
        qr_data_uri=qr_data_uri(url),
        draft=not agreement.digest,
        demo=settings.demo,
    )


async def agreement_paper(agreement: Agreement) -> bytes:
    """The agreement as a PDF; every page but a draft's bears the code of its edition."""
    html = render("pdf/agreement.html", "zh", form=_printed(agreement))
    return await render_pdf(html, style="official")


async def award_letter(agreement: Agreement) -> bytes:
    """立项通知书: what was decided, for an agreement in force; raises RuleBroken before."""
    if agreement.award_id is None:
        raise RuleBroken("agreement.not_in_force", N_("The agreement is not in force yet."))
    html = render("pdf/award_letter.html", "zh", form=_printed(agreement))
    return await render_pdf(html, style="official")
