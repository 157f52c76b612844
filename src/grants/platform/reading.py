"""Reading what people upload: the text of a paper, the QR codes on a scan. Runs in the press.

Foreign parsers meet foreign files only here, in a child process that can be killed.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree

import pypdfium2
import zxingcpp
from PIL import Image
from python_calamine import CalamineWorkbook

#: A package that unpacks to more than this is no paper.
_MOST_BYTES = 60 * 1024 * 1024
_MOST_PAGES = 60
_MOST_CHARACTERS = 2_000_000
#: Scans are drawn at about 200 dots an inch: a code of 15 mm then has room to be read.
_SCALE = 200 / 72
_MOST_PIXELS = 60_000_000


def text_of(kind: str, content: bytes) -> str | None:
    """The text of a paper, None where it holds none that can be read: a picture, a bare scan.

    `kind` is the ending that fits the content, as `files.kind_of_content` tells. Headers, notes
    and hidden sheets are part of it. A broken file has no text.
    """
    readers = {"pdf": _pdf_text, "docx": _package_text, "ofd": _package_text, "xlsx": _sheet_text}
    reader = readers.get(kind)
    if reader is None:
        return None
    try:
        text = reader(content)
    except (ValueError, KeyError, OSError, RuntimeError, ElementTree.ParseError,
            zipfile.BadZipFile, pypdfium2.PdfiumError):  # fmt: skip
        return None
    return text if re.search(r"\w", text) else None


def _pdf_text(content: bytes) -> str:
    document = pypdfium2.PdfDocument(content)
    if len(document) > _MOST_PAGES:
        raise ValueError("too many pages")
    pages = []
    for page in document:
        text = page.get_textpage().get_text_range()
        if not re.search(r"\w", text):
            raise ValueError("a page without text may be a scan")
        pages.append(text)
    return "\n".join(pages)[:_MOST_CHARACTERS]


def _package_text(content: bytes) -> str:
    return "\n".join(_parts(content))[:_MOST_CHARACTERS]


def _parts(content: bytes) -> Iterator[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        parts = package.infolist()
        if sum(part.file_size for part in parts) > _MOST_BYTES:
            raise ValueError("the package unpacks to too much")
        if any(re.search(r"\.(png|jpe?g|gif|bmp|tiff?|emf|wmf|webp)$", p.filename, re.I)
               for p in parts):  # fmt: skip
            raise ValueError("a picture within it may hold anything")
        for part in parts:
            if not part.filename.endswith(".xml"):
                continue
            written = package.read(part)
            if b"<!DOCTYPE" in written or b"<!ENTITY" in written:
                raise ValueError("entities are not followed")
            yield "".join(
                (node.text or "") + ("\n" if node.tag.endswith(("}p", "}TextCode")) else "")
                for node in ElementTree.fromstring(written).iter()
            )


def _sheet_text(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        if sum(part.file_size for part in package.infolist()) > _MOST_BYTES:
            raise ValueError("the package unpacks to too much")
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    cells = []
    for name in book.sheet_names:
        cells.append(name)
        for row in book.get_sheet_by_name(name).to_python():
            for cell in row:
                whole = isinstance(cell, float) and cell.is_integer()
                cells.append(str(int(cell)) if isinstance(cell, float) and whole else str(cell))
    return "\n".join(cells)[:_MOST_CHARACTERS]


def codes_in(kind: str, content: bytes) -> list[str]:
    """What the QR codes of a scan say, page by page; nothing for what is no picture or PDF."""
    found: list[str] = []
    try:
        for picture in _pictures(kind, content):
            for code in zxingcpp.read_barcodes(
                picture, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
            ):
                if code.text not in found:
                    found.append(code.text)
    except (ValueError, OSError, RuntimeError, Image.DecompressionBombError,
            pypdfium2.PdfiumError):  # fmt: skip
        return found
    return found


def _pictures(kind: str, content: bytes) -> Iterator[Image.Image]:
    Image.MAX_IMAGE_PIXELS = _MOST_PIXELS
    if kind in ("jpg", "png"):
        yield Image.open(io.BytesIO(content)).convert("L")
    elif kind == "pdf":
        document = pypdfium2.PdfDocument(content)
        for number in range(min(len(document), _MOST_PAGES)):
            page = document[number]
            width, height = page.get_size()
            scale = min(_SCALE, (_MOST_PIXELS / max(width * height, 1)) ** 0.5)
            yield page.render(scale=scale, grayscale=True).to_pil()
