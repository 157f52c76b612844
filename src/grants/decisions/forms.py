"""What people enter about a variant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field

from grants.decisions.rules import Choice
from grants.kernel.errors import N_, Refusal, RuleBroken
from grants.kernel.money import Fen, fen_from_yuan
from grants.platform.forms import Day, OptionalId, Trimmed


class VariantForm(BaseModel):
    """The name of a new variant, and the one that it begins as."""

    name: Annotated[Trimmed, Field(min_length=1, max_length=60)]
    copied: OptionalId = None


class MeetingForm(BaseModel):
    """What the minutes say of the meeting; the reasons are read beside it."""

    version: int
    minutes_no: Annotated[Trimmed, Field(min_length=2, max_length=60)]
    met_on: Day


class ReasonForm(BaseModel):
    """Why a decision is rejected or annulled."""

    reason: Annotated[Trimmed, Field(min_length=5, max_length=500)]


def reasons_in(form: Mapping[str, Any]) -> dict[int, str]:
    """The reasons of a form by application: its fields `reason.12`."""
    found = {}
    for field, value in form.items():
        name, _, of = field.partition(".")
        if name == "reason" and of.isascii() and of.isdecimal() and len(of) < 18:
            found[int(of)] = str(value).strip()[:500]
    return found


def _number(text: str, least: int, most: int) -> int:
    if not (text.isdecimal() and len(text) < 6 and least <= int(text) <= most):
        raise RuleBroken(
            "line.number",
            N_("Enter a whole number from {least} to {most}."),
            least=least,
            most=most,
        )
    return int(text)


def choice_in(form: Mapping[str, Any]) -> Choice | tuple[str, Refusal]:
    """The choice that a form sets, or the faulty field with its reason.

    Fields: `budget`, `share` (percent), `places.A`, `floor.A`, `amount.12`; an empty one sets
    nothing, and an amount of 0 leaves the application out.
    """
    places: dict[str, int] = {}
    floors: dict[str, int] = {}
    amounts: dict[int, Fen] = {}
    dropped: set[int] = set()
    budget_fen, share = Fen(0), 100
    for field, value in form.items():
        text, (name, _, of) = str(value).strip(), field.partition(".")
        if not text:
            continue
        try:
            if name == "budget":
                budget_fen = fen_from_yuan(text)
            elif name == "share":
                share = _number(text, 1, 100)
            elif name == "places":
                places[of] = _number(text, 0, 1000)
            elif name == "floor":
                floors[of] = _number(text, 0, 1000)
            elif name == "amount" and of.isascii() and of.isdecimal() and len(of) < 18:
                given = fen_from_yuan(text)
                if given:
                    amounts[int(of)] = given
                else:
                    dropped.add(int(of))
        except Refusal as refusal:
            return field, refusal
    return Choice(
        budget_fen=budget_fen,
        share_permille=share * 10,
        places=places,
        floors=floors,
        amounts=amounts,
        dropped=frozenset(dropped),
    )
