"""The README tells the truth: diagrams, sign-ins, settings and commands are those of the code."""

from __future__ import annotations

import re

import pytest

from grants.cli import _parser
from grants.demo.people import STAFF
from grants.diagrams import README, WORKFLOWS, state_diagrams, with_diagrams
from grants.settings import TOP, Settings

TEXT = README.read_text()


def test_diagrams_are_those_of_the_tables() -> None:
    assert with_diagrams(TEXT) == TEXT, "run: python -m grants.diagrams"


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda w: w.name)
def test_diagram_shows_every_state_that_a_step_reaches(workflow: object) -> None:
    diagram = state_diagrams()[workflow.name]  # type: ignore[attr-defined]
    for step in workflow.steps:  # type: ignore[attr-defined]
        assert f"--> {step.target}: {step.verb}" in diagram


def test_missing_marker_is_an_error() -> None:
    with pytest.raises(LookupError):
        with_diagrams("no marker")


def test_every_sign_in_is_told() -> None:
    for username, _, _ in STAFF:
        assert f"| `{username}` |" in TEXT


def test_every_setting_is_told_and_no_other() -> None:
    named = set(re.findall(r"^\| `GRANTS_(\w+)` ", TEXT, re.M))
    fields = {name.upper() for name in Settings.model_fields} - {"DATA_DIR"}
    assert named == fields | {"DATA"}


def test_every_command_is_told() -> None:
    verbs = next(a for a in _parser()._actions if a.dest == "verb").choices or ()
    told = set(re.findall(r"grants ([a-z]+)", TEXT))
    assert set(verbs) <= told


def test_every_make_target_is_told() -> None:
    targets = re.findall(r"^# make ([\w-]+)", (TOP / "Makefile").read_text(), re.M)
    assert targets and all(f"make {target}" in TEXT for target in targets)


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", TEXT):
        assert (TOP / target).exists(), target
