"""Settings of the server, read from the environment (prefix `CLAUDETOOLS_`)."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, IPvAnyNetwork, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def default_home() -> Path:
    """Return the data folder used when `CLAUDETOOLS_HOME` is not set."""
    return Path.home() / ".local" / "share" / "claudetools"


def _listed(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class Settings(BaseSettings):
    """All settings. Each field is set by `CLAUDETOOLS_<NAME>`; unset ones take the default given here."""

    model_config = SettingsConfigDict(env_prefix="CLAUDETOOLS_", frozen=True, extra="ignore")

    home: Path = Field(default_factory=default_home, description="Data folder: database, keys.")
    host: str = Field("127.0.0.1", description="Address the server listens on.")
    port: int = Field(8787, ge=1, le=65535, description="Port the server listens on.")
    database_url: str = Field(
        "", description="SQLAlchemy URL. Empty: SQLite in the data folder. MariaDB: mariadb+asyncmy://user:pw@host/db"
    )
    owner_email: str = Field("owner@localhost", description="E-mail address of the owner account made on first run.")
    owner_password: SecretStr | None = Field(
        None, description="Password of that account. Unset: generated and printed once."
    )
    root_keys: SecretStr | None = Field(
        None, description="Root keys as text, one to a line or separated by commas. Unset: the file in the data folder."
    )
    root_key_command: str = Field(
        "", description="Program that prints the root keys, such as one that asks a key-management service."
    )
    embedder: Literal["minilm", "none"] = Field(
        "minilm", description="Sentence encoder for recall. `none` ranks by words only."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe level logged.")
    rate_limit_per_minute: int = Field(
        6000, ge=0, description="Requests a minute for each person or token, counted by each worker. 0: no limit."
    )
    anonymous_rate_limit_per_minute: int = Field(
        120, ge=0, description="Requests a minute without a valid token for each address. 0: no limit."
    )
    sign_in_rate_limit_per_minute: int = Field(
        30, ge=0, description="Sign-ins a minute from unknown devices for each address, over all workers. 0: no limit."
    )
    trusted_proxies: Annotated[tuple[IPvAnyNetwork, ...], NoDecode, BeforeValidator(_listed)] = Field(
        (), description="Addresses or networks (CIDR), with commas between, whose X-Forwarded-For is believed."
    )
    reveals_per_five_minutes: int = Field(
        30,
        ge=0,
        description="Secrets that a person may see, share or use in five minutes. 0: no limit.",
    )
    api_audit_log_days: int = Field(
        90, ge=1, description="How long the log of requests is kept (method, route, status, caller; never contents)."
    )
    backup_folder: Path = Field(
        Path("backups"), description="Folder for backups and the data keys; relative to the data folder."
    )
    audit_anchors: str = Field(
        "",
        pattern=r"^((file:/[^,]+|git:/[^,]+|syslog:([^,:]+(:\d{1,5})?)?)(,|$))*$",
        description="Where each checkpoint of the audit trail is kept outside the database, separated by commas: "
        "file:/path, git:/path, syslog: (this host) or syslog:host:port.",
    )
    docs_enabled: bool = Field(True, description="Whether /api/docs and /api/openapi.json are served without a token.")

    @model_validator(mode="after")
    def _resolve(self) -> Self:
        home = self.home.expanduser().absolute()
        object.__setattr__(self, "home", home)
        object.__setattr__(self, "backup_folder", home / self.backup_folder.expanduser())
        if not self.database_url:
            object.__setattr__(self, "database_url", f"sqlite+aiosqlite:///{home / 'claudetools.db'}")
        return self

    @property
    def keys_folder(self) -> Path:
        """The folder that holds the root key."""
        return self.home / "keys"

    @property
    def index_folder(self) -> Path:
        """The folder in which the recall index is kept between starts."""
        return self.home / "data"
