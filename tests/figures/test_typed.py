"""Bodies typed field by field: every kind of field is read as people write it, or refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import pytest
from litestar.datastructures import FormMultiDict
from pydantic import BaseModel

from grants.figures.differences import differences, said
from grants.figures.shapes import Widget, shape_of
from grants.figures.typed import TypedBody, body_typed
from grants.figures.words import Words
from grants.kernel.calendar import ZONE
from grants.kernel.money import Fen
from grants.platform.texts import texts


class Part(BaseModel):
    code: str
    most_permille: int | None = None
    unit_cap_fen: Fen | None = None


class Terms(BaseModel):
    title: str
    summary: str
    starts_on: date
    closes_at: datetime
    places: int | None = None
    cap_fen: Fen
    parts: tuple[Part, ...]


WORDS = Words(fields={"title": "Title"}, rows={"parts": "Part {key}"}, long=frozenset({"summary"}))
TYPED = {
    "title": "公益创投",
    "summary": "一\n二",
    "starts_on": "2026年11月2日",
    "closes_at": "2026-11-20T17:00",
    "places": "",
    "cap_fen": "6万",
    "parts.0.code": "L1",
    "parts.0.most_permille": "12.5",
    "parts.0.unit_cap_fen": "",
}


def typed(form: Mapping[str, str]) -> TypedBody:
    return body_typed(FormMultiDict(list(form.items())), Terms, WORDS, {})


def test_every_kind_of_field_is_read_as_it_is_written() -> None:
    body = typed(TYPED).body
    assert body == Terms(
        title="公益创投",
        summary="一\n二",
        starts_on=date(2026, 11, 2),
        closes_at=datetime(2026, 11, 20, 17, tzinfo=ZONE),
        places=None,
        cap_fen=Fen(60_000_00),
        parts=(Part(code="L1", most_permille=125),),
    )


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("title", "长" * 301),
        ("summary", "长" * 5001),
        ("starts_on", "2026-02-30"),
        ("closes_at", "tomorrow"),
        ("closes_at", ""),
        ("places", "٣"),
        ("places", "-1"),
        ("cap_fen", "1.234"),
        ("cap_fen", ""),
        ("parts.0.most_permille", "12.55"),
        ("parts.0.most_permille", "٣"),
        ("parts.0.most_permille", "half"),
    ],
)
def test_what_cannot_be_read_is_said_beside_its_field(path: str, text: str) -> None:
    found = typed({**TYPED, path: text})
    assert found.body is None
    assert list(found.faults) == [path]


def test_what_was_typed_stands_in_the_form_again() -> None:
    body = typed(TYPED).body
    assert body is not None
    shape = shape_of(Terms, body.model_dump(mode="json"), WORDS)
    stands = {leaf.path: leaf.text for leaf in shape.every_leaf()}
    assert stands == {**TYPED, "starts_on": "2026-11-02", "cap_fen": "60,000.00"}
    assert {leaf.name: leaf.widget for leaf in shape.leaves}["closes_at"] is Widget.MOMENT


def test_a_difference_is_said_in_the_unit_of_its_field() -> None:
    before, after = typed(TYPED).body, typed({**TYPED, "parts.0.most_permille": "15"}).body
    assert before is not None and after is not None
    dumped = [one.model_dump(mode="json") for one in (before, after)]
    (found,) = differences(Terms, dumped[0], dumped[1], WORDS)
    english = texts("en")
    assert found.where(english) == "Part L1 · most_permille"
    assert (said(found.before, english), said(found.after, english)) == ("12.5%", "15%")
