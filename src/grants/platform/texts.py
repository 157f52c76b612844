"""Texts: English message ids, complete Chinese, one catalogue file per feature.

A message is an English sentence with `{name}` places. English shows the id itself;
Chinese stands in `src/grants/locale/zh_CN/<feature>.po`, all merged at first use.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from jinja2 import TemplateError
from markupsafe import Markup

from grants.kernel.errors import Refusal

#: Languages of the pages, the first is the default; the value is the HTML `lang`.
LANGUAGES: Mapping[str, str] = {"zh": "zh-CN", "en": "en"}
DEFAULT_LANGUAGE = "zh"

LOCALE_DIR = Path(__file__).resolve().parents[1] / "locale" / "zh_CN"

_PYTHON_WORDS: Mapping[str, Any] = {"_": None, "N_": None, "ngettext": (1, 2)}


class Texts(Protocol):
    """What answers texts in one language."""

    def text(self, message: str, /, **params: object) -> str:
        """The message in this language with its places filled."""

    def counted(self, one: str, many: str, count: int, /, **params: object) -> str:
        """`one` or `many` by `count`, which also fills `{count}`."""


@dataclass(frozen=True)
class Catalogue:
    """One language: message id to its text. Empty for English."""

    lang: str
    messages: Mapping[str, str]

    def text(self, message: str, /, **params: object) -> str:
        """`message` in this language, `{places}` filled.

        A parameter that is itself a known message (the title of a state, a role) is
        translated too. If a parameter is Markup, the answer is Markup and everything
        else in it is escaped; messages themselves never hold HTML.
        Example: text("Account ending in {last4} is verified", last4="0011").
        """
        known = self.messages.get(message, message)
        return self._filled(known, params) if params else known

    def counted(self, one: str, many: str, count: int, /, **params: object) -> str:
        """`one` or `many` by `count`; Chinese has one form, filed under `one`."""
        chosen = self.messages.get(one) or (one if count == 1 else many)
        return self._filled(chosen, {"count": count, **params})

    def _filled(self, text: str, params: Mapping[str, object]) -> str:
        said = {name: self._said(value) for name, value in params.items()}
        if any(isinstance(value, Markup) for value in said.values()):
            return Markup.escape(text).format(**said)
        return text.format(**said)

    def _said(self, value: object) -> object:
        if isinstance(value, Markup):
            return value
        return self.messages.get(value, value) if isinstance(value, str) else value


@cache
def texts(lang: str) -> Catalogue:
    """The catalogue of `lang` ("zh" or "en"); read once per process."""
    if lang not in LANGUAGES:
        return texts(DEFAULT_LANGUAGE)
    if lang == "en":
        return Catalogue("en", {})
    return Catalogue(lang, {m.id: m.text for _, m in _translations() if m.text})


def translate(lang: str, message: str, /, **params: object) -> str:
    """`message` in `lang` with its places filled; unknown messages stand as they are."""
    return texts(lang).text(message, **params)


def refusal_text(lang: str, refusal: Refusal) -> str:
    """The reason of a refusal, in words of `lang`."""
    return texts(lang).text(refusal.message, **refusal.params)


@dataclass(frozen=True)
class _Translation:
    id: str
    text: str


def _translations(folder: Path = LOCALE_DIR) -> Iterator[tuple[Path, _Translation]]:
    """Every message of every catalogue file, in file order; plurals under their singular."""
    for path in sorted(folder.glob("*.po")):
        for entry in _catalogue_of(path):
            if entry.id and not entry.fuzzy:
                first = entry.id[0] if isinstance(entry.id, tuple | list) else entry.id
                said = entry.string
                text = said if isinstance(said, str) else (said or ("",))[0]
                yield path, _Translation(first, text)


def _catalogue_of(path: Path) -> Catalog:
    with path.open("rb") as stream:
        return read_po(stream, locale="zh_CN")


@dataclass(frozen=True)
class _Use:
    """Where the code or a template says a message."""

    message: str
    plural: str
    place: str


def _uses(root: Path) -> Iterator[_Use]:
    """Every message that templates and Python say, in file order."""
    options = {"silent": "false", "extensions": "jinja2.ext.do,jinja2.ext.loopcontrols"}
    jinja = {"**.html": options, "**.txt": options}
    opened: list[str] = []
    for folder, methods, about in (
        (root / "templates", [(name, "jinja2.ext.babel_extract") for name in jinja], jinja),
        (root / "src" / "grants", [("**.py", "python")], {}),
    ):
        if not folder.is_dir():
            continue
        found_in = extract_from_dir(
            str(folder),
            methods,
            about,
            keywords=_PYTHON_WORDS,
            callback=lambda name, *_: opened.append(name),
            directory_filter=lambda _: True,  # babel leaves out _layout and _components
        )
        try:
            for name, line, found, _, _ in found_in:
                one, many = (found[0], found[1]) if isinstance(found, tuple) else (found, "")
                if one:
                    yield _Use(one, many or "", f"{(folder / name).relative_to(root)}:{line}")
        except (TemplateError, SyntaxError) as error:
            error.add_note(f"in {opened[-1]}")
            raise


def _places(text: str) -> set[str]:
    """Names of the `{places}`: "{paid} of {total}" has paid and total."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def missing_messages(root: Path) -> list[str]:
    """What is wrong with the catalogues of the project at `root`, one sentence each.

    Reports messages without Chinese, Chinese that nothing uses, two different Chinese
    texts for one message, and `{places}` that differ between the two languages.
    """
    folder = root / "src" / "grants" / "locale" / "zh_CN"
    chinese: dict[str, tuple[str, str]] = {}
    wrong: list[str] = []
    for path, message in _translations(folder):
        if not message.text:
            continue
        known = chinese.setdefault(message.id, (message.text, path.name))
        if known[0] != message.text:
            wrong.append(
                f"{path.name}: two Chinese texts for {message.id!r}: "
                f"{known[0]!r} ({known[1]}) and {message.text!r}"
            )
    used: set[str] = set()
    for use in _uses(root):
        if use.message in used:
            continue
        used.add(use.message)
        if use.message not in chinese:
            wrong.append(f"{use.place}: no Chinese for {use.message!r}")
        else:
            wrong += _place_faults(use, *chinese[use.message])
    wrong += [
        f"{name}: nothing uses {message!r}"
        for message, (_, name) in chinese.items()
        if message not in used
    ]
    return wrong


def _place_faults(use: _Use, text: str, name: str) -> list[str]:
    """A malformed text, or places that one language has and the other lacks.

    A plural may leave out places in Chinese only if both English forms lack them.
    """
    try:
        wanted, given = _places(use.message) | _places(use.plural), _places(text)
    except ValueError as fault:
        return [f"{name}: {use.message!r} cannot be filled: {fault}"]
    if wanted == given:
        return []
    differ = ", ".join(sorted(wanted ^ given))
    return [f"{name}: the places of {use.message!r} differ: {differ}"]
