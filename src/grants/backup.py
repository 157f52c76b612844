"""Backup and restore: the database, the attachments and the key, with a checksum manifest."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from grants.kernel import calendar
from grants.platform.embedded import wheel_binaries
from grants.settings import Settings

_DUMP = "database.dump"
_MANIFEST = "manifest.json"


class BackupDamaged(Exception):
    """A backup whose files are not those of its manifest."""


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _program(name: str, connect: dict[str, Any], *words: str) -> None:
    environment = {
        **os.environ,
        "PGHOST": str(connect["host"]),
        "PGPORT": str(connect.get("port", 5432)),
        "PGUSER": str(connect["user"]),
        "PGPASSWORD": str(connect.get("password") or ""),
        "PGDATABASE": str(connect["database"]),
    }
    done = subprocess.run(
        [str(wheel_binaries() / name), *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{name} failed: {done.stderr[-2000:]}")


def backup(connect: dict[str, Any], settings: Settings, target: Path) -> int:
    """Write a backup into the empty or new folder `target`; answers how many files it holds.

    The dump is one consistent snapshot and is taken before the attachments, so every
    attachment it names is in the backup. The key lies in it too: keep it as safe as the
    database itself. Raises FileExistsError where something lies in `target` already, and
    FileNotFoundError without a key: no backup is better than one that cannot be read.
    """
    target.mkdir(parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise FileExistsError(f"{target} is not empty")
    target.chmod(0o700)
    shutil.copy2(settings.key_file, target / "key")
    _program("pg_dump", connect, "--format=custom", "--no-owner", f"--file={target / _DUMP}")
    if settings.files_dir.exists():
        shutil.copytree(settings.files_dir, target / "files")
    files = sorted(p for p in target.rglob("*") if p.is_file())
    manifest = {
        "made_at": calendar.now().isoformat(timespec="seconds"),
        "files": {str(p.relative_to(target)): _digest(p) for p in files},
    }
    (target / _MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False))
    return len(files)


def check(source: Path) -> dict[str, str]:
    """The files of a backup with their checksums; raises BackupDamaged when one differs."""
    expected: dict[str, str] = json.loads((source / _MANIFEST).read_text())["files"]
    present = {
        str(p.relative_to(source)): _digest(p)
        for p in sorted(source.rglob("*"))
        if p.is_file() and p.name != _MANIFEST
    }
    wrong = sorted(
        name for name in expected.keys() | present.keys() if expected.get(name) != present.get(name)
    )
    if wrong:
        raise BackupDamaged(", ".join(wrong[:5]))
    return expected


def restore(connect: dict[str, Any], settings: Settings, source: Path) -> int:
    """Restore a checked backup into an empty database; answers how many files it holds.

    `connect` leads to a database without tables. Raises BackupDamaged before anything is
    written when a checksum is wrong, FileExistsError where another key lies already.
    """
    files = check(source)
    if settings.key_file.exists() and _digest(settings.key_file) != files["key"]:
        raise FileExistsError(f"{settings.key_file} is the key of another installation")
    _program(
        "pg_restore",
        connect,
        "--no-owner",
        "--exit-on-error",
        "--single-transaction",
        f"--dbname={connect['database']}",
        str(source / _DUMP),
    )
    settings.key_file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source / "key", settings.key_file)
    settings.key_file.chmod(0o600)
    if (source / "files").exists():
        shutil.copytree(source / "files", settings.files_dir, dirs_exist_ok=True)
    return len(files)
