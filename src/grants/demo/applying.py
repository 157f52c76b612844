"""How the demonstration's agencies apply, and how the office checks what came in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grants.applications import drafting, queries, screening, submitting
from grants.calls.terms import CallTerms
from grants.demo.applicants import Applicant
from grants.demo.papers import Paper, print_paper
from grants.demo.ventures import Venture
from grants.kernel.findings import Mark
from grants.kernel.identity import Actor

#: Name and content of a paper by its code.
Papers = Mapping[str, tuple[str, bytes]]

_REASONS = {
    "grade_is_high_enough": "评估等级未达到 2A，不符合申报条件",
    "inspection_was_passed": "上年度年检结论未在案，不符合申报条件",
}


@dataclass(frozen=True)
class Applied:
    """What is applied for, and by whom."""

    venture: Venture
    applicant: Applicant


async def sample_paper(name: str) -> tuple[str, bytes]:
    """A sample paper that every agency attaches: kept once, by its content."""
    paper = Paper("", f"{name}.pdf", f"{name}（样张）", "样张", (("说明", "演示用样张"),), (), ())
    return paper.file_name, await print_paper(paper)


async def papers_of(terms: CallTerms) -> Papers:
    """The papers that a call asks for."""
    return {one.code: await sample_paper(one.name) for one in terms.files if one.needed}


async def write(application: int, applied: Applied, papers: Papers) -> None:
    """Save every section and attach the papers; what the agency said before stands there."""
    boss, there = applied.applicant.boss, await queries.sections(application)
    for code, fields in applied.venture.sections.items():
        seen = there[code].version if code in there else 0
        await drafting.save_section(boss, application, code, fields, seen_version=seen)
    for code, (name, content) in papers.items():
        await drafting.attach_paper(boss, application, code, name, content)


async def submit(application: int, applied: Applied) -> None:
    """Submit with the declaration of the legal representative."""
    boss = applied.applicant.boss
    found = await queries.application(boss, application)
    await submitting.submit_application(
        boss, application, seen_version=found.version, declared=True
    )


async def judge(officer: Actor, application: int) -> None:
    """Pass what the checks find nothing against, keep the others out with the reason."""
    found = await queries.application(officer, application)
    answers = await screening.findings_on(officer, found)
    stops = [one.rule for one in answers if one.mark is Mark.STOP]
    await screening.screen_application(
        officer,
        application,
        "fail" if stops else "pass",
        seen_version=found.version,
        reason="；".join(_REASONS[rule] for rule in stops),
    )
