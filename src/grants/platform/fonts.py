"""The typefaces of paper: cut down once, so that a page costs a tenth of a second.

A Chinese typeface holds 65,000 glyphs and 25 MB; one page uses two hundred. Five faces of Noto
CJK are cut to the characters an office writes and kept in `<data>/cache/fonts`. A character
outside the cut (𠮷, 龘) comes from the full face, which stands next in every family list.

The cut faces carry names of their own (Grants Song, Grants Fang, Grants Hei). They reach the
printing processes through a fontconfig file that adds their folder to the system's fonts.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

log = logging.getLogger(__name__)

#: Raise when the way of cutting changes: it is part of the folder's name.
CUT = 1

FONT_FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path.home() / ".local/share/fonts",
    Path.home() / ".fonts",
    Path("/Library/Fonts"),
    Path("/opt/homebrew/share/fonts"),
)

#: Written in names of people and places, lacking in GB 2312: 弇山社区 is a community in 城厢镇.
NAMES = (
    "弇〇喆堃珺玥祎翀翊昇犇燚垚赟頔囧暐瑀璟甯甡琋煊玘玙珅珩琁瑄瑨祾禛禤禕繄芃苧萁鋆镕錡闫闇陞飏馗"
    "鸢淏湉湲潆澍濛灏炘焌燊祐祜祎禔翾翯旸昉昳晞晢暄曈朸杺栐桄梓棽楙楠榕橦毓泓洺浠涴渟溍滟潇澔澴瀚"
    "玎玟玥珣珮琤琬琰瑅瑗瑢璁璆瓅皓盷睿砳碹礽禹秾稷竑筠篪粲絜翙聃芊芮芷苡茀荞莙菀菂菁菏萱蓁蓂蕊薏藜"
    "蘅袆裕訢詝諲讷谡谞豳贇赑轶辚逄逯邗邳郃郓郦郯鄂鄢鄯钰铄铖锃锘镒閎闳阗陟隽雱霈霓靓靖韪韫颉颋飒馥"
    "骁骉骐髦鹏鹭麒麟黎龑"
)
MARKS = "✓✗☐☑☒■□●○▲△→←↑↓≤≥≠≈×÷±‰℃№①②③④⑤⑥⑦⑧⑨⑩€£¥￥–—‘’“”…·〔〕《》【】〖〗「」"


@dataclass(frozen=True)
class Face:
    """One face to cut: from a full family in one of `files` to a small family of our own."""

    family: str
    bold: bool
    full: str
    files: tuple[str, ...]

    @property
    def file_name(self) -> str:
        """The cut face's file: "GrantsSong-Bold.otf"."""
        return f"{self.family.replace(' ', '')}-{'Bold' if self.bold else 'Regular'}.otf"


def _noto(kind: str, weight: str) -> tuple[str, ...]:
    return (
        f"Noto{kind}CJK-{weight}.ttc",
        f"Noto{kind}CJKsc-{weight}.otf",
        f"Noto{kind}SC-{weight}.otf",
    )


FACES = (
    Face("Grants Song", False, "Noto Serif CJK SC", _noto("Serif", "Regular")),
    Face("Grants Song", True, "Noto Serif CJK SC", _noto("Serif", "Bold")),
    Face("Grants Hei", False, "Noto Sans CJK SC", _noto("Sans", "Regular")),
    Face("Grants Hei", True, "Noto Sans CJK SC", _noto("Sans", "Bold")),
    Face("Grants Fang", False, "Noto Serif CJK SC", _noto("Serif", "Light")),
)


@cache
def charset() -> frozenset[str]:
    """What the cut faces hold: GB 2312 (6,763 characters, signs, full-width forms), Latin, names.

    Example: 弇 is in it, although GB 2312 lacks it; 龘 is not.
    """
    rows = [*range(0xA1, 0xAA), *range(0xB0, 0xF8)]
    table = bytes(byte for row in rows for cell in range(0xA1, 0xFF) for byte in (row, cell))
    latin = map(chr, [*range(0x20, 0x7F), *range(0xA0, 0x180)])
    chinese = table.decode("gb2312", errors="ignore")
    return frozenset((*latin, *chinese, *NAMES, *MARKS))


@cache
def full_faces() -> dict[Face, Path]:
    """The installed full face behind each face to cut; warns when one is missing."""
    wanted = {name for face in FACES for name in face.files}
    there: dict[str, Path] = {}
    for folder in FONT_FOLDERS:
        for place, _, names in os.walk(folder, followlinks=True):
            for name in wanted.intersection(names):
                there.setdefault(name, Path(place, name))
    found = {}
    for face in FACES:
        paths = [there[name] for name in face.files if name in there]
        if paths:
            found[face] = paths[0]
    missing = sorted({face.files[0] for face in FACES if face not in found})
    if missing:
        log.warning(
            "Fonts for documents are missing (%s); any other Chinese font is used instead. "
            "Install Noto CJK (Debian: fonts-noto-cjk and fonts-noto-cjk-extra).",
            ", ".join(missing),
        )
    return found


def _cut_name() -> str:
    """Names the folder of cut faces by all that shapes them: sources, characters, manner."""
    digest = hashlib.sha256(f"{CUT} {''.join(sorted(charset()))}".encode())
    for face, path in full_faces().items():
        digest.update(f"{face.file_name} {path} {path.stat().st_size}".encode())
    return f"cut-{digest.hexdigest()[:12]}"


@dataclass(frozen=True)
class FontCache:
    """The folder of cut faces under `folder` (`<data>/cache/fonts`)."""

    folder: Path

    @property
    def cut_folder(self) -> Path:
        """Where the cut faces lie."""
        return self.folder / _cut_name()

    @property
    def config_file(self) -> Path:
        """The fontconfig file that adds the cut faces to the system's fonts."""
        return self.folder / f"{_cut_name()}.conf"

    def missing(self, wanted: Sequence[Face] = FACES) -> list[Face]:
        """Which of `wanted` could be cut and are not yet."""
        faces = [face for face in wanted if face in full_faces()]
        return [face for face in faces if not (self.cut_folder / face.file_name).exists()]

    def write_config(self) -> Path:
        """Make the folder and its fontconfig file; answers the file."""
        self.cut_folder.mkdir(parents=True, exist_ok=True)
        if not self.config_file.exists():
            text = (
                '<?xml version="1.0"?>\n'
                '<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">\n'
                "<fontconfig>\n"
                '  <include ignore_missing="yes">fonts.conf</include>\n'
                f"  <dir>{escape(str(self.cut_folder.resolve()))}</dir>\n"
                "</fontconfig>\n"
            )
            _write_whole(self.config_file, text.encode())
        return self.config_file

    def cut_missing(self, wanted: Sequence[Face] = FACES) -> list[Face]:
        """Cut what is missing and answer it; a second process at the same time waits.

        Takes some four seconds a face, once for each machine.
        """
        self.write_config()
        with _alone(self.folder / "cutting.lock"):
            faces = self.missing(wanted)
            for face in faces:
                _write_whole(self.cut_folder / face.file_name, _cut(face, full_faces()[face]))
        return faces

    def start_cutting(self) -> subprocess.Popen[bytes] | None:
        """Cut what is missing in a process of its own, while pages print with full faces."""
        if not self.missing():
            return None
        return subprocess.Popen(
            [sys.executable, "-m", "grants.platform.fonts", str(self.folder)],
            stdin=subprocess.DEVNULL,
        )


def _write_whole(path: Path, content: bytes) -> None:
    """Write so that a reader sees the whole file or none."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    os.chmod(name, 0o644)
    os.replace(name, path)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _cut(face: Face, path: Path) -> bytes:
    """The cut face as an OpenType file.

    Hints, subroutines and bounding boxes stay as they are: touching them means to run the
    drawing program of every glyph, which takes eight times as long.
    """
    import io

    from fontTools import subset  # type: ignore[import-untyped]
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    font = TTFont(path, fontNumber=_place_in(path, face.full), lazy=True, recalcBBoxes=False)
    options = subset.Options(
        hinting=True, layout_features=[], notdef_outline=True, name_languages=[0x409]
    )
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "BASE", "vhea", "vmtx", "VORG", "DSIG"]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=map(ord, charset()))
    cutter.subset(font)
    _rename(font, face)
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


def _place_in(path: Path, family: str) -> int:
    """Where `family` stands in a collection; -1 in a file of one font."""
    from fontTools.ttLib import TTCollection

    if path.suffix != ".ttc":
        return -1
    with TTCollection(path, lazy=True) as collection:
        for place, font in enumerate(collection.fonts):
            names = {font["name"].getDebugName(1), font["name"].getDebugName(16)}
            if any(name and name.startswith(family) for name in names):
                return place
    raise ValueError(f"{path} has no {family}")


def _rename(font: object, face: Face) -> None:
    """Give the cut face its own family, and a plain weight so that Light serves as regular."""
    style = "Bold" if face.bold else "Regular"
    names = font["name"]  # type: ignore[index]
    for number in (16, 17, 21, 22, 25):
        names.removeNames(nameID=number)
    for number, text in {
        1: face.family,
        2: style,
        3: f"{face.family} {style} {CUT}",
        4: f"{face.family} {style}",
        6: face.file_name.removesuffix(".otf"),
    }.items():
        names.removeNames(nameID=number)
        names.setName(text, number, 3, 1, 0x409)
    font["OS/2"].usWeightClass = 700 if face.bold else 400  # type: ignore[index]


if __name__ == "__main__":
    os.nice(15)
    FontCache(Path(sys.argv[1])).cut_missing()
