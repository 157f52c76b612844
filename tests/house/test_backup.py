"""Backup and restore: a copy is whole, and a damaged one is refused before anything is written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from grants.backup import BackupDamaged, backup, check, restore
from grants.kernel.identity import Role
from grants.platform import db, embedded, files, schema
from grants.platform.audit import Case
from grants.settings import Settings, settings
from tests.world import YUAN, active_award, approved, furnished, instalments
from tests.world_banking import pay

pytestmark = pytest.mark.usefixtures("empty")

FRESH = "grants_restored"


@pytest.fixture
async def fresh(cluster: embedded.Cluster) -> AsyncIterator[dict[str, Any]]:
    """An empty database beside the one of the tests, gone afterwards."""
    await schema.ensure_database(cluster.connect("postgres"), FRESH)
    yield cluster.connect(FRESH)
    keeper = await asyncpg.connect(**cluster.connect("postgres"))
    await keeper.execute(f"DROP DATABASE {FRESH} WITH (FORCE)")
    await keeper.close()


@pytest.fixture
async def copy(cluster: embedded.Cluster, tmp_path: Path) -> Path:
    """A backup of a small year: one payment paid, one approved, one scanned contract."""
    world = await furnished()
    award = await active_award(world, 50_000 * YUAN, 30_000 * YUAN)
    paid, waiting = await instalments(award)
    await pay(world, await approved(world, paid))
    payment = await approved(world, waiting)
    await files.attach(
        world[Role.OFFICER], Case("payment", payment), "合同.pdf", b"%PDF-1.7 contract", "contract"
    )
    target = tmp_path / "copy"
    backup(cluster.connect("grants_test"), settings, target)
    return target


def elsewhere(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "new", key_file=tmp_path / "new" / "key")


def spoil(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


async def tables_of(connect: dict[str, Any]) -> int:
    reader = await asyncpg.connect(**connect)
    try:
        return int(
            await reader.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        )
    finally:
        await reader.close()


async def test_restored_copy_passes_every_invariant(
    cluster: embedded.Cluster, fresh: dict[str, Any], copy: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "grants.cli", "restore", str(copy)],
        env={
            **os.environ,
            "GRANTS_DATA": str(tmp_path / "new"),
            "GRANTS_DATABASE_URL": cluster.dsn(FRESH),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "every invariant holds" in done.stdout


async def test_restored_copy_holds_the_same_rows(
    fresh: dict[str, Any], copy: Path, tmp_path: Path
) -> None:
    restore(fresh, elsewhere(tmp_path), copy)
    reader = await asyncpg.connect(**fresh)
    try:
        for table in ("payment", "ledger_move", "case_event", "row_history", "held_duty"):
            digest = f"SELECT md5(string_agg(t::text, '|' ORDER BY t.id)) FROM {table} t"
            assert await reader.fetchval(digest) == await db.value(digest), table
    finally:
        await reader.close()


async def test_restored_ledger_is_still_append_only(
    fresh: dict[str, Any], copy: Path, tmp_path: Path
) -> None:
    restore(fresh, elsewhere(tmp_path), copy)
    writer = await asyncpg.connect(**fresh)
    try:
        with pytest.raises(asyncpg.RaiseError, match="append-only"):
            await writer.execute("DELETE FROM ledger_move")
    finally:
        await writer.close()


async def test_key_and_attachments_come_with_it(
    fresh: dict[str, Any], copy: Path, tmp_path: Path
) -> None:
    new = elsewhere(tmp_path)
    restore(fresh, new, copy)
    assert new.key_file.read_bytes() == settings.key_file.read_bytes()
    assert new.key_file.stat().st_mode & 0o077 == 0
    (sha256,) = [r["sha256"] for r in await db.rows("SELECT sha256 FROM attachment ORDER BY id")]
    assert any(p.name.startswith(sha256) for p in new.files_dir.rglob("*"))


@pytest.mark.parametrize("name", ["database.dump", "key"])
async def test_damaged_copy_is_refused_before_anything_is_written(
    name: str, fresh: dict[str, Any], copy: Path, tmp_path: Path
) -> None:
    spoil(copy / name)
    with pytest.raises(BackupDamaged, match=name):
        restore(fresh, elsewhere(tmp_path), copy)
    assert await tables_of(fresh) == 0
    assert not (tmp_path / "new").exists()


async def test_copy_with_a_lost_or_a_foreign_file_is_refused(copy: Path) -> None:
    (copy / "files" / "stray").write_bytes(b"who put this here?")
    with pytest.raises(BackupDamaged, match="stray"):
        check(copy)
    (copy / "files" / "stray").unlink()
    (copy / "key").unlink()
    with pytest.raises(BackupDamaged, match="key"):
        check(copy)


async def test_copy_goes_only_into_an_empty_folder(cluster: embedded.Cluster, copy: Path) -> None:
    with pytest.raises(FileExistsError):
        backup(cluster.connect("grants_test"), settings, copy)


async def test_copy_is_readable_by_its_owner_alone(copy: Path) -> None:
    assert copy.stat().st_mode & 0o077 == 0


async def test_key_of_another_installation_is_never_overwritten(
    fresh: dict[str, Any], copy: Path, tmp_path: Path
) -> None:
    new = elsewhere(tmp_path)
    new.data_dir.mkdir()
    new.key_file.write_text("ab" * 32)
    with pytest.raises(FileExistsError):
        restore(fresh, new, copy)
    assert new.key_file.read_text() == "ab" * 32
    assert await tables_of(fresh) == 0


async def test_without_the_key_there_is_no_copy(cluster: embedded.Cluster, tmp_path: Path) -> None:
    keyless = elsewhere(tmp_path)
    with pytest.raises(FileNotFoundError):
        backup(cluster.connect("grants_test"), keyless, tmp_path / "copy")
    assert list((tmp_path / "copy").iterdir()) == []
