"""What the pages of an import ask for: a file and how it is to be taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel, Field

from grants.imports.columns import all_fields
from grants.imports.report import ImportOptions
from grants.platform.forms import Checkbox, FormErrors, Trimmed, parse


class ImportForm(BaseModel):
    """How a file is to be taken; its name and SHA-256 once it has been sent."""

    programme: Trimmed = Field(min_length=1)
    fund: Trimmed = Field(min_length=1)
    assume: Checkbox = False
    skip: Checkbox = False
    create: Checkbox = False
    name: Trimmed = ""
    file: Trimmed = ""


#: Everything that the address of a preview may hold: the form, the mapping, and a view of it.
PREVIEW_FILTERS = (
    *ImportForm.model_fields,
    *(f"map_{field}" for field in all_fields()),
    "verdict",
    "q",
)


@dataclass(frozen=True)
class Asked:
    """What the address or the form of a preview asks for, kept from page to page."""

    form: ImportForm
    mapping: Mapping[str, str] | None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Asked | FormErrors:
        """Read it from an address or a form; a mapping stands under `map_…`."""
        form = parse(given, ImportForm)
        if isinstance(form, FormErrors):
            return form
        said = {field: str(given.get(f"map_{field}", "")) for field in all_fields()}
        named = {field: header for field, header in said.items() if header}
        return cls(form, named if any(f"map_{field}" in given for field in said) else None)

    @classmethod
    def again(cls, file: str, name: str, options: Mapping[str, Any]) -> Asked:
        """What a run was asked to do, to be asked once more."""
        form = ImportForm(
            programme=options["programme"],
            fund=options["fund"],
            assume=options["assume_currency"] is not None,
            skip=options["skip_refused"],
            create=options["create_payees"],
            name=name,
            file=file,
        )
        return cls(form, options["mapping"])

    @property
    def options(self) -> ImportOptions:
        """The options of the import."""
        return ImportOptions(
            programme=self.form.programme,
            fund=self.form.fund,
            assume_currency="CNY" if self.form.assume else None,
            skip_refused=self.form.skip,
            create_payees=self.form.create,
            mapping=self.mapping,
        )

    @property
    def fields(self) -> dict[str, str]:
        """Names and values that lead to the same preview again."""
        form = self.form
        ticked = {n: "on" for n in ("assume", "skip", "create") if getattr(form, n)}
        named = {f"map_{field}": header for field, header in (self.mapping or {}).items()}
        return {
            "file": form.file,
            "name": form.name,
            "programme": form.programme,
            "fund": form.fund,
            **ticked,
            **named,
        }

    @property
    def preview(self) -> str:
        """The address of that preview."""
        return f"/imports/preview?{urlencode(self.fields)}"
