"""Columns that say what they mean.

Piccolo fills absent values silently ('' or 0 or now) and lets foreign keys be null and
cascade. These constructors turn that off: a column is required unless it says `maybe`,
and a referenced row cannot be deleted.
"""

from __future__ import annotations

from typing import Any

from piccolo.columns import (
    JSONB,
    Array,
    BigInt,
    BigSerial,
    Boolean,
    Bytea,
    Date,
    ForeignKey,
    Integer,
    OnDelete,
    OnUpdate,
    Text,
    Timestamptz,
)


def key() -> BigSerial:
    """The surrogate key that every table has: the row history names rows by it."""
    return BigSerial(primary_key=True, index=False)


def text(unique: bool = False, index: bool = False, default: str | None = None) -> Text:
    """Required text."""
    return Text(default=default, null=False, required=default is None, unique=unique, index=index)


def maybe_text(unique: bool = False, index: bool = False) -> Text:
    """Text or null."""
    return Text(default=None, null=True, unique=unique, index=index)


def fen(default: int | None = None) -> BigInt:
    """An amount in fen."""
    return BigInt(default=default, null=False, required=default is None)


def large_number() -> BigInt:
    """A required whole number that may pass two thousand million."""
    return BigInt(default=None, null=False, required=True)


def id_elsewhere() -> BigInt:
    """The id of a row in a table of another room, without a foreign key to it."""
    return BigInt(default=None, null=False, required=True)


def number(default: int | None = None) -> Integer:
    """A required whole number."""
    return Integer(default=default, null=False, required=default is None)


def maybe_number() -> Integer:
    """A whole number or null."""
    return Integer(default=None, null=True)


def flag(default: bool = False) -> Boolean:
    """Yes or no."""
    return Boolean(default=default, null=False)


def day() -> Date:
    """A required date."""
    return Date(default=None, null=False, required=True)


def maybe_day() -> Date:
    """A date or null."""
    return Date(default=None, null=True)


def moment() -> Timestamptz:
    """A required point in time."""
    return Timestamptz(default=None, null=False, required=True)


def maybe_moment() -> Timestamptz:
    """A point in time or null."""
    return Timestamptz(default=None, null=True)


def secret() -> Bytea:
    """Encrypted or keyed bytes, required."""
    return Bytea(default=None, null=False, required=True)


def maybe_secret(unique: bool = False, index: bool = False) -> Bytea:
    """Encrypted or keyed bytes, or null."""
    return Bytea(default=None, null=True, unique=unique, index=index)


def document(default: str = "{}") -> JSONB:
    """A JSON document; read it with `load_json=True` or through `db.rows`."""
    return JSONB(default=default, null=False)


def amounts() -> Array:
    """A list of amounts in fen."""
    return Array(base_column=BigInt(), default=None, null=False, required=True)


def refers_to(table: Any, unique: bool = False, index: bool = True) -> ForeignKey[Any]:
    """A required reference; the target cannot be deleted."""
    return ForeignKey(
        table,
        null=False,
        default=None,
        required=True,
        unique=unique,
        index=index,
        on_delete=OnDelete.restrict,
        on_update=OnUpdate.restrict,
    )


def may_refer_to(table: Any, unique: bool = False, index: bool = True) -> ForeignKey[Any]:
    """A reference or null; the target cannot be deleted."""
    return ForeignKey(
        table,
        null=True,
        default=None,
        unique=unique,
        index=index,
        on_delete=OnDelete.restrict,
        on_update=OnUpdate.restrict,
    )
