"""The connection of this user on this machine: where it is kept, and whether its token still works."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claudetools.claude.connection import (
    DEFAULT_ENDPOINT,
    Connection,
    ConnectionInvalidError,
    connection_file,
    find_connection,
)
from claudetools.cli.failure import Failure
from claudetools.cli.server_api import Api, Refused

ENDPOINT_VARIABLE = "CLAUDETOOLS_ENDPOINT"
TOKEN_VARIABLE = "CLAUDETOOLS_TOKEN"  # noqa: S105 - the name of the variable
_NO_TOKEN = "none"  # noqa: S105 - stands in where only the address matters


def kept_connection() -> Connection | None:
    """Return the connection in the connection file; None when there is none that can be used."""
    try:
        return find_connection({key: os.environ[key] for key in ("XDG_CONFIG_HOME", "APPDATA") if key in os.environ})
    except ConnectionInvalidError:
        return None


def current_connection() -> Connection:
    """Return the connection that commands use: that of the environment, else the kept one.

    Raises:
        Failure: there is none, or it cannot be used.
    """
    try:
        found = find_connection(os.environ)
    except ConnectionInvalidError as error:
        raise Failure(f"The connection cannot be used: {error}. Run `claudetools connect` again.") from None
    if found is None:
        raise Failure("This machine is not connected. Run `claudetools connect`.")
    return found


def chosen_endpoint(given: str | None) -> str:
    """Return the server's address: as given, of the environment, of the kept connection, else this machine's own.

    Raises:
        Failure: it is not an address.
    """
    kept = kept_connection()
    endpoint = given or os.environ.get(ENDPOINT_VARIABLE) or (kept.endpoint if kept else DEFAULT_ENDPOINT)
    return checked(endpoint, _NO_TOKEN).endpoint


def checked(endpoint: str, token: str) -> Connection:
    """Return a connection.

    Raises:
        Failure: the address or the token cannot be one.
    """
    try:
        return Connection(endpoint, token)
    except ConnectionInvalidError as error:
        raise Failure(f"{str(error).capitalize()}.") from None


def connected_api(connection: Connection, *, timeout_seconds: float = 30.0) -> Api:
    """Return the API on behalf of this machine."""
    return Api(connection.endpoint, connection.token, timeout_seconds=timeout_seconds)


def public_id(token: str) -> str | None:
    """Return the part of a token that is not secret; None when it is no token of this service."""
    parts = token.split("_")
    return parts[2] if len(parts) == 5 and parts[0] == "ct" else None


def own_token(api: Api, connection: Connection) -> dict[str, Any] | None:
    """Return what the server says of the connection's own token; None when it cannot be found."""
    id = public_id(connection.token)
    return next((each for each in api.every("/api/api-tokens") if each["public_id"] == id), None)


def revoke(connection: Connection, *, timeout_seconds: float = 5.0) -> bool:
    """End the token of a connection at its server. Return whether that was possible."""
    try:
        with connected_api(connection, timeout_seconds=timeout_seconds) as api:
            token = own_token(api, connection)
            if token is None:
                return False
            api.delete(f"/api/api-tokens/{token['id']}")
    except Refused as refused:
        # Not accepted: it has ended already.
        return refused.status == 401
    except Failure:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Here:
    """This machine at the server: who is connected, and its record if the token belongs to a machine."""

    me: dict[str, Any]
    machine: dict[str, Any] | None


def here(api: Api) -> Here:
    """Return who and which machine the token of `api` stands for."""
    me = api.get("/api/auth/me")
    machine_id = me.get("machine_id")
    return Here(me, api.get(f"/api/machines/{machine_id}") if machine_id else None)


def connection_path() -> Path:
    """Return the path of the connection file."""
    return connection_file(os.environ)
