"""Whom a line of an import means: a payee on record, one the file brings, or nobody yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grants.kernel.errors import N_, Refusal, RuleBroken
from grants.kernel.identifiers import last_four
from grants.parties.rules import KnownOrganisation, plain_name


@dataclass
class Payee:
    """One payee of the file: an organisation, or with `id_number` a natural person.

    Its `organisation_id` or `person_id` is None until the import adds it. `looks_like` are
    other organisations it might be, each with the reason of the flag.
    """

    name: str
    uscc: str | None = None
    external_id: str | None = None
    organisation_id: int | None = None
    id_number: str = field(default="", repr=False)
    person_id: int | None = None
    looks_like: list[tuple[Payee, str]] = field(default_factory=list)

    @property
    def is_new(self) -> bool:
        """Not on record yet."""
        return self.organisation_id is None and self.person_id is None


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers that a line gives of its payee; at most one kind of them, or none."""

    uscc: str = ""
    external_id: str = ""
    id_number: str = field(default="", repr=False)


class PayeeBook:
    """Every payee a file may mean: those on record, and those it brings along itself.

    Numbers decide before names: the same number is one payee under any name, another number
    is another payee under the same name (and both are flagged for somebody to look at).
    Persons are found by their id numbers alone, and their names have to agree.
    """

    def __init__(
        self,
        on_record: Sequence[KnownOrganisation],
        similar: Mapping[str, KnownOrganisation],
        persons: Sequence[Payee] = (),
        *,
        may_create: bool,
    ) -> None:
        self._by_number: dict[str, Payee] = {}
        self._by_name: dict[str, list[Payee]] = defaultdict(list)
        self._persons = {person.id_number: person for person in persons}
        self._similar = similar
        self._may_create = may_create
        self._by_id: dict[int, Payee] = {}
        for known in on_record:
            payee = Payee(known.name, known.uscc, known.external_id, known.id)
            self._by_id[known.id] = payee
            self._keep(payee)

    def _keep(self, payee: Payee) -> None:
        for number in (payee.uscc, payee.external_id):
            if number:
                self._by_number[number] = payee
        self._by_name[plain_name(payee.name)].append(payee)

    def find(self, name: str, numbers: Numbers, *, keep: bool) -> tuple[Payee, Sequence[Refusal]]:
        """The payee and what to note about it.

        A new one is remembered only with `keep`: a refused line brings nobody along.
        Raises RuleBroken `import.payee_unknown`, `import.payee_ambiguous`,
        `import.two_payees`, `import.person_other_name`.
        """
        number = numbers.uscc or numbers.external_id
        if number and numbers.id_number:
            raise RuleBroken(
                "import.two_payees",
                N_("Give the number of an organisation or of a person, not both."),
            )
        if numbers.id_number:
            return self._person(name, numbers.id_number, keep), ()
        if number:
            return self._by_its_number(number, name, numbers.uscc, numbers.external_id, keep)
        return self._by_its_name(name, keep)

    def _person(self, name: str, id_number: str, keep: bool) -> Payee:
        known = self._persons.get(id_number)
        if known is None:
            known = Payee(name, id_number=id_number)
            if keep:
                self._persons[id_number] = known
        elif plain_name(known.name) != plain_name(name):
            raise RuleBroken(
                "import.person_other_name",
                N_("The id number that ends in {last4} belongs to a person of another name."),
                last4=last_four(id_number),
            )
        return known

    def _by_its_number(
        self, number: str, name: str, uscc: str, external_id: str, keep: bool
    ) -> tuple[Payee, Sequence[Refusal]]:
        known = self._by_number.get(number)
        if known is not None:
            if plain_name(known.name) == plain_name(name):
                return known, [_same_name(known, twin) for twin, _ in known.looks_like]
            return known, [
                RuleBroken(
                    "import.other_name",
                    N_("{number} is known as “{known}”; the award goes to that payee."),
                    number=number,
                    known=known.name,
                )
            ]
        new = Payee(name, uscc or None, external_id or None)
        new.looks_like = [(twin, "same_name") for twin in self._by_name.get(plain_name(name), ())]
        if keep:
            self._keep(new)
        return new, [_same_name(new, twin) for twin, _ in new.looks_like]

    def _by_its_name(self, name: str, keep: bool) -> tuple[Payee, Sequence[Refusal]]:
        namesakes = self._by_name.get(plain_name(name), [])
        if len(namesakes) > 1:
            raise RuleBroken(
                "import.payee_ambiguous",
                N_("{count} payees are called “{name}”; give the credit code."),
                count=len(namesakes),
                name=name,
            )
        if namesakes:
            return namesakes[0], ()
        similar = self._similar.get(name)
        if not self._may_create:
            raise _unknown(name, similar)
        new = Payee(name, external_id=f"name:{plain_name(name)}")
        notes: list[Refusal] = []
        if similar is not None:
            new.looks_like = [(self._by_id[similar.id], "similar_name")]
            notes.append(
                RuleBroken(
                    "import.payee_similar",
                    N_("A new payee; “{known}” on record is called nearly the same."),
                    known=similar.name,
                )
            )
        if keep:
            self._keep(new)
        return new, notes


def _same_name(payee: Payee, twin: Payee) -> Refusal:
    return RuleBroken(
        "import.same_name",
        N_("“{name}” is also the name of another payee ({number}); both are kept and flagged."),
        name=payee.name,
        number=twin.uscc or twin.external_id or "",
    )


def _unknown(name: str, similar: KnownOrganisation | None) -> RuleBroken:
    if similar is not None:
        return RuleBroken(
            "import.payee_unknown",
            N_("No payee is called “{name}”; “{known}” is called nearly the same."),
            name=name,
            known=similar.name,
        )
    return RuleBroken(
        "import.payee_unknown",
        N_("No payee is called “{name}”; give a credit code or id number, or allow new payees."),
        name=name,
    )
