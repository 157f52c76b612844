"""An invariant: a sentence that must hold, and the query that finds where it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Invariant:
    """A sentence that must hold, and the query that finds where it does not."""

    name: str
    sentence: str
    breaches: str


@dataclass(frozen=True)
class Verdict:
    """Whether an invariant holds; `examples` names up to five breaches."""

    name: str
    sentence: str
    breaches: int
    examples: Sequence[str]
