"""What a ministry may change: figures by date, one pydantic model per kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from pydantic import BaseModel

from grants.kernel.errors import N_, RuleBroken
from grants.platform import db

Body = TypeVar("Body", bound=BaseModel)


@dataclass(frozen=True)
class Policy(Generic[Body]):
    """One version of a policy as it holds on a day; decisions store `version_id`."""

    version_id: int
    body: Body
    starts_on: date
    ends_on: date | None
    legal_basis: str
    mark: str


async def policy_on(kind: str, model: type[Body], on: date, scope: str = "") -> Policy[Body]:
    """The version of `kind` that holds on `on`; raises RuleBroken where none does."""
    found = await find_policy(kind, model, on, scope)
    if found is None:
        raise RuleBroken(
            "policy.none", N_("No version of the rule “{kind}” holds on {day}."), kind=kind, day=on
        )
    return found


async def find_policy(
    kind: str, model: type[Body], on: date, scope: str = ""
) -> Policy[Body] | None:
    """The version of `kind` that holds on `on`; None where none does."""
    found = await db.row(
        """
        SELECT id, body, starts_on, ends_on, legal_basis, mark FROM policy_version
        WHERE kind = $1 AND scope = $2 AND starts_on <= $3 AND (ends_on IS NULL OR ends_on > $3)
        """,
        kind,
        scope,
        on,
    )
    if found is None:
        return None
    return Policy(
        version_id=found["id"],
        body=model.model_validate(found["body"]),
        starts_on=found["starts_on"],
        ends_on=found["ends_on"],
        legal_basis=found["legal_basis"],
        mark=found["mark"],
    )
