"""The empty award list to fill in, its headers in both languages."""

from __future__ import annotations

from datetime import UTC, datetime

from grants.imports.columns import all_fields, field_title
from grants.kernel.errors import N_
from grants.platform.sheets import Column, write_sheet
from grants.platform.texts import DEFAULT_LANGUAGE, translate


def column_title(field: str, lang: str = DEFAULT_LANGUAGE) -> str:
    """The header of a field in a language."""
    return translate(lang, field_title(field))


_ADVICE = (
    N_("Give each award a number of its own: the same number is never imported twice."),
    N_("Past awards need the day of decision. They inform only; they move no money."),
    N_(
        "Active awards need the codes of their budget lines, one for each year, and their "
        "instalments. They come in as drafts and are approved like any other award."
    ),
    N_("Write “past” or “active” as the state; without a state an award counts as past."),
    N_("Amounts: 60000, 60,000 or 6万, at most two decimals. Days: 2026-06-30."),
    N_("Payees are found by credit code; without one, by exactly the same name."),
    N_(
        "A person as payee needs the resident id number in its own column, entered as text. "
        "It is kept encrypted; pages and reports show its last four characters only."
    ),
)


def import_template(lang: str = DEFAULT_LANGUAGE) -> bytes:
    """An empty award list as xlsx: headers in `lang`, advice on a second sheet."""
    columns = [
        Column(field, column_title(field, lang), width=16 if field[-1].isdigit() else 24)
        for field in all_fields()
    ]
    return write_sheet(
        translate(lang, N_("Award list")),
        columns,
        [],
        notes=[translate(lang, advice) for advice in _ADVICE],
        notes_title=translate(lang, N_("How to fill in the list")),
        made_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
