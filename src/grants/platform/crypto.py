"""Field encryption and blind indexes.

The key lies outside the database. Each purpose (an id number, an account number) has
keys of its own, derived with HKDF; ciphertexts are AES-256-GCM bound to their purpose.
Blind indexes are HMAC-SHA-256, so equal values can be found without being readable.
"""

from __future__ import annotations

import os
import secrets
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from grants.settings import settings


def _master_key(path: Path) -> bytes:
    """The master key; made on first use, readable by its owner alone."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return bytes.fromhex(path.read_text().strip())
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _master_key(path)
    fresh = secrets.token_bytes(32)
    with os.fdopen(handle, "w") as file:
        file.write(fresh.hex())
        file.flush()
        os.fsync(file.fileno())
    return fresh


@cache
def derived_key(purpose: str) -> bytes:
    """A 256-bit key for one purpose."""
    master = _master_key(settings.key_file)
    return HKDF(hashes.SHA256(), 32, salt=None, info=purpose.encode()).derive(master)


def encrypt(purpose: str, plain: str) -> bytes:
    """`plain`, encrypted so that only the same purpose can read it."""
    nonce = secrets.token_bytes(12)
    sealed = AESGCM(derived_key(f"{purpose}:cipher")).encrypt(
        nonce, plain.encode(), purpose.encode()
    )
    return nonce + sealed


def decrypt(purpose: str, sealed: bytes) -> str:
    """The text behind `sealed`; raises InvalidTag for another purpose or a changed byte."""
    opened = AESGCM(derived_key(f"{purpose}:cipher")).decrypt(
        sealed[:12], sealed[12:], purpose.encode()
    )
    return opened.decode()


def blind_index(purpose: str, plain: str) -> bytes:
    """A keyed digest: equal texts give equal indexes, and the index tells nothing else."""
    mac = hmac.HMAC(derived_key(f"{purpose}:index"), hashes.SHA256())
    mac.update(plain.encode())
    return mac.finalize()
