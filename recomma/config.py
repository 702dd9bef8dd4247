"""Every setting of the program, read once at the edge from RECOMMA_… in the environment.

A secret may also lie in a file: RECOMMA_X_FILE names it. Each setting is checked at the start, and
one clear sentence says what is wrong with it.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from recomma.signing.hyperliquid import Network

PREFIX = "RECOMMA_"
REAL_HOSTS = ("3commas.io", "hyperliquid.xyz", "hyperliquid-testnet.xyz")


class BadSetting(Exception):
    """A setting is missing or wrong; the message is one sentence that names it and the remedy."""


def _with_a_port(url: str) -> str:
    """Raise ValueError, without the URL in it, for a port that is no number."""
    try:
        _ = urlsplit(url).port
    except ValueError:
        raise ValueError("has a port that is not a number from 0 to 65535") from None
    return url


def _postgres(url: str) -> str:
    if url.startswith(("postgresql://", "postgres://")):
        return _with_a_port("postgresql+psycopg://" + url.split("://", 1)[1])
    if not url.startswith("postgresql+psycopg://"):
        raise ValueError("must look like postgresql://user:password@host:5432/name")
    return _with_a_port(url)


def _redis(url: str) -> str:
    if not url.startswith(("redis://", "rediss://")):
        raise ValueError("must look like redis://host:6379/0")
    return _with_a_port(url)


def _http(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return url.rstrip("/")


def listening(address: str) -> tuple[str, int]:
    """Return host and port of `127.0.0.1:9464`. Raises ValueError, which says what it should be."""
    try:
        parts = urlsplit(f"//{address}")
        host, port, whole = parts.hostname, parts.port, parts.netloc == address
    except ValueError:
        host, port, whole = None, None, False
    if not host or port is None or not whole or "@" in address:
        raise ValueError("must look like 127.0.0.1:9464")
    return host, port


def _listening(address: str) -> str:
    if address:
        listening(address)
    return address


class _SecretFiles(PydanticBaseSettingsSource):
    """RECOMMA_X_FILE: the value of X is what the file holds, without the last line break."""

    def get_field_value(
        self,
        field: Any,
        field_name: str,
    ) -> tuple[Any, str, bool]:
        path = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text().strip(), field_name, False
        except OSError as error:
            name = f"{PREFIX}{field_name.upper()}_FILE"
            raise BadSetting(f"{name}: cannot read {path} ({error.strerror}).") from None

    def __call__(self) -> dict[str, Any]:
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in found.items() if value is not None}


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    database_url: Annotated[str, AfterValidator(_postgres)] = Field(repr=False)
    redis_url: Annotated[str, AfterValidator(_redis)] = Field(repr=False)

    account: str = "main"  # What the one 3Commas account is called in notes and log lines.
    threecommas_url: Annotated[str, AfterValidator(_http)] = "https://api.3commas.io/public/api"
    threecommas_api_key: SecretStr = SecretStr("")
    threecommas_secret: SecretStr = SecretStr("")
    threecommas_private_key: SecretStr = SecretStr("")
    threecommas_plan: Literal["starter", "pro", "expert"] = "starter"
    threecommas_mode: Literal["real", "paper"] = "real"

    hyperliquid_url: Annotated[str, AfterValidator(_http)] = "https://api.hyperliquid.xyz"
    hyperliquid_network: Network = Network.MAINNET
    # The key of an agent wallet, never the account's own: one for all venues, or a folder with a
    # file for each venue, named like it.
    agent_key: SecretStr = SecretStr("")
    agent_keys_dir: Path | None = None

    # Time that is not ours: a simulator's control address whose clock the pipeline follows.
    clock_url: Annotated[str, AfterValidator(_http)] | None = None
    # Off in a rehearsal, where hours pass in a moment: looks that only a cadence asks for.
    look_cadence: bool = True
    # How often beat asks for the list of deals; 0: from what the plan allows in a minute
    # (threecommas.md 11), the larger part kept for details.
    watch_seconds: float = Field(default=0, ge=0)
    # Whether we keep below the limits of both sides. Off in rehearsals, whose hours pass in a
    # moment (design.md 11).
    budgets: bool = True
    concurrency: int = Field(default=4, ge=1, le=64)

    # What Flower shows; a tenth of a worker's time, which a rehearsal spends better.
    task_events: bool = True

    # Where a worker serves its own counters, as host:port; empty: nowhere.
    metrics_listen: Annotated[str, AfterValidator(_listening)] = ""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_json: bool = False

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _SecretFiles(settings_cls)

    @property
    def exchange_urls(self) -> tuple[str, str]:
        return self.threecommas_url, self.hyperliquid_url

    @property
    def watch_every_seconds(self) -> float:
        return (
            self.watch_seconds
            or {"starter": 30.0, "pro": 5.0, "expert": 2.0}[self.threecommas_plan]
        )


def _with_budgets(settings: Settings) -> Settings:
    """Raises BadSetting for budgets that are off where a real exchange counts and bans."""
    hosts = {urlsplit(url).hostname or "" for url in settings.exchange_urls}
    real = sorted(host for host in hosts if host.endswith(REAL_HOSTS))
    if real and not settings.budgets:
        raise BadSetting(
            f"{PREFIX}BUDGETS is not usable: it is false, which is for simulators alone, and"
            f" {' and '.join(real)} would be asked."
        )
    return settings


def load(overrides: Mapping[str, Any] | None = None) -> Settings:
    """Read the settings. Raises BadSetting with one sentence for the first that is wrong."""
    try:
        return _with_budgets(Settings(**(overrides or {})))
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper()
        if first["type"] == "missing":
            raise BadSetting(f"{name} is not set: set it in the environment.") from None
        why = first["msg"].removeprefix("Value error, ")
        raise BadSetting(f"{name} is not usable: {why}.") from None
