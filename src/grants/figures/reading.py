"""A body as people read it: facts and tables in their language, never JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grants.figures.differences import said, title_of_row
from grants.figures.shapes import Leaf, Row, Shape, Sheet, Widget
from grants.platform.texts import Texts

#: Fields that are numbers to the reader.
_NUMERIC = (Widget.AMOUNT, Widget.NUMBER, Widget.PERCENT, Widget.DAY, Widget.MOMENT)


@dataclass(frozen=True)
class Cell:
    """One cell: its words, a tone where it is shown as a mark, and what stands small below."""

    text: str
    tone: str | None = None
    small: str = ""
    numeric: bool = False


@dataclass(frozen=True)
class Table:
    """A table with its heads; `corner` heads the first column, `name` is the field's.

    `has_names`: its rows are called by names, not by their place.
    """

    name: str
    title: str
    corner: str
    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]
    has_names: bool = False


@dataclass(frozen=True)
class Readable:
    """A body in words: short facts, longer texts, tables."""

    facts: Sequence[tuple[str, str]]
    prose: Sequence[tuple[str, str]]
    tables: Sequence[Table]

    def named(self, *names: str) -> list[Table]:
        """The tables of these fields, in this order; those without rows are left out."""
        by_name = {one.name: one for one in self.tables if one.rows}
        return [by_name[name] for name in names if name in by_name]


def readable(shape: Shape, texts: Texts) -> Readable:
    """Single fields as facts, rows as tables, tables of one field side by side as a matrix."""
    tables = [_table(sheet, shape, texts) for sheet in shape.sheets if not sheet.group]
    grouped: dict[str, list[Sheet]] = {}
    for sheet in shape.sheets:
        if sheet.group:
            grouped.setdefault(sheet.group, []).append(sheet)
    tables += [_matrix(group, sheets, shape, texts) for group, sheets in grouped.items()]
    spoken = [(leaf, (texts.text(leaf.title), said(leaf, texts))) for leaf in shape.leaves]
    return Readable(
        [pair for leaf, pair in spoken if leaf.widget is not Widget.LONG],
        [pair for leaf, pair in spoken if leaf.widget is Widget.LONG],
        tables,
    )


def _table(sheet: Sheet, shape: Shape, texts: Texts) -> Table:
    first = sheet.rows[0].leaves if sheet.rows else []
    heading = ("code", "name") if sheet.grows else ("code",)
    shown = [leaf for leaf in first if leaf.name not in heading]
    return Table(
        sheet.name,
        texts.text(sheet.title),
        texts.text(sheet.title),
        [texts.text(leaf.title) for leaf in shown],
        [
            (
                _heading_of(row, texts),
                [_cell(leaf, shape, texts) for leaf in row.leaves if leaf.name not in heading],
            )
            for row in sheet.rows
        ],
        has_names=sheet.grows and any(leaf.name == "name" for leaf in first),
    )


def _heading_of(row: Row, texts: Texts) -> str:
    """The name of a row, after its code where it has one; its title where it has no name."""
    by_name = {leaf.name: leaf.text for leaf in row.leaves}
    if not by_name.get("name"):
        return title_of_row(row, texts)
    return f"{by_name.get('code', '')} {by_name['name']}".strip()


def _cell(leaf: Leaf, shape: Shape, texts: Texts) -> Cell:
    tone = shape.tones.get(str(leaf.value)) if leaf.widget is Widget.CHOICE else None
    return Cell(said(leaf, texts), tone, numeric=leaf.widget in _NUMERIC)


def _matrix(group: str, sheets: Sequence[Sheet], shape: Shape, texts: Texts) -> Table:
    return Table(
        sheets[0].name,
        texts.text(group),
        texts.text(group),
        [title_of_row(row, texts) for row in sheets[0].rows],
        [
            (texts.text(sheet.title), [_crossing(row, shape, texts) for row in sheet.rows])
            for sheet in sheets
        ],
    )


def _crossing(row: Row, shape: Shape, texts: Texts) -> Cell:
    """One cell of a matrix: the verdict as a mark, its note and how well founded it is below."""
    by_name = {leaf.name: leaf for leaf in row.leaves}
    small = [said(by_name[name], texts) for name in ("note", "mark") if by_name[name].value]
    verdict = _cell(by_name["verdict"], shape, texts)
    return Cell(verdict.text, verdict.tone, " · ".join(small))


def labels_of(shape: Shape, texts: Texts) -> dict[str, str]:
    """What each field and table is called in a summary of errors: its row before its name."""
    found = {leaf.path: texts.text(leaf.title) for leaf in shape.leaves}
    for sheet in shape.sheets:
        found[sheet.path] = texts.text(sheet.title)
        for row in sheet.rows:
            for leaf in row.leaves:
                named = f"{title_of_row(row, texts)} · {texts.text(leaf.title)}"
                found[leaf.path] = f"{found[sheet.path]} · {named}" if sheet.group else named
    return found
