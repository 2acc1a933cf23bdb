"""Signing a person in for the length of one command."""

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import typer

from claudetools.cli.failure import Failure
from claudetools.cli.server_api import Api, Refused, is_loopback

EMAIL_VARIABLE = "CLAUDETOOLS_OWNER_EMAIL"
PASSWORD_VARIABLE = "CLAUDETOOLS_OWNER_PASSWORD"  # noqa: S105 - the name of the variable
AGENT = "claudetools command line"


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in, by which means, and the API on their behalf."""

    api: Api
    me: dict[str, Any]
    how: str


@contextmanager
def signed_in(endpoint: str) -> Iterator[Person]:
    """Sign in by the first means that applies, and out at the end.

    CLAUDETOOLS_OWNER_EMAIL and CLAUDETOOLS_OWNER_PASSWORD; for a server on this machine, its own data folder; a prompt.

    Raises:
        Failure: not signed in; the message says why.
    """
    token, how = _by_environment(endpoint) or _by_data_folder(endpoint) or _by_prompt(endpoint)
    with Api(endpoint, token) as api:
        try:
            yield Person(api, api.get("/api/auth/me"), how)
        finally:
            _sign_out(api)


def has_password() -> bool:
    """Return whether the environment holds what to sign in with."""
    return bool(os.environ.get(EMAIL_VARIABLE) and os.environ.get(PASSWORD_VARIABLE))


def _by_environment(endpoint: str) -> tuple[str, str] | None:
    email, password = os.environ.get(EMAIL_VARIABLE), os.environ.get(PASSWORD_VARIABLE)
    return (_log_in(endpoint, email, password), "with the password in the environment") if email and password else None


def _by_data_folder(endpoint: str) -> tuple[str, str] | None:
    if not is_loopback(endpoint):
        return None
    from claudetools.cli.local_owner import local_owners

    for owner in local_owners(AGENT):
        # Another server may run here than the one whose data this is.
        with Api(endpoint, owner.access_token) as api:
            try:
                api.get("/api/auth/me")
            except Refused:
                continue
        return owner.access_token, f"with the root key in {owner.home}"
    return None


def _by_prompt(endpoint: str) -> tuple[str, str]:
    if not sys.stdin.isatty():
        raise Failure(
            f"There is no terminal to ask for a password. Set {EMAIL_VARIABLE} and {PASSWORD_VARIABLE}, or for "
            "`connect` CLAUDETOOLS_TOKEN."
        )
    email = typer.prompt(f"E-mail address on {endpoint}", default=os.environ.get(EMAIL_VARIABLE), err=True)
    return _log_in(endpoint, email, getpass.getpass("Password: ")), "with a password"


def _log_in(endpoint: str, email: str, password: str) -> str:
    body = {"email": email, "password": password}
    with Api(endpoint) as api:
        try:
            grant = api.post("/api/auth/login", body)
        except Refused as refused:
            if refused.code != "totp_required" or not sys.stdin.isatty():
                raise
            grant = api.post("/api/auth/login", body | {"totp": getpass.getpass("Code of your second factor: ")})
        return str(grant["access_token"])


def _sign_out(api: Api) -> None:
    try:
        api.post("/api/auth/logout", {})
    except Failure:
        # The server went away meanwhile: the token ends by itself within minutes.
        return
