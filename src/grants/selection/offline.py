"""Scoring away from the network: a sheet to take along, and what it brings back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grants.calls.terms import CallTerms
from grants.kernel.errors import N_, Refusal, RuleBroken
from grants.kernel.identity import Actor
from grants.kernel.money import Fen, fen_from_yuan
from grants.platform.sheet_output import Column, write_sheet
from grants.platform.sheets import read_sheet
from grants.platform.texts import Texts
from grants.selection import queries, scoring
from grants.selection.queries import Sheet
from grants.selection.scoring import Given

_NUMBER, _TITLE, _AMOUNT, _COMMENT, _DEFENCE = (
    N_("Number"),
    N_("Project"),
    N_("Suggested amount"),
    N_("Comment"),
    N_("Defence"),
)


def write_offline(sheets: Sequence[Sheet], terms: CallTerms, texts: Texts) -> bytes:
    """An xlsx with a line for each application: points, words at the extremes, the amount."""
    columns = [
        Column("number", texts.text(_NUMBER), width=16),
        Column("title", texts.text(_TITLE), width=36),
    ]
    for one in terms.rubric:
        columns.append(Column(one.code, f"{one.name}（0–{one.points}）", "int", 14))
        columns.append(Column(f"{one.code}_words", _words_of(one.name, texts), width=24))
    columns.append(Column("amount", texts.text(_AMOUNT), "yuan"))
    columns.append(Column("comment", texts.text(_COMMENT), width=30))
    if terms.defence:
        columns.append(Column("defence", texts.text(_DEFENCE), "int"))
    lines = []
    for sheet in sheets:
        line: dict[str, object] = {"number": sheet.number, "title": sheet.title}
        for one in terms.rubric:
            line[one.code] = sheet.points.get(one.code)
            line[f"{one.code}_words"] = sheet.comments.get(one.code, "")
        line["amount"] = sheet.suggested_fen if sheet.suggests else None
        line["comment"] = sheet.comment
        line["defence"] = sheet.defence
        lines.append(line)
    return write_sheet(texts.text(N_("Score sheet")), columns, lines)


def _words_of(name: str, texts: Texts) -> str:
    return texts.text(N_("{criterion}: why"), criterion=name)


@dataclass(frozen=True)
class Outcome:
    """What became of one line: the application's number and the refusal, if any."""

    number: str
    refusal: Refusal | None


async def take_offline(
    actor: Actor, panel_id: int, terms: CallTerms, name: str, content: bytes, texts: Texts
) -> list[Outcome]:
    """Read a sheet back, line by line through the same checks as the page.

    A line that is refused leaves its sheet as it was. Raises RuleBroken for a file that is no
    such sheet.
    """
    seat = await queries.own_seat(actor, panel_id)
    by_number = {one.number: one for one in await queries.sheets_of_member(seat.id)}
    read = read_sheet(name, content)
    heads = {head: place for place, head in enumerate(read.headers)}
    if texts.text(_NUMBER) not in heads:
        raise RuleBroken("offline.not_ours", N_("This is not the sheet that was downloaded here."))
    outcomes = []
    for row in read.rows:
        cells = {head: row.cells[place] for head, place in heads.items()}
        number = cells[texts.text(_NUMBER)].strip()
        if not number:
            continue
        sheet = by_number.get(number)
        if sheet is None:
            unknown = RuleBroken("offline.unknown", N_("This application is not on your list."))
            outcomes.append(Outcome(number, unknown))
            continue
        try:
            given = _given(cells, terms, texts)
            await scoring.save_sheet(actor, sheet.id, given, seen_version=sheet.version)
            outcomes.append(Outcome(number, None))
        except Refusal as refusal:
            outcomes.append(Outcome(number, refusal))
    return outcomes


def _given(cells: Mapping[str, str], terms: CallTerms, texts: Texts) -> Given:
    """What a line gives; empty cells leave open. Raises RuleBroken for what is no number."""
    points, comments = {}, {}
    for one in terms.rubric:
        text = cells.get(f"{one.name}（0–{one.points}）", "").strip()
        if text:
            points[one.code] = _whole(text, one.name)
        comments[one.code] = cells.get(_words_of(one.name, texts), "")
    amount = cells.get(texts.text(_AMOUNT), "").strip()
    defence = cells.get(texts.text(_DEFENCE), "").strip()
    return Given(
        points,
        comments,
        Fen(fen_from_yuan(amount)) if amount else None,
        cells.get(texts.text(_COMMENT), ""),
        _whole(defence, texts.text(_DEFENCE)) if defence else None,
    )


def _whole(text: str, name: str) -> int:
    plain = text.removesuffix(".0").removesuffix(".00")
    if not (plain.isascii() and plain.isdecimal() and len(plain) < 4):
        raise RuleBroken(
            "offline.points",
            N_("{criterion}: “{text}” is no whole number."),
            criterion=name,
            text=text[:20],
        )
    return int(plain)
