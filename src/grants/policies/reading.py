"""A policy as people read it: facts and tables in their language, never JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grants.platform.texts import Texts
from grants.policies.differences import said, title_of_row, title_of_sheet
from grants.policies.shapes import Leaf, Row, Shape, Sheet, Widget
from grants.policies.words import FIELDS

TONES = {
    "allow": "good",
    "purpose": "now",
    "document": "now",
    "deny": "bad",
    "blocking": "",
    "warning": "warn",
    "off": "",
}


@dataclass(frozen=True)
class Cell:
    """One cell: its words, a tone where it is shown as a mark, and what stands small below."""

    text: str
    tone: str | None = None
    small: str = ""
    numeric: bool = False


@dataclass(frozen=True)
class Table:
    """A table with its heads; `corner` heads the first column."""

    title: str
    corner: str
    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]


@dataclass(frozen=True)
class Readable:
    """A body in words."""

    facts: Sequence[tuple[str, str]]
    tables: Sequence[Table]


def readable(shape: Shape, texts: Texts) -> Readable:
    """Single fields as facts, rows as tables, tables of one field side by side as a matrix."""
    tables = [_table(sheet, texts) for sheet in shape.sheets if not sheet.title]
    grouped: dict[str, list[Sheet]] = {}
    for sheet in shape.sheets:
        if sheet.title:
            grouped.setdefault(sheet.name, []).append(sheet)
    tables += [_matrix(name, sheets, texts) for name, sheets in grouped.items()]
    return Readable([(label(leaf, texts), said(leaf, texts)) for leaf in shape.leaves], tables)


def label(leaf: Leaf, texts: Texts) -> str:
    """What a field is called."""
    return texts.text(FIELDS.get(leaf.name, leaf.name))


def _table(sheet: Sheet, texts: Texts) -> Table:
    shown = [leaf.name for leaf in sheet.rows[0].leaves if leaf.name != "code"]
    return Table(
        title_of_sheet(sheet, texts),
        texts.text(FIELDS[sheet.name]),
        [texts.text(FIELDS.get(name, name)) for name in shown],
        [
            (
                title_of_row(sheet, row, texts),
                [_cell(leaf, texts) for leaf in row.leaves if leaf.name in shown],
            )
            for row in sheet.rows
        ],
    )


def _cell(leaf: Leaf, texts: Texts) -> Cell:
    tone = TONES.get(str(leaf.value)) if leaf.name in ("level", "verdict") else None
    return Cell(said(leaf, texts), tone, numeric=leaf.widget in (Widget.AMOUNT, Widget.NUMBER))


def _matrix(name: str, sheets: Sequence[Sheet], texts: Texts) -> Table:
    return Table(
        texts.text(FIELDS[name]),
        texts.text(FIELDS[name]),
        [title_of_row(sheets[0], row, texts) for row in sheets[0].rows],
        [
            (title_of_sheet(sheet, texts), [_crossing(row, texts) for row in sheet.rows])
            for sheet in sheets
        ],
    )


def _crossing(row: Row, texts: Texts) -> Cell:
    """One cell of a matrix: the verdict as a mark, its note and how well founded it is below."""
    by_name = {leaf.name: leaf for leaf in row.leaves}
    small = [said(by_name[name], texts) for name in ("note", "mark") if by_name[name].value]
    verdict = _cell(by_name["verdict"], texts)
    return Cell(verdict.text, verdict.tone, " · ".join(small))
