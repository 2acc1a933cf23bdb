"""What there are credentials for, with secrets that open nothing, and who is permitted what."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from random import Random

from claudetools.demo.estate import Estate, System
from claudetools.demo.facts import facts_about
from claudetools.demo.plan import Draft, Ref
from claudetools.demo.reading import Description, read
from claudetools.demo.situation_files import TENANT_ROLE
from claudetools.demo.texts import chance, fill, serial

WEAK = "Welcome2024"
WEAK_SHARE = 0.08
"""How many passwords are those that somebody has once thought up for all clients."""


class _CredentialPart(Description):
    on: str
    each: bool = False
    kind: str
    service_name: str
    username: str
    requires_2fa: bool = False
    rotate_days: int | None = None
    expires_days: tuple[int, int] | None = None
    restricted: bool = False
    agents: bool = False
    notes: str | None = None


class _CredentialsFile(Description):
    credential: tuple[_CredentialPart, ...]


@cache
def _parts() -> tuple[_CredentialPart, ...]:
    return _CredentialsFile.model_validate(read("credentials.toml")).credential


def credential_records(estate: Estate, seed: int, at: datetime) -> Iterator[Draft]:
    """Return a client's credentials, and the permissions for those that are restricted."""
    by = chance(seed, "credentials", estate.file.key)
    for part in _parts():
        systems: list[System | None] = list(estate.with_role(part.on))
        if part.on == TENANT_ROLE and estate.file.m365:
            systems = [None]
        for system in systems if part.each else systems[:1]:
            draft = _credential(estate, part, system, at, by)
            yield draft
            if part.restricted and not part.each:
                yield _permission(estate, draft)


def _credential(estate: Estate, part: _CredentialPart, system: System | None, at: datetime, by: Random) -> Draft:
    facts = facts_about(estate, system, list(estate.staff[:2]), by)
    name = fill(part.service_name, {"app_name": "the application", **facts})
    rotated_at = at - timedelta(days=by.randint(5, int(1.3 * part.rotate_days)) if part.rotate_days else 200)
    return Draft(
        resource="credentials",
        key=f"credential/{estate.file.key}/{name}",
        at=at - timedelta(days=by.randint(420, 900)),
        values={
            "client_id": estate.client,
            "infrastructure_id": Ref(system.key) if system else None,
            "kind": part.kind,
            "service_name": name,
            "username": fill(part.username, facts),
            "requires_vpn": bool(system and estate.site(system.part.site).vpn),
            "requires_2fa": part.requires_2fa,
            "expires_at": at + timedelta(days=by.randint(*part.expires_days)) if part.expires_days else None,
            "rotate_every_days": part.rotate_days,
            "is_restricted": part.restricted,
            "allows_agents": part.agents,
            "notes": part.notes,
            **_secrets(part, chance(0, name, estate.file.key)),
        },
        kept={"last_rotated_at": rotated_at, "updated_at": rotated_at},
    )


def _secrets(part: _CredentialPart, by: Random) -> dict[str, str]:
    """Return made-up secrets for a credential, each of which says that it is one."""
    code = "demo-" + serial("****-****-****-****", by)
    found = {
        "api_key": {"api_key": code},
        "oauth": {"oauth_client_id": serial("demo-########", by), "client_secret": code},
        "connection_string": {"connection_string": f"Server=localhost;Database=demo;Password={code}"},
        "ssh_key": {"private_key": f"No key: {code}", "password": code},
        "certificate": {"password": code, "secret_note": "The file lies with the made-up password in no safe at all."},
    }.get(part.kind, {"password": WEAK if by.random() < WEAK_SHARE else code})
    return found | ({"totp_seed": serial("@" * 32, by)} if part.requires_2fa else {})


def _permission(estate: Estate, credential: Draft) -> Draft:
    technician = estate.file.technicians[0]
    return Draft(
        resource="credential-permissions",
        key=f"permission/{credential.key}",
        values={
            "credential_id": Ref(credential.key),
            "grantee_id": Ref(f"person/{technician}"),
            "level": "reveal",
            "reason": "Looks after this client.",
        },
    )
