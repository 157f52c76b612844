"""What the parts of an xlsx or ods file say before anything reads its values.

A workbook is a zip of XML. Its cells can be few in the file and billions in memory, its
formulas can lack the value a person would see, and its display format can add zeros that the
stored number lacks. `look_into_xlsx` and `look_into_ods` find all that in one bounded pass.
"""

from __future__ import annotations

import io
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from xml.parsers import expat

from grants.kernel.errors import N_, RuleBroken

Place = tuple[int, int]
"""Line number as the sheet shows it (from 1) and column (from 0: A)."""

MAX_UNPACKED_BYTES = 200 * 1024 * 1024
MAX_PARTS = 2_000
MAX_CELLS = 2_000_000
MAX_AREA = 8_000_000
MAX_TEXT_CHARS = 200_000_000

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ZIP_PROBLEMS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    EOFError,
    OSError,
    ValueError,
)
_ZEROS = re.compile(r"0{2,31}")
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")

Attributes = dict[str, str]


def column_letters(column: int) -> str:
    """Name a column as the sheet shows it: 0 is "A", 27 is "AB"."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def cell_name(place: Place) -> str:
    """Name a cell as the sheet shows it: (7, 1) is "B7"."""
    return f"{column_letters(place[1])}{place[0]}"


@dataclass
class Look:
    """One worksheet, as far as its values alone do not tell."""

    name: str
    hidden: bool = False
    cells: int = 0
    rows: set[int] = field(default_factory=set)
    last_line: int = 0
    last_column: int = 0
    text_chars: int = 0
    merged: list[tuple[Place, Place]] = field(default_factory=list)
    without_value: list[Place] = field(default_factory=list)
    errors: list[Place] = field(default_factory=list)
    hidden_lines: set[int] = field(default_factory=set)
    shown_digits: dict[Place, int] = field(default_factory=dict)
    """How many digits a format of zeros shows: 000123 for 123 under `000000`."""

    def count(self, line: int, column: int, *, times: int = 1) -> None:
        """Add cells with content."""
        self.cells += times
        if line > self.last_line:
            self.last_line = line
        if column > self.last_column:
            self.last_column = column

    def check_size(self) -> None:
        """Refuse what would not fit into memory. Raises RuleBroken `sheet.too_many_cells`."""
        if (
            self.cells > MAX_CELLS
            or self.last_line * (self.last_column + 1) > MAX_AREA
            or self.text_chars > MAX_TEXT_CHARS
        ):
            raise RuleBroken(
                "sheet.too_many_cells",
                N_("The sheet {sheet} spreads over too many cells; copy the list to a new file."),
                sheet=self.name,
            )


def damaged() -> RuleBroken:
    """The one refusal for files that were cut off or changed on their way."""
    return RuleBroken(
        "sheet.damaged",
        N_("The file is damaged or was cut off on its way. Save and send it again."),
    )


def _walk(
    part: bytes,
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Walk one XML part; names come without their prefix. A document type is refused."""
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def no_doctype(*_: object) -> None:
        raise damaged()

    parser.StartDoctypeDeclHandler = no_doctype
    parser.StartElementHandler = start
    if end:
        parser.EndElementHandler = end
    if text:
        parser.CharacterDataHandler = text
    try:
        parser.Parse(part, True)
    except (expat.ExpatError, ValueError, LookupError) as problem:
        raise damaged() from problem


def open_parts(content: bytes) -> dict[str, bytes]:
    """Unpack the XML parts of a zipped workbook.

    Raises RuleBroken `sheet.damaged`, `sheet.password` or, where the parts together would
    pass 200 MB, `sheet.zip_bomb`. zipfile stops at the size a part declares, so a part that
    lies about its size ends as damaged.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = package.infolist()
            size = sum(part.file_size for part in parts)
            if size > MAX_UNPACKED_BYTES or len(parts) > MAX_PARTS:
                raise RuleBroken(
                    "sheet.zip_bomb",
                    N_("The file unpacks to {size_mb} MB; at most {max_mb} MB are read."),
                    size_mb=size // (1024 * 1024),
                    max_mb=MAX_UNPACKED_BYTES // (1024 * 1024),
                )
            if any(part.flag_bits & 1 for part in parts):
                raise RuleBroken("sheet.password", PASSWORD)
            if any(part.compress_type not in _METHODS for part in parts):
                raise damaged()
            return {
                part.filename.replace("\\", "/").lstrip("/"): package.read(part)
                for part in parts
                if part.filename.endswith((".xml", ".rels", "mimetype"))
            }
    except _ZIP_PROBLEMS as problem:
        raise damaged() from problem


PASSWORD = N_("The file is protected by a password. Save it without one.")


def pack_again(parts: dict[str, bytes]) -> bytes:
    """Pack the parts anew, so that the next reader meets only what was measured here."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as package:
        for name, part in parts.items():
            package.writestr(zipfile.ZipInfo(name), part)
    return packed.getvalue()


# xlsx


def xlsx_sheets(parts: dict[str, bytes]) -> list[tuple[str, bool, str]]:
    """List the worksheets: name, whether hidden, name of the part."""
    targets: dict[str, str] = {}
    sheets: list[tuple[str, bool, str]] = []

    def relation(name: str, attributes: Attributes) -> None:
        if name.endswith("Relationship"):
            target = attributes.get("Target", "").replace("\\", "/")
            path = target if target.startswith("/") else posixpath.join("xl", target)
            targets[attributes.get("Id", "")] = posixpath.normpath(path).lstrip("/")

    def sheet(name: str, attributes: Attributes) -> None:
        if name.rpartition(":")[2] != "sheet":
            return
        relation_id = next((v for k, v in attributes.items() if k.endswith(":id")), "")
        hidden = attributes.get("state", "visible") != "visible"
        sheets.append((attributes.get("name", ""), hidden, targets.get(relation_id, "")))

    _walk(parts["xl/_rels/workbook.xml.rels"], relation)
    _walk(parts["xl/workbook.xml"], sheet)
    return [s for s in sheets if s[2] in parts and "chartsheet" not in s[2]]


def _styles_of_zeros(parts: dict[str, bytes]) -> dict[str, int]:
    """Map the styles whose format is only zeros to the digits they show."""
    formats: dict[str, int] = {}
    styles: list[int] = []
    inside: list[bool] = []

    def start(name: str, attributes: Attributes) -> None:
        name = name.rpartition(":")[2]
        if name == "numFmt" and _ZEROS.fullmatch(attributes.get("formatCode", "")):
            formats[attributes.get("numFmtId", "")] = len(attributes["formatCode"])
        elif name == "cellXfs":
            inside.append(True)
        elif name == "xf" and inside:
            styles.append(formats.get(attributes.get("numFmtId", ""), 0))

    def end(name: str) -> None:
        if name.endswith("cellXfs"):
            inside.clear()

    if "xl/styles.xml" in parts:
        _walk(parts["xl/styles.xml"], start, end)
    return {str(index): digits for index, digits in enumerate(styles) if digits}


def _shared_lengths(parts: dict[str, bytes]) -> list[int]:
    """Measure the shared strings: one long text can stand in a million cells."""
    lengths: list[int] = []
    current = 0

    def end(name: str) -> None:
        nonlocal current
        if name == "si" or name.endswith(":si"):
            lengths.append(current)
            current = 0

    def text(data: str) -> None:
        nonlocal current
        current += len(data)

    name = next((p for p in parts if p.lower() == "xl/sharedstrings.xml"), None)
    if name:
        _walk(parts[name], lambda *_: None, end, text)
    return lengths


def place_of(reference: str) -> Place:
    """Read a cell reference: "B7" is (7, 1). Raises RuleBroken `sheet.damaged`."""
    match = _REFERENCE.fullmatch(reference)
    if not match:
        raise damaged()
    return int(match[2]), _column_of(match[1])


@lru_cache(maxsize=1024)
def _column_of(letters: str) -> int:
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column - 1


class _XlsxWalk:
    """Collect a `Look` from the events of one worksheet part."""

    def __init__(self, look: Look, zeros: dict[str, int], lengths: list[int]) -> None:
        self.look, self.zeros, self.lengths = look, zeros, lengths
        self.line, self.column = 0, -1
        self.type = self.style = self.value = ""
        self.formula = self.in_value = False

    def start(self, name: str, attributes: Attributes) -> None:
        if ":" in name:
            name = name.rpartition(":")[2]
        if name == "c":
            self._cell(attributes)
        elif name in ("v", "t"):
            self.in_value = True
        elif name == "f":
            self.formula = True
        elif name == "row":
            self.line = int(attributes.get("r", self.line + 1))
            self.column = -1
            if attributes.get("hidden") in ("1", "true"):
                self.look.hidden_lines.add(self.line)
        elif name == "mergeCell":
            first, _, last = attributes["ref"].partition(":")
            self.look.merged.append((place_of(first), place_of(last or first)))

    def _cell(self, attributes: Attributes) -> None:
        if "r" in attributes:
            self.line, self.column = place_of(attributes["r"])
        else:
            self.column += 1
        self.type = attributes.get("t", "n")
        self.style = attributes.get("s", "")
        self.value = ""
        self.formula = False

    def text(self, data: str) -> None:
        if self.in_value:
            self.value += data

    def end(self, name: str) -> None:
        if ":" in name:
            name = name.rpartition(":")[2]
        if name in ("v", "t"):
            self.in_value = False
        elif name == "c":
            self._close()
        elif name == "row":
            self.look.check_size()

    def _close(self) -> None:
        look, place = self.look, (self.line, self.column)
        if not self.value:
            if self.formula and self.type != "str":
                look.without_value.append(place)
                look.rows.add(self.line)
            return
        if self.type == "s":
            look.text_chars += self.lengths[int(self.value)]
        elif self.type == "e":
            look.errors.append(place)
        elif self.style in self.zeros and self.type == "n":
            look.shown_digits[place] = self.zeros[self.style]
        look.rows.add(self.line)
        look.count(self.line, self.column)


def look_into_xlsx(parts: dict[str, bytes], name: str, hidden: bool, part: str) -> Look:
    """Look into one worksheet. Raises RuleBroken `sheet.damaged`, `sheet.too_many_cells`."""
    look = Look(name, hidden)
    walk = _XlsxWalk(look, _styles_of_zeros(parts), _shared_lengths(parts))
    _walk(parts[part], walk.start, walk.end, walk.text)
    return look


# ods


class _OdsWalk:
    """Collect one `Look` per table from the events of content.xml."""

    def __init__(self) -> None:
        self.looks: list[Look] = []
        self.line = self.column = 0
        self.row_times = self.cell_times = 1
        self.attributes: Attributes = {}
        self.chars = 0

    def start(self, name: str, attributes: Attributes) -> None:
        name = name.rpartition(":")[2]
        error = attributes.get("calcext:value-type") == "error"
        attributes = {key.rpartition(":")[2]: value for key, value in attributes.items()}
        if error:
            attributes["value-type"] = "error"
        if name == "table":
            self.looks.append(Look(attributes.get("name", "")))
            self.line, self.row_times = 1, 0
        elif name == "table-row":
            self.line, self.column = self.line + self.row_times, 0
            self.row_times = int(attributes.get("number-rows-repeated", 1))
            if attributes.get("visibility", "visible") != "visible" and self.row_times < 1000:
                self.looks[-1].hidden_lines.update(range(self.line, self.line + self.row_times))
        elif name in ("table-cell", "covered-table-cell"):
            self.attributes, self.chars = attributes, 0
            self.cell_times = int(attributes.get("number-columns-repeated", 1))

    def text(self, data: str) -> None:
        self.chars += len(data.strip())

    def end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        if name in ("table-cell", "covered-table-cell") and self.looks:
            self._close(self.looks[-1])
            self.column += self.cell_times

    def _close(self, look: Look) -> None:
        cell, place = self.attributes, (self.line, self.column)
        lines, columns = (
            int(cell.get(f"number-{kind}-spanned", 1)) for kind in ("rows", "columns")
        )
        if lines > 1 or columns > 1:
            look.merged.append((place, (self.line + lines - 1, self.column + columns - 1)))
        if "formula" in cell and "value-type" not in cell:
            look.without_value.append(place)
            look.rows.add(self.line)
        if not self.chars and "value-type" not in cell:
            return
        if cell.get("value-type") == "error":
            look.errors.append(place)
        times = self.row_times * self.cell_times
        look.text_chars += self.chars * times
        last = self.line + self.row_times - 1
        look.count(last, self.column + self.cell_times - 1, times=times)
        look.check_size()
        look.rows.update(range(self.line, last + 1))


def look_into_ods(parts: dict[str, bytes]) -> list[Look]:
    """Look into every table. Raises RuleBroken `sheet.damaged`, `sheet.too_many_cells`."""
    walk = _OdsWalk()
    _walk(parts["content.xml"], walk.start, walk.end, walk.text)
    return walk.looks
