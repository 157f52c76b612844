"""Text files of cells: their encoding, their separator, and what protects a cell from Excel."""

from __future__ import annotations

import csv
import io
import re

from grants.kernel.errors import N_, RuleBroken
from grants.platform.sheet_parts import Place

EDGES = " \t\r\n\u00a0\u3000\ufeff\u200b"
"""What may surround a text without being part of it."""


def decode_text(content: bytes) -> str:
    """Decode UTF-8, UTF-16 with its mark, or GB18030.

    Example: the bytes of a Chinese bank file, GB18030 without any mark, come out as text.

    Raises RuleBroken `sheet.undecodable` with the line, `sheet.cut_off` where UTF-8 text ends
    inside a character.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _checked(_decode(content, "utf-16"))
    if b"\0" in content:
        raise _undecodable(content[: content.index(b"\0")].count(b"\n") + 1)
    try:
        return _checked(content.decode("utf-8-sig"))
    except UnicodeDecodeError as problem:
        if _mostly_utf8(content):
            if problem.end >= len(content) and problem.reason == "unexpected end of data":
                raise _cut_off() from problem
            raise _undecodable(content.count(b"\n", 0, problem.start) + 1) from problem
    return _checked(_decode(content, "gb18030"))


def _decode(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as problem:
        raise _undecodable(content.count(b"\n", 0, problem.start) + 1) from problem


def _mostly_utf8(content: bytes) -> bool:
    """Tell damaged UTF-8 from GB18030, which hardly ever forms UTF-8 characters by chance."""
    text = content.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    right = sum(1 for character in text[:100_000] if character > "\x7f") - wrong
    return right > 4 * wrong or content.startswith(b"\xef\xbb\xbf")


def _checked(text: str) -> str:
    match = re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffd\ufffe\uffff]", text)
    if match:
        raise _undecodable(text.count("\n", 0, match.start()) + 1)
    return text.removeprefix("\ufeff")


def _undecodable(line: int) -> RuleBroken:
    return RuleBroken(
        "sheet.undecodable",
        N_("The text in line {line} is in no known encoding. Save the file as UTF-8 or GB18030."),
        line=line,
    )


def _cut_off() -> RuleBroken:
    return RuleBroken("sheet.cut_off", N_("The file ends in the middle of a value. Send it again."))


_QUOTED = re.compile(r'"(?:[^"]|"")*"?')
_SCIENTIFIC = re.compile(r"[+-]?\d(?:\.\d+)?[Ee]\+?\d{2,3}")
_AS_TEXT = re.compile(r'="([^"]*)"')
_NEUTRALISED = re.compile(r"'+[=+\-@\t\r]")


def _separator(text: str) -> str:
    """The sign that stands in most of the first lines; of several, the most frequent one."""
    lines = _QUOTED.sub("", "\n".join(text[:20_000].splitlines()[:20])).splitlines()

    def weight(sign: str) -> tuple[int, int]:
        counts = [line.count(sign) for line in lines]
        return sum(map(bool, counts)), sum(counts)

    return max(",;\t|", key=weight)


def _csv_text(cell: str) -> str:
    """Undo what protects a cell from Excel: ="0012", a leading apostrophe, a leading tab."""
    as_text = _AS_TEXT.fullmatch(cell.strip(EDGES))
    if as_text:
        cell = as_text[1]
    if _NEUTRALISED.match(cell):
        cell = cell[1:]
    return cell.strip(EDGES)


def csv_lines(text: str, max_lines: int) -> list[tuple[int, tuple[str, ...]]]:
    """Split csv text into (line number, cells), without empty lines, at most `max_lines` + 1.

    The separator is whichever of comma, semicolon, tab and bar stands in most of the first
    lines. Raises RuleBroken `sheet.cut_off` where a quotation never ends, `sheet.bad_quotes`.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    lines: list[tuple[int, tuple[str, ...]]] = []
    line = 1
    try:
        for values in reader:
            cells = tuple(map(_csv_text, values))
            if any(cells):
                lines.append((line, cells))
            if len(lines) > max_lines:
                break
            line = reader.line_num + 1
    except csv.Error as problem:
        if "unexpected end of data" in str(problem):
            raise _cut_off() from problem
        raise RuleBroken(
            "sheet.bad_quotes",
            N_("Line {line} has quotation marks in the wrong place."),
            line=line,
        ) from problem
    return lines


def digits_lost(lines: list[tuple[int, tuple[str, ...]]]) -> frozenset[Place]:
    """Find numbers a spreadsheet shortened before it saved the text: 6.22202E+18."""
    return frozenset(
        (line, column)
        for line, cells in lines
        for column, cell in enumerate(cells)
        if "+" in cell and _SCIENTIFIC.fullmatch(cell)
    )
