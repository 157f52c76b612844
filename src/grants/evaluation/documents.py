"""The evaluation report on paper: scores, words, finding, who signed and confirmed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from grants.calls.terms import Criterion
from grants.evaluation.queries import Evaluation
from grants.evaluation.terms import EvaluationKind
from grants.kernel import calendar
from grants.kernel.errors import N_, RuleBroken
from grants.kernel.identity import Actor
from grants.platform.pages import render
from grants.platform.pdf import qr_data_uri, render_pdf
from grants.settings import settings

TITLES = {
    EvaluationKind.MIDTERM: N_("Mid-term evaluation"),
    EvaluationKind.FINAL: N_("Final evaluation"),
}


@dataclass(frozen=True)
class PrintedEvaluation:
    """What templates/pdf/evaluation.html prints."""

    evaluation: Evaluation
    title: str
    criteria: tuple[Criterion, ...]
    office: str
    case_url: str
    qr_data_uri: str
    printed_at: datetime
    printed_by: str
    demo: bool

    @property
    def number(self) -> str:
        """The evaluation's number."""
        return self.evaluation.number


async def evaluation_report(actor: Actor, found: Evaluation, office: str, lang: str) -> bytes:
    """The report as a PDF; raises RuleBroken before it is signed."""
    if found.signed_at is None:
        raise RuleBroken("evaluation.unsigned", N_("This evaluation is not signed yet."))
    url = f"{settings.public_url}/evaluations/{found.id}"
    form = PrintedEvaluation(
        evaluation=found,
        title=TITLES[EvaluationKind(found.kind)],
        criteria=found.rules.criteria(found.kind),
        office=office,
        case_url=url,
        qr_data_uri=qr_data_uri(url),
        printed_at=calendar.now(),
        printed_by=actor.name,
        demo=settings.demo,
    )
    return await render_pdf(render("pdf/evaluation.html", lang, form=form))
