"""A body as it is typed into a form: every field a text under its path."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from litestar.datastructures import FormMultiDict
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from grants.figures.shapes import Leaf, Shape, Widget, shape_of
from grants.figures.words import Words
from grants.kernel.errors import N_, Refusal
from grants.kernel.money import fen_from_yuan
from grants.platform.forms import Day, Moment, Said, Trimmed, said

_MOST_ROWS = 200

#: A rule of the whole body: the path it belongs to and the reason, or None.
Objection = Callable[[Any], tuple[str, Refusal] | None]


@dataclass(frozen=True)
class TypedBody:
    """A body as it was typed: `body` is None where something is wrong, `faults` say what."""

    shape: Shape
    body: BaseModel | None
    faults: Mapping[str, Said]


def body_typed(
    form: FormMultiDict,
    model: type[BaseModel],
    words: Words,
    standing: Mapping[str, Any],
    act: str = "",
    *,
    objection: Objection = lambda body: None,
) -> TypedBody:
    """The body that `form` fills, field by field under its path.

    `standing` is the body it starts from, `act` adds or removes a row: "add:tiers",
    "remove:tiers.2".
    """
    tree = _rows_changed(_tree(form), act)
    shape = shape_of(model, tree, words, standing)
    plain: dict[str, Any] = {}
    faults: dict[str, Said] = {}
    for leaf in shape.every_leaf():
        try:
            _put(plain, leaf.path, _read(leaf))
        except Refusal as refusal:
            faults[leaf.path] = Said(refusal.message, refusal.params)
        except ValidationError as error:
            faults[leaf.path] = said(error.errors()[0])
    if faults:
        return TypedBody(shape, None, faults)
    return _validated(shape, model, _listed(plain, shape), objection)


def _validated(
    shape: Shape, model: type[BaseModel], plain: dict[str, Any], objection: Objection
) -> TypedBody:
    try:
        body = model.model_validate(plain)
    except ValidationError as error:
        places = {leaf.path for leaf in shape.every_leaf()}
        faults: dict[str, Said] = {}
        for found in error.errors():
            faults.setdefault(_place(found["loc"], places), said(found))
        return TypedBody(shape, None, faults)
    against = objection(body)
    if against:
        path, refusal = against
        return TypedBody(shape, None, {path: Said(refusal.message, refusal.params)})
    return TypedBody(shape, body, {})


def _place(loc: tuple[int | str, ...], places: set[str]) -> str:
    """The field that a finding of the model belongs to; the whole body where it is none."""
    for end in range(len(loc), 0, -1):
        path = ".".join(str(part) for part in loc[:end])
        if path in places or end == 1:
            return path
    return "body"


def _tree(form: FormMultiDict) -> dict[str, Any]:
    """Names with dots as a tree; every leaf is the list of its values."""
    tree: dict[str, Any] = {}
    for name in dict.fromkeys(form.keys()):
        values = [one for one in form.getall(name) if isinstance(one, str)]
        if name.count(".") <= 4:
            _put(tree, name, values)
    return tree


def _put(tree: dict[str, Any], path: str, value: object) -> None:
    *folders, last = path.split(".")
    for folder in folders:
        inner = tree.setdefault(folder, {})
        if not isinstance(inner, dict):
            return
        tree = inner
    tree[last] = value


def _rows_changed(tree: dict[str, Any], act: str) -> dict[str, Any]:
    """A row more at the end, or one row less; nothing for any other act."""
    verb, _, path = act.partition(":")
    name, _, place = path.partition(".")
    rows = tree.get(name)
    rows = rows if isinstance(rows, dict) else {}
    if verb == "add" and len(rows) < _MOST_ROWS:
        following = max((int(key) for key in rows if key.isdecimal()), default=-1) + 1
        return {**tree, name: {**rows, str(following): {}}}
    if verb == "remove":
        return {**tree, name: {key: row for key, row in rows.items() if key != place}}
    return tree


def _listed(plain: dict[str, Any], shape: Shape) -> dict[str, Any]:
    """Rows that grow become a list again."""
    for sheet in shape.sheets:
        if sheet.grows:
            rows = plain.get(sheet.path, {})
            plain[sheet.path] = [rows[key] for key in sorted(rows, key=int)]
    return plain


def _read(leaf: Leaf) -> object:
    """A field's value for the model; raises the refusal that belongs beside it."""
    if leaf.widget is Widget.FLAG:
        return bool(leaf.value)
    if leaf.widget in (Widget.PICKS, Widget.CHAIN):
        chosen = [one for one in leaf.chosen if one]
        if any(one not in leaf.options for one in chosen):
            raise Refusal("form.choice", N_("Choose one."))
        return chosen if leaf.widget is Widget.CHAIN else list(dict.fromkeys(chosen))
    text = unicodedata.normalize("NFKC", leaf.text).strip()
    if not text and (leaf.optional or leaf.widget is Widget.AMOUNT):
        return None
    if leaf.widget is Widget.CHOICE and text not in leaf.options:
        raise Refusal("form.choice", N_("Choose one."))
    if leaf.widget in _READERS:
        return _READERS[leaf.widget](text)
    if leaf.widget is Widget.CHOICE:
        return text
    return (_LONG if leaf.widget is Widget.LONG else _TEXT).validate_python(leaf.text)


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise Refusal("form.number", N_("Enter a whole number."))
    return int(text)


def _permille(text: str) -> int:
    found = re.fullmatch(r"([0-9]{1,4})(?:\.([0-9]))? ?%?", text)
    if found is None:
        raise Refusal("form.percent", N_("Enter a percentage like 40 or 12.5."))
    return int(found[1]) * 10 + int(found[2] or 0)


_DAY: TypeAdapter[Any] = TypeAdapter(Day)
_MOMENT: TypeAdapter[Any] = TypeAdapter(Moment)
_READERS: Mapping[Widget, Callable[[str], object]] = {
    Widget.AMOUNT: fen_from_yuan,
    Widget.NUMBER: _number,
    Widget.PERCENT: _permille,
    Widget.DAY: _DAY.validate_python,
    Widget.MOMENT: _MOMENT.validate_python,
}
_TEXT: TypeAdapter[str] = TypeAdapter(Annotated[Trimmed, Field(max_length=300)])
_LONG: TypeAdapter[str] = TypeAdapter(Annotated[Trimmed, Field(max_length=5000)])
