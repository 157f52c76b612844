"""The state diagrams of the README, drawn from the tables of steps.

`python -m grants.diagrams` rewrites them between their markers,
`<!-- diagram:payment -->` and `<!-- /diagram:payment -->`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from grants.agencies.workflow import REGISTRATION
from grants.agreements.workflow import AGREEMENT
from grants.applications.workflow import APPLICATION
from grants.awards.workflow import AWARD, CLAWBACK
from grants.banking.workflow import BATCH
from grants.budget.workflow import PROPOSAL
from grants.calls.workflow import NEED, REVISION, ROUND
from grants.decisions.workflow import DECISION
from grants.delivery.workflow import CHANGE, REPORT, SPENDING
from grants.evaluation.workflow import EVALUATION
from grants.kernel.workflow import Workflow
from grants.parties.workflow import ACCOUNT
from grants.payments.workflow import PAYMENT
from grants.policies.workflow import POLICY
from grants.publicity.workflow import NOTICE, OBJECTION
from grants.selection.workflow import PANEL
from grants.settings import TOP
from grants.settlement.workflow import SETTLEMENT

README = TOP / "README.md"
WORKFLOWS: tuple[Workflow[Any], ...] = (
    PROPOSAL,
    POLICY,
    NEED,
    ROUND,
    REVISION,
    APPLICATION,
    PANEL,
    DECISION,
    NOTICE,
    OBJECTION,
    AGREEMENT,
    SPENDING,
    REPORT,
    CHANGE,
    EVALUATION,
    SETTLEMENT,
    AWARD,
    CLAWBACK,
    PAYMENT,
    BATCH,
    ACCOUNT,
    REGISTRATION,
)

_BLOCK = re.compile(r"(<!-- diagram:(\w+) -->\n).*?(<!-- /diagram:\2 -->)", re.DOTALL)


def state_diagrams() -> dict[str, str]:
    """Each workflow's Mermaid diagram by the workflow's name: "proposal", "award", "payment" …"""
    return {workflow.name: workflow.diagram() for workflow in WORKFLOWS}


def with_diagrams(text: str) -> str:
    """`text` with the diagram of each marked block drawn anew.

    Raises KeyError for a marker without a workflow, LookupError for a workflow without one.
    """
    drawn = state_diagrams()
    missing = drawn.keys() - {found[2] for found in _BLOCK.finditer(text)}
    if missing:
        raise LookupError(f"no marker for {', '.join(sorted(missing))}")
    return _BLOCK.sub(lambda m: f"{m[1]}```mermaid\n{drawn[m[2]]}\n```\n{m[3]}", text)


def rewrite(readme: Path = README) -> None:
    """Draw the diagrams of `readme` anew."""
    readme.write_text(with_diagrams(readme.read_text()))


if __name__ == "__main__":
    rewrite()
