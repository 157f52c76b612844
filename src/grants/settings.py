"""One frozen settings model, read from GRANTS_* variables."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

TOP = Path(__file__).resolve().parents[2]


class Settings(BaseModel):
    """What may differ from one installation to another.

    `database_url` empty means the embedded PostgreSQL under `data_dir`.
    `demo` marks every page and PDF and lets second factors be switched off.
    `smtp_url` empty means that mails are kept and not sent.
    """

    # The address of the mail server holds a password: no message about a slip repeats it.
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    data_dir: Path = TOP / "data"
    database_url: str = ""
    database_name: str = "grants"
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = "http://127.0.0.1:8000"
    workers: int = 1
    pool_size: int = 10
    demo: bool = False
    second_factor: bool = True
    idle_minutes: int = 15
    key_file: Path = TOP / "data" / "key"
    smtp_url: str = Field("", repr=False)
    mail_from: str = ""

    @field_validator("smtp_url")
    @classmethod
    def _names_a_server(cls, given: str) -> str:
        try:
            parts = urlsplit(given)
            named = parts.scheme in ("smtp", "smtps") and parts.hostname and parts.port != 0
        except ValueError:
            named = False
        if given and not named:
            raise ValueError("write smtp://host:25 or smtps://user:password@host:465")
        return given

    @model_validator(mode="after")
    def _mail_has_a_sender(self) -> Settings:
        if self.smtp_url and not self.mail_from:
            raise ValueError("GRANTS_SMTP_URL needs GRANTS_MAIL_FROM")
        return self

    @property
    def files_dir(self) -> Path:
        """Where attachments lie, named by their SHA-256."""
        return self.data_dir / "files"


def read_settings(environ: dict[str, str] | None = None) -> Settings:
    """Settings from `GRANTS_*`; unknown names are refused so that a typing slip is seen."""
    environ = dict(os.environ) if environ is None else environ
    given = {
        name.removeprefix("GRANTS_").lower(): value
        for name, value in environ.items()
        if name.startswith("GRANTS_")
    }
    if "data" in given:
        given["data_dir"] = given.pop("data")
    given.pop("browser", None)
    given.pop("rehearsal_file", None)
    unknown = set(given) - set(Settings.model_fields)
    if unknown:
        raise SystemExit(f"Unknown settings: {', '.join(f'GRANTS_{n.upper()}' for n in unknown)}")
    if "data_dir" in given and "key_file" not in given:
        given["key_file"] = str(Path(given["data_dir"]) / "key")
    return Settings.model_validate(given)


settings = read_settings()
