"""Rules of registrations: who confirms that somebody acts for an organisation."""

from __future__ import annotations

from dataclasses import dataclass

from grants.kernel.errors import N_, NotAllowed, Refusal, RuleBroken


@dataclass(frozen=True)
class RegistrationCase:
    """What a step on a registration looks at."""

    registered_person: int
    actor_person: int
    of_own_organisation: bool
    actor_is_representative: bool
    is_representative: bool
    note: str = ""


def nobody_confirms_himself(case: RegistrationCase) -> Refusal | None:
    """Whoever registers is confirmed by another person."""
    if case.actor_person == case.registered_person:
        return NotAllowed("registration.own", N_("Another person has to confirm you."))
    return None


def representative_knows_his_people(case: RegistrationCase) -> Refusal | None:
    """Colleagues are confirmed by their own legal representative; he by the office alone."""
    if not case.of_own_organisation or not case.actor_is_representative or case.is_representative:
        return NotAllowed(
            "registration.not_representative",
            N_("Only the legal representative confirms colleagues; the office confirms him."),
        )
    return None


def refusing_gives_its_reason(case: RegistrationCase) -> Refusal | None:
    """Whoever is refused learns why from the one who refuses."""
    if len(case.note.strip()) < 5:
        return RuleBroken("registration.reason", N_("Give the reason in a few words."))
    return None
