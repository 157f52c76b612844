"""Files that wait between the preview of an import and its confirmation.

They are nobody's papers yet: each is seen only by who sent it, and goes after a day. They may
hold id numbers, so they lie encrypted.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import secrets
import time
from pathlib import Path

from grants.kernel.errors import N_, RuleBroken
from grants.kernel.identity import Actor
from grants.platform import crypto
from grants.settings import settings

_KEPT_SECONDS = 24 * 60 * 60


def _folder() -> Path:
    folder = settings.data_dir / "imports"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _path(actor: Actor, sha256: str) -> Path:
    return _folder() / f"{actor.user_id}-{sha256}"


async def keep(actor: Actor, content: bytes) -> str:
    """Keep a file until it is confirmed; answers its SHA-256."""
    return await asyncio.to_thread(_keep, actor, content)


def _keep(actor: Actor, content: bytes) -> str:
    _sweep()
    sha256 = hashlib.sha256(content).hexdigest()
    path = _path(actor, sha256)
    # Written aside and renamed, so that nobody ever reads half a file.
    aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(_sealed(content))
    aside.rename(path)
    return sha256


def _sealed(content: bytes) -> bytes:
    return crypto.encrypt("import_file", content.decode("latin-1"))


def _read(path: Path) -> bytes:
    return crypto.decrypt("import_file", path.read_bytes()).encode("latin-1")


def _sweep() -> None:
    oldest = time.time() - _KEPT_SECONDS
    for path in _folder().iterdir():
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                path.unlink()


async def fetch(actor: Actor, sha256: str) -> bytes:
    """The file that this person sent; raises RuleBroken `import.file_gone`."""
    if re.fullmatch(r"[0-9a-f]{64}", sha256):
        with contextlib.suppress(FileNotFoundError):
            content = await asyncio.to_thread(_read, _path(actor, sha256))
            if hashlib.sha256(content).hexdigest() == sha256:
                return content
    raise RuleBroken(
        "import.file_gone", N_("The file is no longer kept here; please send it again.")
    )


async def discard(actor: Actor, sha256: str) -> None:
    """Forget a file that has been imported."""
    if re.fullmatch(r"[0-9a-f]{64}", sha256):
        await asyncio.to_thread(_path(actor, sha256).unlink, missing_ok=True)
