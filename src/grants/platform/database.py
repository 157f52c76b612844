"""Which database: the one that settings name, or the embedded cluster under the data folder."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from grants.platform import db, embedded, schema
from grants.settings import Settings


def connection_arguments(settings: Settings) -> dict[str, Any]:
    """asyncpg's connection arguments; starts the embedded cluster where no URL is given."""
    if not settings.database_url:
        cluster = embedded.start_cluster(settings.data_dir)
        return dict(cluster.connect(settings.database_name))
    parts = urlsplit(settings.database_url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise SystemExit("GRANTS_DATABASE_URL has to begin with postgresql://")
    host = parts.hostname or parse_qs(parts.query).get("host", ["localhost"])[0]
    arguments: dict[str, Any] = {
        "host": unquote(host),
        "port": parts.port or 5432,
        "user": unquote(parts.username or "grants"),
        "database": parts.path.lstrip("/") or settings.database_name,
    }
    if parts.password:
        arguments["password"] = unquote(parts.password)
    return arguments


async def open_database(settings: Settings, *, size: int | None = None) -> dict[str, Any]:
    """Open the pool of this process; answers the connection arguments."""
    arguments = connection_arguments(settings)
    await db.open_pool(arguments, size or settings.pool_size)
    return arguments


async def make_database(settings: Settings) -> None:
    """Create the embedded cluster's database; an external one is made by its administrator."""
    if not settings.database_url:
        cluster = embedded.start_cluster(settings.data_dir)
        await schema.ensure_database(cluster.connect("postgres"), settings.database_name)
