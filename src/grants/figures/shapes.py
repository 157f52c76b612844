"""The shape of a body: single fields and tables of like rows, read off its model.

A body is what the model dumps to JSON; the same shape holds what was typed into its form, where
every field is a text under its path: `tiers.0.up_to_fen`, `rules.names_agree.level`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from annotated_types import MaxLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from grants.figures.words import Titles, Words
from grants.kernel.identity import GRANTED, ROLE_TITLES, Permission, Role
from grants.kernel.money import Fen, yuan_text


class Widget(StrEnum):
    """How a field is entered and read."""

    NUMBER = "number"
    AMOUNT = "amount"
    PERCENT = "percent"
    DAY = "day"
    MOMENT = "moment"
    FLAG = "flag"
    CHOICE = "choice"
    TEXT = "text"
    LONG = "long"
    PICKS = "picks"
    CHAIN = "chain"


@dataclass(frozen=True)
class Leaf:
    """One field: its value as the model dumps it, or the text that was typed.

    `title` is what it is called, `hint` what helps to fill it in; `optional` ones may be left
    empty, `most` is how many characters a text may have.
    """

    path: str
    name: str
    title: str
    widget: Widget
    value: Any
    options: Titles = field(default_factory=dict)
    optional: bool = False
    hint: str = ""
    most: int = 300

    @property
    def text(self) -> str:
        """What stands in the field of a form."""
        if self.value is None:
            return ""
        if self.widget is Widget.AMOUNT and isinstance(self.value, int):
            return yuan_text(Fen(self.value))
        if self.widget is Widget.PERCENT and isinstance(self.value, int):
            return percent_text(self.value)
        if self.widget is Widget.MOMENT:
            return str(self.value)[:16]
        return str(self.value)

    @property
    def chosen(self) -> Sequence[str]:
        """What is chosen of a field that takes several."""
        return [str(one) for one in self.value or ()]


def percent_text(permille: int) -> str:
    """400 is "40", 155 is "15.5"."""
    whole, tenth = divmod(permille, 10)
    return f"{whole}.{tenth}" if tenth else str(whole)


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

    Where it is one of several under its field, `group` is what that field is called.
    """

    path: str
    name: str
    title: str
    rows: Sequence[Row]
    group: str = ""
    grows: bool = False


@dataclass(frozen=True)
class Shape:
    """A body: its single fields, then its tables; `tones` of values that are shown as marks."""

    leaves: Sequence[Leaf]
    sheets: Sequence[Sheet]
    tones: Titles = field(default_factory=dict)

    def every_leaf(self) -> Iterator[Leaf]:
        """All fields, those of the tables too, in reading order."""
        yield from self.leaves
        for sheet in self.sheets:
            for row in sheet.rows:
                yield from row.leaves


def shape_of(
    model: type[BaseModel],
    body: Mapping[str, Any],
    words: Words,
    standing: Mapping[str, Any] | None = None,
) -> Shape:
    """The shape of `body`; rows that always stand are those known here and in `standing`."""
    return _Reader(words).shape(model, body, standing or body)


@dataclass(frozen=True)
class _Reader:
    """Reads shapes in one vocabulary."""

    words: Words

    def shape(
        self, model: type[BaseModel], body: Mapping[str, Any], standing: Mapping[str, Any]
    ) -> Shape:
        leaves: list[Leaf] = []
        sheets: list[Sheet] = []
        for name, about in model.model_fields.items():
            held, known = body.get(name), standing.get(name)
            row_model, depth = _row_model(about.annotation)
            title = self.words.fields.get(name, name)
            if row_model is None:
                leaves.append(self._leaf(name, name, about, held))
            elif depth == 0:
                sheets.append(self._growing(name, row_model, held))
            elif depth == 1:
                titles = self.words.keys.get(name, {})
                rows = self._standing_rows(name, row_model, held, known, titles)
                sheets.append(Sheet(name, name, title, rows))
            else:
                sheets += self._groups(name, row_model, held, known)
        return Shape(leaves, sheets, self.words.tones)

    def _growing(self, name: str, row_model: type[BaseModel], held: Any) -> Sheet:
        """A list: in a body a sequence, in what was typed a mapping of places."""
        rows = list(held or ())
        if isinstance(held, Mapping):
            rows = [held[place] for place in sorted((p for p in held if p.isdecimal()), key=int)]
        made = [
            self._row(f"{name}.{n}", "", "", row_model, _mapping(one)) for n, one in enumerate(rows)
        ]
        named = [self._named(name, row, place) for place, row in enumerate(made, start=1)]
        return Sheet(name, name, self.words.fields.get(name, name), named, grows=True)

    def _named(self, name: str, row: Row, place: int) -> Row:
        """A row that grows is known by its code, or by its place where it has none."""
        return replace(row, key=_code(row) or str(place), title=self.words.rows.get(name, ""))

    def _standing_rows(
        self, path: str, row_model: type[BaseModel], held: Any, known: Any, titles: Titles
    ) -> list[Row]:
        inner = _mapping(held)
        return [
            self._row(
                f"{path}.{key}", key, titles.get(key, key), row_model, _mapping(inner.get(key))
            )
            for key in _keys(titles, known)
        ]

    def _groups(self, name: str, row_model: type[BaseModel], held: Any, known: Any) -> list[Sheet]:
        """One table for each outer key: the fund kinds of one kind of award."""
        titles, inner = self.words.keys.get(name, {}), self.words.inner_keys.get(name, {})
        cells, stand = _mapping(held), _mapping(known)
        group = self.words.fields.get(name, name)
        return [
            Sheet(
                path := f"{name}.{key}",
                name,
                titles.get(key, key),
                self._standing_rows(path, row_model, cells.get(key), stand.get(key), inner),
                group=group,
            )
            for key in _keys(titles, known)
        ]

    def _row(
        self, path: str, key: str, title: str, row_model: type[BaseModel], held: Mapping[str, Any]
    ) -> Row:
        leaves = []
        for name, about in row_model.model_fields.items():
            default = None if about.is_required() else about.default
            if about.annotation is bool and held:
                default = False  # a box that is not ticked is not sent
            value = held.get(name, self.words.absent.get(name, default))
            leaves.append(self._leaf(f"{path}.{name}", name, about, value))
        return Row(path, key, title, leaves)

    def _leaf(self, path: str, name: str, about: FieldInfo, value: Any) -> Leaf:
        plain, optional = _without_none(about.annotation)
        widget, options = _widget(name, plain, self.words)
        if widget not in (Widget.PICKS, Widget.CHAIN) and isinstance(value, list):
            value = value[-1] if value else None  # as it was typed: every field is a list of texts
        title, hint = self.words.fields.get(name, name), self.words.hints.get(name, "")
        most = _most_characters(about, widget)
        return Leaf(path, name, title, widget, value, options, optional, hint, most)


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


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (UnionType, Union):
        kinds = [one for one in get_args(annotation) if one is not NoneType]
        return kinds[0], len(kinds) < len(get_args(annotation))
    return annotation, False


def _code(row: Row) -> str:
    return next((leaf.text for leaf in row.leaves if leaf.name == "code"), "")


def _mapping(held: Any) -> Mapping[str, Any]:
    return held if isinstance(held, Mapping) else {}


def _keys(titles: Titles, known: Any) -> list[str]:
    return [*titles, *(key for key in _mapping(known) if key not in titles)]


def _most_characters(about: FieldInfo, widget: Widget) -> int:
    """How many characters a text may have, where the model says it."""
    said = next((one.max_length for one in about.metadata if isinstance(one, MaxLen)), None)
    return said or (5000 if widget is Widget.LONG else 300)


#: Widgets of plain types.
_BY_TYPE = {bool: Widget.FLAG, int: Widget.NUMBER, date: Widget.DAY, datetime: Widget.MOMENT}
#: Widgets of fields whose unit stands last in their name.
_BY_UNIT = {"_fen": Widget.AMOUNT, "_permille": Widget.PERCENT}


def _widget(name: str, annotation: Any, words: Words) -> tuple[Widget, Titles]:
    """How a field is entered, and what it offers."""
    options = words.choices.get(name, {})
    for unit, widget in _BY_UNIT.items():
        if name.endswith(unit):
            return widget, options
    if _is_sequence(annotation):
        if get_args(annotation)[0] is Role:
            ordered = name == "chain"
            return Widget.CHAIN if ordered else Widget.PICKS, _roles(words.holders[name])
        return Widget.PICKS, options
    if options:
        return Widget.CHOICE, options
    if name in words.long:
        return Widget.LONG, options
    return _BY_TYPE.get(annotation, Widget.TEXT), options


def _roles(permission: Permission) -> Titles:
    return {role: ROLE_TITLES[role] for role in Role if permission in GRANTED[role]}
