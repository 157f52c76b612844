"""The shape of a policy's body: single fields and tables of like rows, read off its model.

A body is what the model dumps to JSON; the same shape holds what was typed into its form, where
every field is a text under its path: `tiers.0.up_to_fen`, `rules.names_agree.level`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from grants.kernel.identity import GRANTED, ROLE_TITLES, Permission, Role
from grants.kernel.money import Fen, yuan_text
from grants.policies.words import CHOICES, FUND_KINDS, KEYS

Options = Mapping[str, str]


class Widget(StrEnum):
    """How a field is entered and read."""

    NUMBER = "number"
    AMOUNT = "amount"
    FLAG = "flag"
    CHOICE = "choice"
    TEXT = "text"
    PICKS = "picks"
    CHAIN = "chain"


@dataclass(frozen=True)
class Leaf:
    """One field: its value as the model dumps it, or the text that was typed."""

    path: str
    name: str
    widget: Widget
    value: Any
    options: Options = field(default_factory=dict)

    @property
    def text(self) -> str:
        """What stands in the field of a form."""
        if self.value is None:
            return ""
        if self.widget is Widget.AMOUNT and isinstance(self.value, int):
            return yuan_text(Fen(self.value))
        return str(self.value)

    @property
    def chosen(self) -> Sequence[str]:
        """What is chosen of a field that takes several."""
        return [str(one) for one in self.value or ()]


@dataclass(frozen=True)
class Row:
    """One row of a table; `key` names it, whatever its place."""

    path: str
    key: str
    title: str
    leaves: Sequence[Leaf]


@dataclass(frozen=True)
class Sheet:
    """A table of like rows under one field; rows may be added where `grows`.

    `title` is a message id where the sheet is one of several under its field.
    """

    path: str
    name: str
    rows: Sequence[Row]
    title: str = ""
    grows: bool = False


@dataclass(frozen=True)
class Shape:
    """A body: its single fields, then its tables."""

    leaves: Sequence[Leaf]
    sheets: Sequence[Sheet]

    def every_leaf(self) -> Iterator[Leaf]:
        """All fields, those of the tables too, in reading order."""
        yield from self.leaves
        for sheet in self.sheets:
            for row in sheet.rows:
                yield from row.leaves


def shape_of(
    model: type[BaseModel], body: Mapping[str, Any], standing: Mapping[str, Any] | None = None
) -> Shape:
    """The shape of `body`; rows that always stand are those known here and in `standing`."""
    leaves: list[Leaf] = []
    sheets: list[Sheet] = []
    for name, about in model.model_fields.items():
        held = body.get(name)
        known = (standing or body).get(name)
        row_model, depth = _row_model(about.annotation)
        if row_model is None:
            leaves.append(_leaf(name, name, about.annotation, held))
        elif depth == 0:
            sheets.append(_growing(name, row_model, held))
        elif depth == 1:
            rows = _standing_rows(name, row_model, held, known, KEYS.get(name, {}))
            sheets.append(Sheet(name, name, rows))
        else:
            sheets += _groups(name, row_model, held, known)
    return Shape(leaves, sheets)


def _row_model(annotation: Any) -> tuple[type[BaseModel] | None, int]:
    """The model of a table's rows, and how many keys lead to one; None for a single field."""
    depth = 0
    while get_origin(annotation) is not None and issubclass(_origin(annotation), Mapping):
        annotation, depth = get_args(annotation)[1], depth + 1
    if depth == 0 and _is_sequence(annotation):
        annotation = get_args(annotation)[0]
    found = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return (annotation, depth) if found else (None, 0)


def _origin(annotation: Any) -> type:
    origin = get_origin(annotation)
    return origin if isinstance(origin, type) else object


def _is_sequence(annotation: Any) -> bool:
    return issubclass(_origin(annotation), Sequence)


def _growing(name: str, row_model: type[BaseModel], held: Any) -> Sheet:
    """A list: in a body a sequence, in what was typed a mapping of places."""
    rows = list(held or ())
    if isinstance(held, Mapping):
        rows = [held[place] for place in sorted((p for p in held if p.isdecimal()), key=int)]
    made = [_row(f"{name}.{n}", "", "", row_model, _mapping(one)) for n, one in enumerate(rows)]
    return Sheet(name, name, [replace(row, key=_code(row)) for row in made], grows=True)


def _code(row: Row) -> str:
    return next((leaf.text for leaf in row.leaves if leaf.name == "code"), "")


def _mapping(held: Any) -> Mapping[str, Any]:
    return held if isinstance(held, Mapping) else {}


def _standing_rows(
    path: str, row_model: type[BaseModel], held: Any, known: Any, titles: Mapping[str, str]
) -> list[Row]:
    inner = _mapping(held)
    return [
        _row(f"{path}.{key}", key, titles.get(key, key), row_model, _mapping(inner.get(key)))
        for key in _keys(titles, known)
    ]


def _keys(titles: Mapping[str, str], known: Any) -> list[str]:
    return [*titles, *(key for key in _mapping(known) if key not in titles)]


def _groups(name: str, row_model: type[BaseModel], held: Any, known: Any) -> list[Sheet]:
    """One table for each outer key: the fund kinds of one kind of award."""
    titles, cells, stand = KEYS.get(name, {}), _mapping(held), _mapping(known)
    return [
        Sheet(
            path := f"{name}.{key}",
            name,
            _standing_rows(path, row_model, cells.get(key), stand.get(key), FUND_KINDS),
            title=titles.get(key, key),
        )
        for key in _keys(titles, known)
    ]


def _row(
    path: str, key: str, title: str, row_model: type[BaseModel], held: Mapping[str, Any]
) -> Row:
    leaves = []
    for name, about in row_model.model_fields.items():
        default = None if about.is_required() else about.default
        value = held.get(name, _ABSENT.get(name, default))
        leaves.append(_leaf(f"{path}.{name}", name, about.annotation, value))
    return Row(path, key, title, leaves)


#: What a row that stands in no body says: an unknown check stops, an unknown cell denies.
_ABSENT = {"level": "blocking", "verdict": "deny"}


def _leaf(path: str, name: str, annotation: Any, value: Any) -> Leaf:
    widget, options = Widget.TEXT, CHOICES.get(name, {})
    if name.endswith("_fen"):
        widget = Widget.AMOUNT
    elif annotation is bool:
        widget = Widget.FLAG
    elif annotation is int:
        widget = Widget.NUMBER
    elif _is_sequence(annotation) and get_args(annotation)[0] is Role:
        widget = Widget.CHAIN if name == "chain" else Widget.PICKS
        options = _roles(Permission.PAYMENT_APPROVE if name == "chain" else Permission.GATE_WAIVE)
    elif _is_sequence(annotation):
        widget = Widget.PICKS
    elif options:
        widget = Widget.CHOICE
    if widget not in (Widget.PICKS, Widget.CHAIN) and isinstance(value, list):
        value = value[-1] if value else None  # as it was typed: every field is a list of texts
    return Leaf(path, name, widget, value, options)


def _roles(permission: Permission) -> Options:
    return {role: ROLE_TITLES[role] for role in Role if permission in GRANTED[role]}
