"""The funding line: variants side by side, and one of them where every change shows at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.calls import queries as calls
from grants.calls.queries import Round
from grants.calls.terms import CallTerms
from grants.calls.workflow import RoundState
from grants.decisions import queries, variants
from grants.decisions.forms import VariantForm, choice_in
from grants.decisions.queries import Variant
from grants.decisions.rules import Drawn, Outcome, Place, draw_line
from grants.kernel.errors import N_, NotFound, Refusal
from grants.kernel.identity import Permission as P
from grants.platform.access import actor_of
from grants.platform.forms import FormErrors, faulty, parse, row_id
from grants.platform.pages import language_of, page, redirect, texts_of
from grants.selection.ranking import Ranking, ranking_of

R = Request[Any, Any, Any]

PLACES = {
    Place.FUNDED: (N_("Funded"), "good"),
    Place.RESERVE: (N_("Reserve"), "warn"),
    Place.BELOW: (N_("Below the mark"), ""),
    Place.DROPPED: (N_("Left out"), "bad"),
}


@dataclass(frozen=True)
class Difference:
    """An application on which variants do not agree, with its place in each."""

    application_id: int
    title: str
    category: str
    drawn: Sequence[Drawn]


async def round_of_line(round_id: int) -> tuple[Round, CallTerms, Ranking]:
    """A round with its terms and its ranking; raises NotFound before it is published."""
    found = await calls.round_of(round_id)
    if found.terms is None:
        raise NotFound()
    return found, found.terms, await ranking_of(round_id, found.terms)


def _differences(outcomes: Sequence[Outcome], ranking: Ranking) -> list[Difference]:
    titles = {line.ranked.application_id: line.title for line in ranking.lines}
    found = []
    for drawn in zip(*(one.lines for one in outcomes), strict=True):
        if len({(one.place, one.amount_fen) for one in drawn}) > 1:
            standing = drawn[0].standing
            found.append(
                Difference(
                    standing.application_id,
                    titles[standing.application_id],
                    standing.category,
                    drawn,
                )
            )
    return found


@get("/rounds/{round_id:int}/line", permission=P.PANEL_SEE)
async def compare(request: R, round_id: FromPath[int]) -> Response[str]:
    """The variants of a round side by side."""
    return await _compare(request, round_id)


async def _compare(request: R, round_id: int, errors: FormErrors | None = None) -> Response[str]:
    found, terms, ranking = await round_of_line(round_id)
    made = await queries.variants_of(round_id)
    standings = queries.standings_of(ranking, terms)
    outcomes = [draw_line(standings, one.choice) for one in made]
    return page(
        request,
        "decisions/variants.html",
        422 if errors else 200,
        round=found,
        terms=terms,
        ranking=ranking,
        variants=list(zip(made, outcomes, strict=True)),
        differences=_differences(outcomes, ranking) if len(made) > 1 else [],
        ceiling_fen=await queries.ceiling_fen(terms),
        open=found.state == RoundState.REVIEW,
        places=PLACES,
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
    )


@post("/rounds/{round_id:int}/variants", permission=P.PANEL_EDIT, status_code=303)
async def begin(request: R, round_id: FromPath[int]) -> Response[Any]:
    """Begin a variant, or copy one."""
    parsed = parse(await request.form(), VariantForm)
    if isinstance(parsed, FormErrors):
        return await _compare(request, round_id, parsed)
    try:
        variant_id = await variants.begin_variant(
            actor_of(request), round_id, parsed.name, copied=parsed.copied
        )
    except Refusal as refusal:
        if refusal.code != "line.name_taken":
            raise
        return await _compare(request, round_id, faulty("name", refusal, {"name": parsed.name}))
    return redirect(f"/variants/{variant_id}")


@get("/variants/{variant_id:int}", permission=P.PANEL_SEE)
async def show(request: R, variant_id: FromPath[int]) -> Response[str]:
    """One variant: its line through the ranking."""
    return await _show(request, await queries.variant(variant_id))


async def _show(
    request: R,
    variant: Variant,
    template: str = "decisions/variant.html",
    errors: FormErrors | None = None,
) -> Response[str]:
    found, terms, ranking = await round_of_line(variant.round_id)
    standings = queries.standings_of(ranking, terms)
    outcome = draw_line(standings, variant.choice)
    return page(
        request,
        template,
        422 if errors else 200,
        round=found,
        terms=terms,
        ranking=ranking,
        variant=variant,
        outcome=outcome,
        lines={one.ranked.application_id: one for one in ranking.lines},
        ceiling_fen=await queries.ceiling_fen(terms),
        may_edit=found.state == RoundState.REVIEW and actor_of(request).may(P.PANEL_EDIT),
        places=PLACES,
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
    )


async def _kept(request: R, variant_id: int) -> tuple[str, Refusal] | None:
    """Keep what the form sets; or the field, empty where it is none, and what stands against it."""
    form = await request.form()
    given = choice_in(form)
    if isinstance(given, tuple):
        return given
    seen_version = row_id(form.get("version", "")) or 0
    try:
        await variants.choose(actor_of(request), variant_id, given, seen_version=seen_version)
    except Refusal as refusal:
        return str(refusal.params.get("field", "")), refusal
    return None


@post("/variants/{variant_id:int}", permission=P.PANEL_EDIT, status_code=303)
async def save(request: R, variant_id: FromPath[int]) -> Response[Any]:
    """Keep a variant, where the page could not do it by itself."""
    await queries.variant(variant_id)
    fault = await _kept(request, variant_id)
    if fault:
        field, refusal = fault
        if not field:
            raise refusal
        typed = {name: str(value) for name, value in (await request.form()).items()}
        return await _show(
            request, await queries.variant(variant_id), errors=faulty(field, refusal, typed)
        )
    return redirect(f"/variants/{variant_id}", N_("Saved."))


@post("/variants/{variant_id:int}/keep", permission=P.PANEL_EDIT, status_code=200)
async def keep(request: R, variant_id: FromPath[int]) -> Response[str]:
    """Keep a variant on every change; answers the pieces of the page that follow from it."""
    await queries.variant(variant_id)
    fault = await _kept(request, variant_id)
    if fault:
        refusal = fault[1]
        said = texts_of(request).text(refusal.message, **refusal.params)
        return page(request, "decisions/_refused.html", refused=said)
    return await _show(request, await queries.variant(variant_id), "decisions/_outcome.html")


@post("/variants/{variant_id:int}/discard", permission=P.PANEL_EDIT, status_code=303)
async def discard(request: R, variant_id: FromPath[int]) -> Response[Any]:
    """Throw a variant away."""
    round_id = await variants.discard(actor_of(request), variant_id)
    return redirect(f"/rounds/{round_id}/line", N_("Discarded."))


ROUTES = [compare, begin, show, save, keep, discard]
