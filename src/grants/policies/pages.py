"""Pages of the rules and figures: what holds, what held, what is decided for later."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from grants.figures.differences import Difference, differences, said
from grants.figures.reading import readable
from grants.figures.shapes import shape_of
from grants.figures.words import MARKS
from grants.kernel import calendar
from grants.kernel.errors import NotFound
from grants.kernel.identity import Permission as P
from grants.platform.access import actor_of
from grants.platform.pages import page, texts_of
from grants.policies import queries
from grants.policies.kinds import KINDS, Kind, kind_of
from grants.policies.queries import Version
from grants.policies.workflow import ProposalState

R = Request[Any, Any, Any]

TONES = {"PROPOSED": "now", "APPROVED": "good", "REJECTED": "bad", "WITHDRAWN": ""}


@get("/policies", permission=P.POLICY_SEE)
async def index(request: R) -> Response[str]:
    """Every kind with the version in force, and what waits or lies ahead."""
    today = calendar.today()
    versions = await queries.versions()
    waiting = {one.kind: one for one in await queries.proposals(state=ProposalState.PROPOSED)}
    rows = [
        {
            "kind": kind,
            "current": _current(versions, kind),
            "ahead": [v for v in versions if v.kind == kind.name and v.starts_on > today],
            "waiting": waiting.get(kind.name),
        }
        for kind in KINDS.values()
    ]
    return page(request, "policies/list.html", rows=rows, marks=MARKS, today=today)


def _current(versions: list[Version], kind: Kind) -> Version | None:
    today = calendar.today()
    return next((v for v in versions if v.kind == kind.name and v.holds_on(today)), None)


@get("/policies/{kind:str}", permission=P.POLICY_SEE)
async def show_kind(request: R, kind: FromPath[str]) -> Response[str]:
    """One kind: the version in force in words, and all versions."""
    about = kind_of(kind)
    versions = await queries.versions(kind)
    current = _current(versions, about)
    waiting = await queries.proposals(kind=kind, state=ProposalState.PROPOSED)
    return page(
        request,
        "policies/kind.html",
        kind=about,
        versions=versions,
        current=current,
        read=_read(request, about, current) if current else None,
        waiting=waiting[0] if waiting else None,
        may_propose=actor_of(request).may(P.POLICY_EDIT),
        marks=MARKS,
        today=calendar.today(),
    )


@get("/policies/{kind:str}/versions/{version_id:int}", permission=P.POLICY_SEE)
async def show_version(request: R, kind: FromPath[str], version_id: FromPath[int]) -> Response[str]:
    """One version: what it says, and what it changed."""
    about = kind_of(kind)
    versions = await queries.versions(kind)
    place = next((n for n, one in enumerate(versions) if one.id == version_id), None)
    if place is None:
        raise NotFound()
    version, before = versions[place], versions[place + 1] if place + 1 < len(versions) else None
    return page(
        request,
        "policies/version.html",
        kind=about,
        version=version,
        before=before,
        changes=said_changes(
            request, differences(about.model, before.body, version.body, about.words)
        )
        if before
        else [],
        read=_read(request, about, version),
        marks=MARKS,
        today=calendar.today(),
    )


def _read(request: R, kind: Kind, version: Version) -> object:
    return readable(shape_of(kind.model, version.body, kind.words), texts_of(request))


def said_changes(request: R, found: list[Difference]) -> list[tuple[str, str, str]]:
    """Where, before and after, in the reader's words."""
    texts = texts_of(request)
    return [(one.where(texts), said(one.before, texts), said(one.after, texts)) for one in found]


ROUTES = [index, show_kind, show_version]
