"""What a ministry may change: figures by date, one pydantic model per kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

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


@dataclass(frozen=True)
class PolicyBook:
    """The versions of several policies that hold on one day, read at once."""

    on: date
    rows: Mapping[str, Mapping[str, Any]]

    @property
    def versions(self) -> dict[str, int]:
        """The ids of the versions by kind: what a decision keeps of the rules it followed."""
        return {kind: row["id"] for kind, row in self.rows.items()}

    def policy(self, kind: str, model: type[Body]) -> Policy[Body]:
        """The version of `kind`; raises RuleBroken where none holds on the day."""
        if kind not in self.rows:
            raise RuleBroken(
                "policy.none",
                N_("No version of the rule “{kind}” holds on {day}."),
                kind=kind,
                day=self.on,
            )
        row = self.rows[kind]
        return Policy(
            version_id=row["id"],
            body=model.model_validate(row["body"]),
            starts_on=row["starts_on"],
            ends_on=row["ends_on"],
            legal_basis=row["legal_basis"],
            mark=row["mark"],
        )


async def policies_on(kinds: Sequence[str], on: date, scope: str = "") -> PolicyBook:
    """The versions of `kinds` that hold on `on`, in one read."""
    found = await db.rows(
        """
        SELECT kind, id, body, starts_on, ends_on, legal_basis, mark FROM policy_version
        WHERE kind = ANY($1) AND scope = $2
          AND starts_on <= $3 AND (ends_on IS NULL OR ends_on > $3)
        """,
        list(kinds),
        scope,
        on,
    )
    return PolicyBook(on, {row["kind"]: row for row in found})


async def policy_on(kind: str, model: type[Body], on: date, scope: str = "") -> Policy[Body]:
    """The version of `kind` that holds on `on`; raises RuleBroken where none does."""
    return (await policies_on([kind], on, scope)).policy(kind, model)


async def find_policy(
    kind: str, model: type[Body], on: date, scope: str = ""
) -> Policy[Body] | None:
    """The version of `kind` that holds on `on`; None where none does."""
    book = await policies_on([kind], on, scope)
    return book.policy(kind, model) if kind in book.rows else None


@dataclass(frozen=True)
class Cited:
    """A version as a decision cites it."""

    kind: str
    version_id: int
    legal_basis: str
    starts_on: date


async def cited(versions: Mapping[str, int]) -> list[Cited]:
    """The versions that a decision kept, in its order; `versions` maps kind to version id."""
    found = await db.rows(
        "SELECT kind, id, legal_basis, starts_on FROM policy_version WHERE id = ANY($1)",
        list(versions.values()),
    )
    known = {row["id"]: row for row in found}
    return [
        Cited(kind, id_, known[id_]["legal_basis"], known[id_]["starts_on"])
        for kind, id_ in versions.items()
    ]
