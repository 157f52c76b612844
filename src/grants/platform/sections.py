"""Parts of a page that features of a higher floor fill; `app` wires them together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from grants.kernel.identity import Actor


@dataclass(frozen=True)
class Section:
    """One part: its title, and a template that reads `section.data`."""

    title: str
    template: str
    data: Mapping[str, object] = field(default_factory=dict)


#: Fills a part of the page of the record with this id; None where there is nothing to show.
Filling = Callable[[Actor, int], Awaitable[Section | None]]


async def sections_of(fillings: Sequence[Filling], actor: Actor, record_id: int) -> list[Section]:
    """The parts of one record's page, in the order of the wiring."""
    found = [await filling(actor, record_id) for filling in fillings]
    return [section for section in found if section is not None]
