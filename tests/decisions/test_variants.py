"""Variants of the line: begun, changed, copied, compared, discarded; never above the money."""

from __future__ import annotations

import re

import pytest

from grants.decisions import queries, variants
from grants.decisions.forms import choice_in
from grants.decisions.rules import Choice, Place, draw_line
from grants.kernel.errors import Conflict, NotAllowed, NotFound, RuleBroken
from grants.kernel.identity import Role
from grants.kernel.money import Fen
from grants.selection import queries as selection
from tests.app import browsing, send
from tests.world import YUAN, World
from tests.world_selection import opened_panel, scoring_panel

pytestmark = pytest.mark.usefixtures("empty")


async def reviewed() -> tuple[World, int, list[int]]:
    """A round with two scored applications of category A."""
    world, panel_id, _, made = await opened_panel()
    return world, (await selection.panel(panel_id)).round_id, made


def spending(yuan: int, **changes: object) -> Choice:
    return Choice.model_validate({"budget_fen": yuan * YUAN, **changes})


async def test_a_variant_begins_with_what_the_call_says_and_keeps_every_change() -> None:
    world, round_id, made = await reviewed()
    officer = world[Role.OFFICER]
    variant_id = await variants.begin_variant(officer, round_id, "方案一")
    begun = await queries.variant(variant_id)
    assert begun.choice.budget_fen > 0 and not begun.choice.floors
    choice = spending(50_000, amounts={made[0]: 40_000 * YUAN})
    version = await variants.choose(officer, variant_id, choice, seen_version=begun.version)
    kept = await queries.variant(variant_id)
    assert (kept.version, kept.choice) == (version, choice)


async def test_two_who_change_one_variant_do_not_overwrite_each_other() -> None:
    world, round_id, _ = await reviewed()
    officer = world[Role.OFFICER]
    variant_id = await variants.begin_variant(officer, round_id, "方案一")
    await variants.choose(officer, variant_id, spending(50_000), seen_version=1)
    with pytest.raises(Conflict, match="Somebody changed this variant"):
        await variants.choose(officer, variant_id, spending(60_000), seen_version=1)
    assert (await queries.variant(variant_id)).choice.budget_fen == 50_000 * YUAN


async def test_a_variant_never_has_more_than_the_call_and_its_line() -> None:
    world, round_id, _ = await reviewed()
    variant_id = await variants.begin_variant(world[Role.OFFICER], round_id, "方案一")
    most = (await queries.variant(variant_id)).choice.budget_fen
    above = Choice(budget_fen=Fen(most + 1))
    with pytest.raises(RuleBroken, match="may be decided on"):
        await variants.choose(world[Role.OFFICER], variant_id, above, seen_version=1)


async def test_a_copy_begins_as_its_original_and_goes_its_own_way() -> None:
    world, round_id, _ = await reviewed()
    officer = world[Role.OFFICER]
    first = await variants.begin_variant(officer, round_id, "方案一")
    await variants.choose(officer, first, spending(50_000), seen_version=1)
    second = await variants.begin_variant(officer, round_id, "方案二", copied=first)
    await variants.choose(officer, second, spending(70_000), seen_version=1)
    assert [one.choice.budget_fen for one in await queries.variants_of(round_id)] == [
        50_000 * YUAN,
        70_000 * YUAN,
    ]
    with pytest.raises(Conflict, match="this name"):
        await variants.begin_variant(officer, round_id, "方案二")
    assert await variants.discard(officer, first) == round_id
    assert [one.id for one in await queries.variants_of(round_id)] == [second]


async def test_variants_are_drawn_by_the_office_out_of_a_review_of_the_same_round() -> None:
    world, round_id, _ = await reviewed()
    with pytest.raises(NotAllowed):
        await variants.begin_variant(world[Role.SECTION_HEAD], round_id, "方案一")
    with pytest.raises(NotFound):
        await variants.begin_variant(world[Role.OFFICER], round_id, "方案一", copied=99)


async def test_sealed_scores_are_not_in_the_line() -> None:
    world, panel_id, _, _ = await scoring_panel()
    round_id = (await selection.panel(panel_id)).round_id
    async with browsing(world[Role.OFFICER]) as client:
        text = (await client.get(f"/rounds/{round_id}/line")).text
        assert "sealed until every member has signed" in text and "Draw the line" not in text


def test_a_form_sets_a_choice_and_names_the_field_that_it_cannot_read() -> None:
    choice = choice_in(
        {
            "budget": "１２万",
            "share": "90",
            "places.A": "3",
            "floor.B": " ",
            "amount.7": "5.5万",
            "amount.8": "0",
            "csrf_token": "x",
        }
    )
    assert isinstance(choice, Choice)
    assert choice.budget_fen == 120_000 * YUAN and choice.share_permille == 900
    assert choice.places == {"A": 3} and not choice.floors
    assert choice.amounts == {7: 55_000 * YUAN} and choice.dropped == {8}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("share", "0"),
        ("share", "101"),
        ("share", "²"),
        ("places.A", "-1"),
        ("floor.A", "9" * 30),
        ("budget", "1.234"),
        ("amount.7", "很多"),
        ("amount.7", "-5"),
    ],
)
def test_what_is_no_figure_is_refused_at_its_field(field: str, text: str) -> None:
    found = choice_in({"budget": "5万", field: text})
    assert isinstance(found, tuple) and found[0] == field


async def test_the_officer_moves_the_line_and_sees_at_once_who_gets_what() -> None:
    world, round_id, made = await reviewed()
    async with browsing(world[Role.OFFICER]) as client:
        got = await send(client, f"/rounds/{round_id}/variants", {"name": "方案一"})
        assert got.status_code == 303
        path = got.headers["location"]
        assert (await client.get(path)).status_code == 200
        form = {"version": "1", "budget": "50,000", "share": "100", f"amount.{made[0]}": "0"}
        kept = await send(client, f"{path}/keep", form)
        assert kept.status_code == 200 and "Left out" in kept.text
        assert "1 left out by hand" in kept.text
        assert re.search(r'name="version" value="2"', kept.text)
        again = await send(client, f"{path}/keep", form)
        assert "Not saved" in again.text and "Somebody changed this variant" in again.text
        wrong = await send(client, path, {**form, "version": "2", "share": "abc"})
        assert wrong.status_code == 422 and "whole number from 1 to 100" in wrong.text
        above = await send(client, path, {**form, "version": "2", "budget": "9999万"})
        assert above.status_code == 422 and "may be decided on" in above.text
        nonsense = await send(client, path, {**form, "version": "9" * 5000})
        assert nonsense.status_code == 409
        saved = await send(client, path, {**form, "version": "2"})
        assert saved.status_code == 303
        await send(client, f"/rounds/{round_id}/variants", {"name": "方案二"})
        both = (await client.get(f"/rounds/{round_id}/line")).text
        assert "Where they differ" in both and "方案二" in both
        taken = await send(client, f"/rounds/{round_id}/variants", {"name": "方案二"})
        assert taken.status_code == 422 and "this name" in taken.text


async def test_a_head_of_section_reads_the_variants_and_changes_nothing() -> None:
    world, round_id, _ = await reviewed()
    variant_id = await variants.begin_variant(world[Role.OFFICER], round_id, "方案一")
    async with browsing(world[Role.SECTION_HEAD]) as client:
        assert (await client.get(f"/variants/{variant_id}")).status_code == 200
        got = await send(client, f"/variants/{variant_id}", {"version": "1", "budget": "1万"})
        assert got.status_code == 403
    outcome = draw_line([], (await queries.variant(variant_id)).choice)
    assert outcome.count(Place.FUNDED) == 0 and (await queries.variant(variant_id)).version == 1
