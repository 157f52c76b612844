"""Rules of changing the rules: pure guards, each named as the sentence it enforces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel

from grants.kernel.errors import N_, Conflict, Refusal, RuleBroken
from grants.payments.gate import NEVER_WAIVED
from grants.payments.gate_facts import GatePolicy


@dataclass(frozen=True)
class Span:
    """When a version holds: from its first day up to, not including, `ends_on`."""

    id: int
    starts_on: date
    ends_on: date | None


def starts_in_time(starts_on: date, today: date) -> Refusal | None:
    """A rule does not hold for days that are over: decisions of those days rest on others."""
    if starts_on < today:
        return RuleBroken(
            "policy.in_the_past",
            N_("The first day may be today or later; {day} is over."),
            day=starts_on,
        )
    return None


def starts_after_all_others(
    starts_on: date, standing: Sequence[Span], today: date
) -> Refusal | None:
    """A version follows the one in force and those decided for later; it never cuts into one.

    Example: with a version from 2027-01-01 decided already, one from 2026-12-01 is refused.
    """
    last = max(standing, key=lambda span: span.starts_on, default=None)
    if last is None or starts_on > last.starts_on:
        return None
    if last.starts_on > today:
        return RuleBroken(
            "policy.overlaps_later",
            N_("A version from {day} is decided already: start after it, or have it taken back."),
            day=last.starts_on,
        )
    return RuleBroken(
        "policy.not_after_current",
        N_("The version in force holds since {day}; a new one starts after that day."),
        day=last.starts_on,
    )


def something_changes(changes: int, *, same_basis: bool) -> Refusal | None:
    """A version that says the same on the same basis is none; a new basis alone is one."""
    if changes == 0 and same_basis:
        return RuleBroken("policy.nothing_changed", N_("Nothing is changed."))
    return None


def version_is_still_the_last(replaces: int, standing: Sequence[Span]) -> Refusal | None:
    """What a proposal was compared with is still what it would replace."""
    last = max(standing, key=lambda span: span.starts_on, default=None)
    if (last.id if last else 0) != replaces:
        return Conflict(
            "policy.base_changed",
            N_("The version it was compared with has changed; propose it anew."),
        )
    return None


def money_stays_guarded(body: BaseModel) -> tuple[str, Refusal] | None:
    """The checks that guard the money itself always stop, and nobody sets them aside (§1.9).

    Answers the field and the refusal. Example: a gate that only warns when the cash plan has
    no room is refused at `rules.cash_plan_has_room.level`.
    """
    if not isinstance(body, GatePolicy):
        return None
    for name in sorted(NEVER_WAIVED):
        rule = body.rules.get(name)
        if rule is not None and rule.level != "blocking":
            return f"rules.{name}.level", RuleBroken(
                "policy.money_unguarded",
                N_("This check guards the money itself; it always stops the payment."),
            )
        if rule is not None and rule.waivable_by:
            return f"rules.{name}.waivable_by", RuleBroken(
                "policy.money_waivable",
                N_("This check guards the money itself; nobody may set it aside."),
            )
    return None
