"""Refusals: every "no" of the system is one of four kinds and carries a code and a reason."""

from __future__ import annotations


def N_(message: str) -> str:
    """Mark `message` for the catalogue; it is translated where it is shown."""
    return message


class Refusal(Exception):
    """A coded refusal.

    `code` is stable and dotted (`payment.over_award`); `message` is an English
    message id with `{name}` places; `params` fill them after translation.
    """

    status = 400

    def __init__(self, code: str, message: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.params = params

    def __str__(self) -> str:
        return f"{self.code}: {self.message.format(**self.params)}"


class FieldFault(ValueError):
    """A reason beside a field, found while a form or a policy is validated.

    A message id with its parameters, as a refusal carries them.
    """

    def __init__(self, message: str, **params: object) -> None:
        super().__init__(message)
        self.message = message
        self.params = params


class NotAllowed(Refusal):
    """The person may not do this (403)."""

    status = 403


class NotFound(Refusal):
    """There is no such thing, or it is outside the person's scope (404)."""

    status = 404

    def __init__(
        self,
        code: str = "not_found",
        message: str = N_("There is no such page or record, or it is not yours to see."),
        **params: object,
    ) -> None:
        super().__init__(code, message, **params)


class RuleBroken(Refusal):
    """A rule of the office forbids it now (409)."""

    status = 409


class Conflict(Refusal):
    """Somebody else changed it, or it exists already (409)."""

    status = 409
