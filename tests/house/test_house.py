"""The manner of the house: small files with telling names, templates whole in both languages."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from grants.kernel.workflow import Workflow
from grants.platform.pages import TEMPLATES_DIR, environment
from grants.platform.texts import LANGUAGES
from grants.settings import TOP

SRC = TOP / "src" / "grants"
MODULES = sorted(SRC.rglob("*.py"))

#: A file of more lines probably holds two features.
LINES = 420
#: Those that do for now, and the length that each may not pass: verbs and pages of one feature.
LONGER = {
    "parties/pages.py": 450,
    "platform/charts.py": 450,
    "platform/pages.py": 500,
}
NOBODY_SAYS = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc", "service"}
#: The edges may ask what day it is; elsewhere `today` is an argument.
_EDGES = {"kernel/calendar.py", "imports/files.py"}  # the latter: how old a file is
CLOCK = ("date.today(", "datetime.now(", "datetime.today(", "utcnow(", "time.time(")


def lines_of(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_no_file_is_long() -> None:
    long = {str(p.relative_to(SRC)): lines_of(p) for p in MODULES if lines_of(p) > LINES}
    assert {name: n for name, n in long.items() if n > LONGER.get(name, LINES)} == {}


def test_files_called_long_are_long() -> None:
    assert [name for name in LONGER if lines_of(SRC / name) <= LINES] == []


def test_every_module_has_a_telling_name() -> None:
    assert [str(p) for p in MODULES if p.stem in NOBODY_SAYS or p.parent.name in NOBODY_SAYS] == []


def test_every_module_says_what_it_is() -> None:
    silent = [p for p in MODULES if p.name != "__init__.py" or p.read_text().strip()]
    assert [str(p) for p in silent if not ast.get_docstring(ast.parse(p.read_text()))] == []


def test_only_the_calendar_knows_the_clock() -> None:
    named = [
        f"{path.relative_to(SRC)}: {clock}"
        for path in MODULES
        for clock in CLOCK
        if str(path.relative_to(SRC)) not in _EDGES and clock in path.read_text()
    ]
    assert named == []


def test_states_change_only_through_their_table() -> None:
    """Steps stand in workflow modules; nobody else makes a Workflow."""
    makers = [
        str(path.relative_to(SRC))
        for path in MODULES
        if f"= {Workflow.__name__}(" in path.read_text() and path.name != "workflow.py"
    ]
    assert makers == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_template_compiles(lang: str) -> None:
    made = environment(lang)
    names = [str(p.relative_to(TEMPLATES_DIR)) for p in sorted(TEMPLATES_DIR.rglob("*.html"))]
    assert [name for name in names if made.get_template(name).name != name] == []
    assert len(names) > 50


def test_no_template_holds_script_or_style() -> None:
    """The content security policy would refuse them; the papers are styled by the press."""
    found = [
        f"{path.relative_to(TEMPLATES_DIR)}: {word}"
        for path in sorted(TEMPLATES_DIR.rglob("*.html"))
        for word in (" style=", " onclick=", " onchange=", " onsubmit=", "javascript:", "|safe")
        if word in path.read_text() and path.parent.name != "pdf"
    ]
    assert found == []
