"""How alike two project texts are, so that nothing is paid for twice under another title. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

_NO_TEXT = re.compile(r"[\W_]+")


def pairs_of(text: str) -> frozenset[str]:
    """Every two neighbouring characters of a text, without signs, spaces, width and case.

    Example: “邻里 互助！” gives 邻里, 里互, 互助.
    """
    plain = _NO_TEXT.sub("", unicodedata.normalize("NFKC", text).lower())
    return frozenset(plain[n : n + 2] for n in range(len(plain) - 1))


def likeness_permille(one: frozenset[str], other: frozenset[str]) -> int:
    """How alike two texts are, by their pairs: twice the shared ones of all, in permille (Dice).

    Example: a text and itself 1000; two texts without a common pair 0.
    """
    both = len(one) + len(other)
    return 2000 * len(one & other) // both if both else 0


@dataclass(frozen=True)
class FundedText:
    """A project that was funded: what it is called and what it said of itself."""

    award_id: int
    number: str
    title: str
    payee: str
    text: str


@dataclass(frozen=True)
class Alike:
    """The funded project that is most alike."""

    funded: FundedText
    permille: int


def most_alike(text: str, funded: Iterable[FundedText]) -> Alike | None:
    """The funded project whose text is most like this one; None where there is none."""
    pairs = pairs_of(text)
    found = [Alike(one, likeness_permille(pairs, pairs_of(one.text))) for one in funded]
    return max(found, key=lambda one: (one.permille, -one.funded.award_id), default=None)
