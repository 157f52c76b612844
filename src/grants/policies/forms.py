"""What people enter when they propose a version: day, basis, and the body field by field."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from litestar.datastructures import FormMultiDict
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from grants.kernel.errors import N_, Refusal
from grants.kernel.money import fen_from_yuan
from grants.platform.forms import Day, Said, Trimmed, said
from grants.policies.rules import money_stays_guarded
from grants.policies.shapes import Leaf, Shape, Widget, shape_of

_MOST_ROWS = 200


class VersionForm(BaseModel):
    """From when, on what basis, how well founded, and why."""

    starts_on: Day
    legal_basis: Annotated[Trimmed, Field(min_length=4, max_length=300)]
    mark: Literal["seed", "V", "V-x", "K", "D"]
    reason: Annotated[Trimmed, Field(min_length=5, max_length=500)]


class DecisionForm(BaseModel):
    """Approve or withdraw, as seen in one version of the page."""

    seen_version: int


class ReasonForm(DecisionForm):
    """Reject or take back, with a reason."""

    reason: Annotated[Trimmed, Field(min_length=5, max_length=500)]


@dataclass(frozen=True)
class TypedBody:
    """A body as it was typed: `body` is None where something is wrong, `faults` say what."""

    shape: Shape
    body: BaseModel | None
    faults: Mapping[str, Said]


def body_typed(
    form: FormMultiDict, model: type[BaseModel], standing: Mapping[str, Any], act: str = ""
) -> TypedBody:
    """The body that `form` fills, field by field under its path.

    `standing` is the body it starts from, `act` adds or removes a row: "add:tiers",
    "remove:tiers.2".
    """
    tree = _rows_changed(_tree(form), act)
    shape = shape_of(model, tree, standing)
    plain: dict[str, Any] = {}
    faults: dict[str, Said] = {}
    for leaf in shape.every_leaf():
        try:
            _put(plain, leaf.path, _read(leaf))
        except Refusal as refusal:
            faults[leaf.path] = Said(refusal.message, refusal.params)
    if faults:
        return TypedBody(shape, None, faults)
    return _validated(shape, model, _listed(plain, shape))


def _validated(shape: Shape, model: type[BaseModel], plain: dict[str, Any]) -> TypedBody:
    try:
        body = model.model_validate(plain)
    except ValidationError as error:
        places = {leaf.path for leaf in shape.every_leaf()}
        faults: dict[str, Said] = {}
        for found in error.errors():
            faults.setdefault(_place(found["loc"], places), said(found))
        return TypedBody(shape, None, faults)
    unguarded = money_stays_guarded(body)
    if unguarded:
        path, refusal = unguarded
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
    if leaf.widget is Widget.AMOUNT:
        return fen_from_yuan(text) if text else None
    if leaf.widget is Widget.NUMBER:
        if not (text.isdecimal() and len(text) < 10):
            raise Refusal("form.number", N_("Enter a whole number."))
        return int(text)
    if leaf.widget is Widget.CHOICE and text not in leaf.options:
        raise Refusal("form.choice", N_("Choose one."))
    return text if leaf.widget is Widget.CHOICE else _TEXT.validate_python(leaf.text)


_TEXT: TypeAdapter[str] = TypeAdapter(Annotated[Trimmed, Field(max_length=300)])
