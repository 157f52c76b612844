"""Field encryption and blind indexes."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from grants.platform import crypto


def test_what_was_encrypted_is_read_back() -> None:
    assert crypto.decrypt("id_number", crypto.encrypt("id_number", "张三 002X")) == "张三 002X"


def test_the_same_text_is_never_encrypted_to_the_same_bytes() -> None:
    assert crypto.encrypt("id_number", "1") != crypto.encrypt("id_number", "1")


def test_a_ciphertext_is_read_only_for_its_purpose() -> None:
    with pytest.raises(InvalidTag):
        crypto.decrypt("phone", crypto.encrypt("id_number", "1"))


@pytest.mark.parametrize("place", [0, 12, -1])
def test_a_changed_byte_is_seen(place: int) -> None:
    sealed = bytearray(crypto.encrypt("id_number", "110105"))
    sealed[place] ^= 1
    with pytest.raises(InvalidTag):
        crypto.decrypt("id_number", bytes(sealed))


def test_equal_texts_have_equal_indexes_within_one_purpose_only() -> None:
    assert crypto.blind_index("id_number", "1") == crypto.blind_index("id_number", "1")
    assert crypto.blind_index("id_number", "1") != crypto.blind_index("phone", "1")
    assert crypto.blind_index("id_number", "1") != crypto.blind_index("id_number", "2")


def test_each_purpose_has_a_key_of_its_own() -> None:
    keys = {crypto.derived_key(purpose) for purpose in ("a:cipher", "a:index", "b:cipher")}
    assert len(keys) == 3 and {len(key) for key in keys} == {32}


def test_the_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "key"
    made = crypto._master_key(path)
    assert crypto._master_key(path) == made
    assert len(made) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
