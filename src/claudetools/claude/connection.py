"""Where the server is and with which token this machine speaks to it."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

DEFAULT_ENDPOINT = "http://127.0.0.1:8787"
# The plugin's options as the client hands them to hooks, then the user's own variables.
_VARIABLES = ("CLAUDE_PLUGIN_OPTION_", "CLAUDETOOLS_")


class ConnectionInvalidError(ValueError):
    """An address or a token that cannot be used; the message says why and repeats no secret."""


@dataclass(frozen=True)
class Connection:
    """A server address (scheme, host, port and path prefix, no slash at the end) and this machine's token.

    Raises:
        ConnectionInvalidError: not an http or https address, or a token that is no header value.
    """

    endpoint: str
    token: str = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "endpoint", self.endpoint.strip().rstrip("/"))
        object.__setattr__(self, "token", self.token.strip())
        try:
            parts = urlsplit(self.endpoint)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            usable = False
        if not usable or "@" in self.endpoint or any(character.isspace() for character in self.endpoint):
            raise ConnectionInvalidError("the server address must be like https://memory.example.com")
        if not self.token or not self.token.isascii() or not self.token.isprintable():
            raise ConnectionInvalidError("the token is empty or has characters that no token has")


def connection_file(environment: Mapping[str, str]) -> Path:
    """Path of the file that keeps the connection of this user on this machine."""
    if sys.platform == "win32":
        base = environment.get("APPDATA") or str(Path.home() / "AppData" / "Roaming")
    else:
        base = environment.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "claudetools" / "connection.json"


def find_connection(
    environment: Mapping[str, str], *, endpoint: str | None = None, token_file: Path | None = None
) -> Connection | None:
    """The connection that was asked for, or that the plugin, the environment or the connection file gives.

    Address and token come from the same source, so that no token reaches a server it was not meant for, unless the
    caller names one of them. None if no source has a token.

    Raises:
        ConnectionInvalidError: the source that was found gives something unusable.
    """
    if token_file is not None:
        try:
            token = token_file.read_text(encoding="utf-8")
        except (OSError, ValueError):
            raise ConnectionInvalidError(f"the token file {token_file} cannot be read") from None
        return Connection(endpoint or DEFAULT_ENDPOINT, token)
    given = [(environment.get(f"{prefix}ENDPOINT"), environment.get(f"{prefix}TOKEN")) for prefix in _VARIABLES]
    for found_endpoint, found_token in (*given, _stored(connection_file(environment))):
        if found_token:
            return Connection(endpoint or found_endpoint or DEFAULT_ENDPOINT, found_token)
    return None


def store_connection(connection: Connection, environment: Mapping[str, str]) -> Path:
    """Keep a connection in the connection file, which only its owner can read. Returns its path."""
    path = connection_file(environment)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    text = json.dumps({"endpoint": connection.endpoint, "token": connection.token})
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    partial.replace(path)
    return path


def _stored(path: Path) -> tuple[str | None, str | None]:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None, None
    if not isinstance(stored, dict):
        return None, None
    endpoint, token = stored.get("endpoint"), stored.get("token")
    return endpoint if isinstance(endpoint, str) else None, token if isinstance(token, str) else None
