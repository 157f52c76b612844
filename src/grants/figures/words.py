"""What the parts of a body are called: its fields, its rows, and what a field offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from grants.kernel.errors import N_
from grants.kernel.identity import Permission

Titles = Mapping[str, str]

#: How well a figure is founded.
MARKS: Titles = {
    "seed": N_("stated by the bureau"),
    "V": N_("read in the text"),
    "V-x": N_("practice of another place"),
    "K": N_("common knowledge, not checked"),
    "D": N_("a default chosen here"),
}


@dataclass(frozen=True)
class Words:
    """The vocabulary of one kind of body; every text is a message id.

    `keys` are rows that always stand, by the field that holds them; `inner_keys` those of each
    of its rows. `choices` are what a field offers, `holders` whose roles it picks from, `absent`
    what a field of a row says that stands in no body, `long` fields of several lines, `tones`
    the values that are shown as marks, `hints` what helps to fill a field in.
    """

    fields: Titles
    rows: Titles = field(default_factory=dict)
    keys: Mapping[str, Titles] = field(default_factory=dict)
    inner_keys: Mapping[str, Titles] = field(default_factory=dict)
    choices: Mapping[str, Titles] = field(default_factory=dict)
    holders: Mapping[str, Permission] = field(default_factory=dict)
    absent: Titles = field(default_factory=dict)
    long: frozenset[str] = frozenset()
    tones: Titles = field(default_factory=dict)
    hints: Titles = field(default_factory=dict)
