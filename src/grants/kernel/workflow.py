"""States and steps as a table: what may follow what, who may do it, and under which guards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from grants.kernel.errors import N_, Conflict, NotFound, Refusal
from grants.kernel.identity import Actor, Permission

Case = TypeVar("Case")

#: A guard looks at the gathered case and returns the reason against it, or None.
Guard = Callable[[Case], Refusal | None]


@dataclass(frozen=True)
class Step(Generic[Case]):
    """One row of the table: `verb` leads from any of `sources` to `target`."""

    verb: str
    title: str
    sources: tuple[StrEnum, ...]
    target: StrEnum
    permission: Permission
    guards: tuple[Guard[Case], ...] = ()


@dataclass(frozen=True)
class Workflow(Generic[Case]):
    """A named table of steps; `titles` gives each state's message id."""

    name: str
    titles: Mapping[StrEnum, str]
    steps: tuple[Step[Case], ...]

    def take(self, verb: str, state: str, actor: Actor, case: Case) -> StrEnum:
        """The state after `verb`.

        Raises NotFound for a verb that the table lacks, NotAllowed without the permission,
        Conflict where the state has no such step (somebody was quicker), and the first
        refusal of the step's guards.
        """
        offered = [step for step in self.steps if step.verb == verb]
        if not offered:
            raise NotFound()
        actor.need(*(step.permission for step in offered))
        for step in offered:
            if state in step.sources and actor.may(step.permission):
                for guard in step.guards:
                    refusal = guard(case)
                    if refusal is not None:
                        raise refusal
                return step.target
        raise Conflict(
            "workflow.wrong_state",
            N_("This is not possible any more: the state has changed to “{state}”."),
            state=self.titles[self._state(state)],
        )

    def open_to(self, state: str, actor: Actor) -> list[Step[Case]]:
        """Steps that lead on from `state` and that the actor's roles include, table order."""
        return [s for s in self.steps if state in s.sources and actor.may(s.permission)]

    def diagram(self) -> str:
        """The table as a Mermaid state diagram (README)."""
        lines = ["stateDiagram-v2"]
        for step in self.steps:
            for source in step.sources:
                lines.append(f"    {source} --> {step.target}: {step.verb}")
        return "\n".join(lines)

    def _state(self, state: str) -> StrEnum:
        return next(known for known in self.titles if known == state)
