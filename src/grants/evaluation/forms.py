"""What people enter about evaluations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field

from grants.evaluation.actions import Given
from grants.evaluation.terms import EvaluationKind
from grants.platform.forms import Day, Id, Trimmed
from grants.selection.forms import criteria_in


class AssignForm(BaseModel):
    """Who evaluates what by when."""

    kind: EvaluationKind
    evaluator: Id
    due_on: Day


class VersionForm(BaseModel):
    """The version of the page that somebody decided on."""

    version: int


class SignForm(BaseModel):
    """The signature: the code of the app, or the password."""

    secret: Annotated[str, Field(min_length=1, max_length=200)]


class ReasonForm(BaseModel):
    """A reason that others read."""

    reason: Annotated[Trimmed, Field(min_length=5, max_length=500)]


def given_in(form: Mapping[str, Any], codes: Sequence[str]) -> Given:
    """Points and words of a form (`points.CODE`, `words.CODE`), and the finding."""
    points, words = criteria_in(form, codes)
    return Given(points, words, str(form.get("finding", "")).strip()[:4000])
