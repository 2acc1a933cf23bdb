"""What every front stands on: the database, sign-ins, the memory engine, made once from the settings."""

from dataclasses import dataclass
from datetime import timedelta

from claudetools.domains import RESOURCES
from claudetools.domains.accounts import (
    API_TOKENS,
    USERS,
    Authenticator,
    DeviceApproval,
    DeviceGrants,
    KnownDevices,
    Logins,
    RecoveryCodes,
    SecondFactor,
    SignIn,
    Throttling,
)
from claudetools.domains.coordination import COMPONENT_STATES, MESSAGES
from claudetools.domains.integrations import EXTERNAL_INTEGRATIONS
from claudetools.domains.memory import (
    INDEX_RECORDS,
    SURROUNDINGS,
    TAKE_OUT_REST,
    ClaudeBinding,
    LaterSecrets,
    LearningCounts,
    MemoryEngine,
    index_changes,
    index_missing,
    learning_counts,
    renew_cut,
)
from claudetools.domains.ops import REWRAP, BackupJobs, KeyJobs, backup_folder, backup_jobs
from claudetools.domains.reports import surroundings_of
from claudetools.domains.security import ApiAuditLogWriter
from claudetools.domains.vault import SecretShapes, StoredSecrets, disclosure, fingerprints
from claudetools.kit.audit import trail
from claudetools.kit.audit.anchors import open_anchors
from claudetools.kit.audit.chain import ChainKeys
from claudetools.kit.audit.checkpoint_key import open_checkpoint_key
from claudetools.kit.audit.sealing import AuditSealer
from claudetools.kit.audit.trail import Audited, AuditTrail
from claudetools.kit.crypto import envelope
from claudetools.kit.crypto.envelope import Envelope
from claudetools.kit.crypto.jwt import AccessTokens
from claudetools.kit.crypto.keyring import Keyring
from claudetools.kit.crypto.passwords import PEPPER, PasswordPool
from claudetools.kit.crypto.roots import root_source
from claudetools.kit.crypto.sealing import Sealer
from claudetools.kit.db.base import Record
from claudetools.kit.db.session import Database
from claudetools.kit.http.idempotency_keys import IdempotencyKeys
from claudetools.kit.jobs.queue import forget_finished
from claudetools.kit.jobs.worker import Recurring, Worker
from claudetools.kit.redact import KnownSecrets, Redactor
from claudetools.kit.resource import redaction
from claudetools.kit.resource.cursor import CursorCodec
from claudetools.kit.resource.declare import WRITES, Verb
from claudetools.kit.search.embed import load_embedder
from claudetools.kit.settings import Settings

FORGET_JOBS = "forget_finished_jobs"
RECURRING = (
    backup_jobs.RECURRING,
    learning_counts.RECURRING,
    Recurring(FORGET_JOBS, timedelta(days=1)),
    Recurring(INDEX_RECORDS, timedelta(days=1)),
)
CHANGING = WRITES | {Verb.HISTORY}
"""Verbs of a resource whose changes are worth an event; logs that only the service writes are events themselves."""
RIGHTS = {
    USERS: ("role", "is_active", "client_access", "clients"),
    API_TOKENS: ("scopes", "client_ids", "allowed_ips", "revoked_at"),
}
"""Records that people change by routes of their own, and which columns of them say what somebody may do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The services of one process."""

    settings: Settings
    keyring: Keyring
    database: Database
    passwords: PasswordPool
    logins: Logins
    sign_in: SignIn
    second_factor: SecondFactor
    device_grants: DeviceGrants
    device_approval: DeviceApproval
    tickets: Sealer
    authenticator: Authenticator
    cursors: CursorCodec
    idempotency_keys: IdempotencyKeys
    api_audit_log: ApiAuditLogWriter
    audit_keys: ChainKeys
    audit_sealer: AuditSealer
    memory: MemoryEngine
    stored_secrets: StoredSecrets
    worker: Worker


def audited() -> dict[type[Record], Audited]:
    """Return the models whose changes are audited, each with its name in the trail."""
    found = {resource.model: Audited.of(resource) for resource in RESOURCES if resource.verbs & CHANGING}
    found |= {resource.model: Audited.of(resource, *rights) for resource, rights in RIGHTS.items()}
    binding = ("client_id", "project_id", "machine_id", "git_remote", "folder")
    return {**found, ClaudeBinding: Audited("claude-bindings", binding)}


def open_services(settings: Settings) -> Services:
    """Return the services for `settings`. Nothing is connected yet; close `database` at the end.

    Raises:
        KeyProblem: the root key is missing or unsafe.
    """
    keyring = Keyring(root_source(settings))
    database = Database(settings.database_url)
    known = KnownSecrets(keyring.lasting_key("known-secret"))
    redactor = Redactor(keyring.lasting_key("redaction"), known)
    shapes = SecretShapes(known, Sealer(keyring.lasting_key("secret-shape")))
    database.services[envelope.SERVICE] = Envelope(keyring)
    database.services[redaction.SERVICE] = redactor
    database.services[SURROUNDINGS] = surroundings_of
    database.services[fingerprints.SERVICE] = keyring.lasting_key("fingerprint")
    database.services[fingerprints.SHAPES] = shapes
    database.services[disclosure.SERVICE] = settings.reveals_per_five_minutes
    audit_keys = ChainKeys(keyring)
    anchors = open_anchors(settings.audit_anchors, settings.home)
    sealer = AuditSealer(database, open_checkpoint_key(settings.keys_folder), anchors)
    database.services[backup_folder.SERVICE] = settings.backup_folder
    making = BackupJobs(settings, keyring, database)
    database.endings += (renew_cut, index_changes)
    memory = MemoryEngine(database, load_embedder(settings.embedder), redactor, settings.index_folder)
    stored_secrets = StoredSecrets(database, shapes)
    later_secrets = LaterSecrets(memory, stored_secrets, (MESSAGES, COMPONENT_STATES, EXTERNAL_INTEGRATIONS))
    database.services[trail.SERVICE] = AuditTrail(audited(), audit_keys, sealer.told)
    tokens = AccessTokens(keyring)
    passwords = PasswordPool(keyring.lasting_key(PEPPER))
    throttling = Throttling(keyring.lasting_key("throttling"), settings.sign_in_rate_limit_per_minute)
    second_factor = SecondFactor(RecoveryCodes(keyring.lasting_key("recovery-code")))
    device_grants = DeviceGrants(keyring.lasting_key("device-grant"))
    return Services(
        settings=settings,
        keyring=keyring,
        database=database,
        passwords=passwords,
        sign_in=SignIn(
            database, passwords, throttling, KnownDevices(keyring.lasting_key("known-device")), second_factor
        ),
        second_factor=second_factor,
        device_grants=device_grants,
        tickets=Sealer(keyring.lasting_key("ticket")),
        device_approval=DeviceApproval(database, device_grants, throttling),
        logins=Logins(tokens, keyring.lasting_key("refresh-token")),
        authenticator=Authenticator(database, tokens),
        cursors=CursorCodec(keyring.lasting_key("cursor")),
        idempotency_keys=IdempotencyKeys(
            database, Sealer(keyring.lasting_key("idempotency")), keyring.lasting_key("idempotent-request")
        ),
        api_audit_log=ApiAuditLogWriter(database, settings.api_audit_log_days),
        audit_keys=audit_keys,
        audit_sealer=sealer,
        memory=memory,
        stored_secrets=stored_secrets,
        worker=Worker(
            database,
            {
                backup_jobs.MAKE: making.make,
                backup_jobs.QUEUE_DUE: making.queue_due,
                REWRAP: KeyJobs(settings, keyring, database).rewrap,
                fingerprints.TAKE_OUT: later_secrets.take_out,
                TAKE_OUT_REST: later_secrets.take_out,
                INDEX_RECORDS: lambda _: index_missing(memory),
                learning_counts.COUNT: LearningCounts(database).count,
                FORGET_JOBS: lambda _: database.write(forget_finished),
            },
            RECURRING,
        ),
    )
