"""What a named rule found when it looked at a case: passed, to be looked at, or against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from grants.kernel.identity import Role


class Mark(StrEnum):
    """What a rule found."""

    PASS = "pass"
    LOOK = "look"
    STOP = "stop"
    WAIVED = "waived"


@dataclass(frozen=True)
class Finding:
    """What one rule found, with the figures it looked at: a message id and its parameters."""

    rule: str
    mark: Mark
    message: str
    params: Mapping[str, object] = field(default_factory=dict)
    waivable_by: tuple[Role, ...] = ()
    waiver: str = ""
