"""What changed from one version to the next, and how a field is said, in words of the reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from grants.figures.shapes import Leaf, Row, Shape, Sheet, Widget, percent_text, shape_of
from grants.figures.words import Words
from grants.kernel.errors import N_
from grants.kernel.money import Fen, yuan_text
from grants.platform.texts import Texts

#: A message id, or a text, with what fills it; parameters may be sayings themselves.
Saying = tuple[str, Mapping[str, object]]


@dataclass(frozen=True)
class Difference:
    """One field that differs; `before` or `after` is None where the row is new or gone."""

    path: str
    before: Leaf | None
    after: Leaf | None
    sheet: Sheet | None = None
    row: Row | None = None

    def where(self, texts: Texts) -> str:
        """The path in words: "Tier T2 · Up to"."""
        leaf = self.after or self.before
        parts = [texts.text(self.sheet.title)] if self.sheet and self.sheet.group else []
        parts += [title_of_row(self.row, texts)] if self.row else []
        return " · ".join([*parts, texts.text(leaf.title)]) if leaf else ""


def title_of_row(row: Row, texts: Texts) -> str:
    """What a row is called: by its title, which may name its key, else by its key."""
    return texts.text(row.title or "{key}", key=row.key or "—")


def said(leaf: Leaf | None, texts: Texts) -> str:
    """A field's value as people read it: yuan, titles of roles, yes and no."""
    if leaf is None:
        return "—"
    value = leaf.value
    if leaf.widget is Widget.AMOUNT:
        if value is None:
            return texts.text(N_("without limit"))
        return texts.text(N_("{amount} yuan"), amount=yuan_text(Fen(value)))
    if leaf.widget is Widget.PERCENT:
        return "—" if value is None else f"{percent_text(value)}%"
    if leaf.widget is Widget.MOMENT:
        return str(value)[:16].replace("T", " ")
    if leaf.widget is Widget.FLAG:
        return texts.text(N_("yes") if value else N_("no"))
    if leaf.widget is Widget.CHOICE:
        return texts.text(leaf.options.get(str(value), str(value)))
    if leaf.widget in (Widget.PICKS, Widget.CHAIN):
        between = " → " if leaf.widget is Widget.CHAIN else texts.text(N_(", "))
        titles = [texts.text(leaf.options.get(one, one)) for one in standing(leaf)]
        return between.join(titles) or texts.text(N_("nobody or nothing"))
    return str(value) if value not in (None, "") else "—"


def standing(leaf: Leaf) -> Sequence[str]:
    """What is chosen, in the order of the options where order means nothing."""
    if leaf.widget is Widget.CHAIN:
        return leaf.chosen
    places = list(leaf.options)
    return sorted(leaf.chosen, key=lambda one: places.index(one) if one in places else 99)


def differences(
    model: type[BaseModel], before: Mapping[str, Any], after: Mapping[str, Any], words: Words
) -> list[Difference]:
    """Every field that differs between two bodies, rows compared by their key.

    Example: repeat_days from 90 to 120 is one difference, "Days …": "90" and "120".
    """
    old = _placed(shape_of(model, before, words))
    new = _placed(shape_of(model, after, words))
    found = []
    for path in [*new, *(path for path in old if path not in new)]:
        one, other = old.get(path), new.get(path)
        if one and other and _value(one[0]) == _value(other[0]):
            continue
        leaf, sheet, row = other or one or (None, None, None)
        if leaf is not None:
            found.append(
                Difference(path, one[0] if one else None, other[0] if other else None, sheet, row)
            )
    return found


_Placed = tuple[Leaf, Sheet | None, Row | None]


def _placed(shape: Shape) -> dict[str, _Placed]:
    """Each field under a path that names growing rows by key, not by place."""
    found: dict[str, _Placed] = {leaf.path: (leaf, None, None) for leaf in shape.leaves}
    for sheet in shape.sheets:
        for row in sheet.rows:
            for leaf in row.leaves:
                kind = next((one.value for one in row.leaves if one.name == "kind"), "")
                path = f"{sheet.path}.{row.key}.{kind}.{leaf.name}" if sheet.grows else leaf.path
                found[path] = (leaf, sheet, row)
    return found


def _value(leaf: Leaf) -> object:
    if leaf.widget in (Widget.PICKS, Widget.CHAIN):
        return list(standing(leaf))
    return leaf.value
