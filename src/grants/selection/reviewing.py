"""What an expert reads of an application: without names while the documents are scored blind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grants.applications import queries as applications
from grants.applications.budgets import Sums, sums_of
from grants.applications.documents import read_sections
from grants.applications.drafting import KIND as APPLICATION_KIND
from grants.applications.sections import Budget
from grants.calls.terms import CallTerms
from grants.figures.reading import Readable
from grants.kernel.errors import NotFound
from grants.kernel.identity import SYSTEM
from grants.platform import files
from grants.platform.audit import Case
from grants.platform.files import Attachment
from grants.platform.texts import Texts, texts
from grants.selection.queries import Panel, Sheet
from grants.selection.workflow import PanelState

#: Sections in the order in which a reader judges; the agency's own stands last.
_ORDER = ("need", "goals", "plan", "team", "budget", "indicators", "risks", "project", "agency")
_HIDDEN = "●●●"


@dataclass(frozen=True)
class Paper:
    """What lies left of the rubric: the text in parts, its budget, the papers that may be read."""

    parts: Sequence[tuple[str, Readable]]
    sums: Sums
    papers: Sequence[Attachment]
    blind: bool


def is_blind(panel: Panel, terms: CallTerms) -> bool:
    """Names are hidden while the documents are scored, where the terms say so."""
    return terms.blind and panel.state == PanelState.DOCUMENTS


async def paper_of(sheet: Sheet, panel: Panel, terms: CallTerms, said_in: Texts) -> Paper:
    """The last submission of an application, as this member may read it now."""
    found = await applications.application(SYSTEM, sheet.application_id)
    content = (await applications.submissions(sheet.application_id))[0].content
    blind = is_blind(panel, terms)
    bodies = dict(content["sections"])
    if blind:
        bodies = without_names(bodies, content["organisation"]["name"])
    identifying = {one.code for one in found.terms.files if one.identifying}
    return Paper(
        parts=await read_sections(found, bodies, said_in, _ORDER),
        sums=sums_of(
            Budget.model_validate(content["sections"]["budget"]), found.terms, found.category
        ),
        papers=[
            one
            for one in await files.list_attachments(Case(APPLICATION_KIND, sheet.application_id))
            if not (blind and one.purpose in identifying)
        ],
        blind=blind,
    )


def without_names(bodies: Mapping[str, Any], organisation: str) -> dict[str, Any]:
    """The sections without the agency, without persons' names and phones, without its own name.

    Example: “示例中心成立于二〇一三年” of that agency reads “●●●成立于二〇一三年”.
    """
    names = [organisation]
    team = bodies.get("team", {})
    names += [member["name"] for member in team.get("members", ())]
    names += [team["leader"]] if team.get("leader") else []
    agency = bodies.get("agency", {})
    names += [agency["contact"]] if agency.get("contact") else []
    kept = {code: body for code, body in bodies.items() if code != "agency"}
    if "team" in kept:
        members = [
            {**one, "name": f"{n}", "phone": ""} for n, one in enumerate(team["members"], start=1)
        ]
        kept["team"] = {**team, "leader": _HIDDEN, "leader_phone": _HIDDEN, "members": members}
    hidden: dict[str, Any] = _hide(kept, sorted(set(names), key=len, reverse=True))
    return hidden


def _hide(value: Any, names: Sequence[str]) -> Any:
    if isinstance(value, str):
        for name in names:
            value = value.replace(name, _HIDDEN) if name else value
        return value
    if isinstance(value, Mapping):
        return {key: _hide(one, names) for key, one in value.items()}
    return [_hide(one, names) for one in value] if isinstance(value, list) else value


async def attachment_for(
    sheet: Sheet, panel: Panel, terms: CallTerms, attachment_id: int
) -> Attachment:
    """A paper that a member may read from his sheet now; raises NotFound."""
    paper = await paper_of(sheet, panel, terms, texts("en"))
    found = next((one for one in paper.papers if one.id == attachment_id), None)
    if found is None or sheet.state == "RECUSED":
        raise NotFound()
    return found
