"""The payment gate: what the finance officer must know before approving (domain §1.9).

Each rule looks at the gathered facts and answers one finding: passed, look, or stop,
with the figure it looked at. How strict a rule is and who may set it aside is policy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grants.kernel.errors import Refusal, RuleBroken
from grants.kernel.findings import Finding, Mark
from grants.payments.gate_facts import GateRulePolicy, Look
from grants.payments.gate_rules import RULES

#: Never set aside by anybody: these guard the money itself.
NEVER_WAIVED = frozenset(
    {
        "award_is_active",
        "commitment_covers_amount",
        "cash_plan_has_room",
        "fund_source_may_pay",
        "line_is_of_this_year",
        "account_is_verified",
    }
)


def look_through_gate(look: Look, waivers: Mapping[str, str]) -> list[Finding]:
    """All findings in the order of the rules; `waivers` maps a rule to its reason."""
    findings = []
    for name, rule in RULES.items():
        policy = look.policy.rules.get(name, GateRulePolicy(level="blocking"))
        if policy.level == "off":
            continue
        passed, message, params = rule(look)
        mark = Mark.PASS
        if not passed:
            mark = Mark.STOP if policy.level == "blocking" else Mark.LOOK
            if mark == Mark.STOP and name in waivers and name not in NEVER_WAIVED:
                mark = Mark.WAIVED
        findings.append(
            Finding(
                rule=name,
                mark=mark,
                message=message,
                params=params,
                waivable_by=() if name in NEVER_WAIVED else policy.waivable_by,
                waiver=waivers.get(name, ""),
            )
        )
    return findings


def gate_refusal(findings: Sequence[Finding]) -> Refusal | None:
    """The first blocking finding as a refusal; None when the gate is open."""
    for finding in findings:
        if finding.mark == Mark.STOP:
            return RuleBroken(f"gate.{finding.rule}", finding.message, **finding.params)
    return None
