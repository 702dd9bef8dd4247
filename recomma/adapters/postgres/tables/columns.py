"""What the declarations of tables are made of.

Names of constraints follow what Postgres itself would give, so that the migration can be written
in plain SQL and still ends in exactly these tables.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    MetaData,
    Numeric,
    Text,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
    }
)

LIVE_STATES = "state IN ('planned', 'in_doubt', 'resting')"


def identity() -> "Column[int]":
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def count(name: str) -> "Column[int]":
    return Column(name, Integer, nullable=False, server_default=text("0"))


def counter(name: str) -> "Column[int]":
    return Column(name, BigInteger, nullable=False, server_default=text("0"))


def flag(name: str) -> "Column[bool]":
    return Column(name, Boolean, nullable=False, server_default=text("false"))


def words(name: str, *, nullable: bool = False) -> "Column[str]":
    return Column(name, Text, nullable=nullable)


def remark(name: str) -> "Column[str]":
    """A text that is empty where there is nothing to say."""
    return Column(name, Text, nullable=False, server_default=text("''"))


def instant(name: str, *, nullable: bool = False) -> "Column[datetime]":
    return Column(name, DateTime(timezone=True), nullable=nullable)


def money(name: str, *, nullable: bool = False) -> "Column[Decimal]":
    """A price, a size or an amount of quote currency, to as many digits as it came with."""
    return Column(name, Numeric, nullable=nullable)


def to(target: str, name: str, *, nullable: bool = False, key: bool = False) -> "Column[object]":
    """A reference to another table's key."""
    return Column(name, ForeignKey(target), nullable=nullable, primary_key=key)


def positive(*names: str) -> list[CheckConstraint]:
    """Above zero and finite: to Postgres, NaN and Infinity are greater than every number."""
    return [
        CheckConstraint(f"{name} > 0 AND {name} < 'Infinity'", name=f"{name}_positive")
        for name in names
    ]


def not_negative(*names: str) -> list[CheckConstraint]:
    return [
        CheckConstraint(f"{name} >= 0 AND {name} < 'Infinity'", name=f"{name}_not_negative")
        for name in names
    ]


def known(name: str, vocabulary: type[StrEnum] | Iterable[str]) -> CheckConstraint:
    """A column that holds one of these words, or NULL if it may."""
    listed = ", ".join(f"'{word}'" for word in vocabulary)
    return CheckConstraint(f"{name} IN ({listed})", name=f"{name}_known")
