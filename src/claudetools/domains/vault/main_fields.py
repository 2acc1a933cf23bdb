"""Which secret of a credential is meant where none is named."""

from collections.abc import Sequence

from claudetools.domains.vault.credentials import CredentialKind

SEED = "totp_seed"
ONE_TIME_CODE = "one_time_code"
"""What is used of a seed: the present code that follows from it (RFC 6238)."""
MAIN_FIELDS = {
    CredentialKind.PASSWORD: "password",
    CredentialKind.API_KEY: "api_key",
    CredentialKind.OAUTH: "client_secret",
    CredentialKind.SSH_KEY: "private_key",
    CredentialKind.SHARED_SECRET: "password",
    CredentialKind.JWT: "token",
    CredentialKind.CONNECTION_STRING: "connection_string",
    CredentialKind.CERTIFICATE: "private_key",
    CredentialKind.TOTP: ONE_TIME_CODE,
    CredentialKind.NOTE: "secret_note",
}


def usable_fields(secret_fields: Sequence[str]) -> list[str]:
    """Return what can be used of a credential: each of its secrets, and the code that follows from a seed."""
    return [*secret_fields, *([ONE_TIME_CODE] if SEED in secret_fields else [])]


def main_field(kind: CredentialKind, secret_fields: Sequence[str]) -> str | None:
    """Return the secret that a credential is mainly for: that of its kind, else the only one; None if that is open."""
    if MAIN_FIELDS[kind] in usable_fields(secret_fields):
        return MAIN_FIELDS[kind]
    return secret_fields[0] if len(secret_fields) == 1 else None
