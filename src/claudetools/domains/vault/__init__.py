"""The vault: credentials of clients and their secrets, who may see and use them, and who did."""

from claudetools.domains.vault.approvals import (
    UseRequest,
    UseRequestRead,
    UseState,
    answer,
    use_request,
    use_requests,
)
from claudetools.domains.vault.audit_log import (
    CREDENTIAL_AUDIT_LOGS,
    CredentialAction,
    CredentialAuditLog,
    Origin,
    note,
)
from claudetools.domains.vault.credentials import CREDENTIALS, Credential, CredentialRead, CredentialTag
from claudetools.domains.vault.disclosure import Reason, Vaulted, check_person, disclose, redacted
from claudetools.domains.vault.expiring import ExpiringCredential, expiring_credentials
from claudetools.domains.vault.fingerprints import SecretFingerprint, SecretShapes, destroy_secrets
from claudetools.domains.vault.handles import Handle, find_handles
from claudetools.domains.vault.health import CredentialHealth, credential_health
from claudetools.domains.vault.leaver_report import LeaverReport, leaver_report
from claudetools.domains.vault.links import CredentialLink, CredentialLinks, links_of, set_links
from claudetools.domains.vault.move import MoveRequest, move
from claudetools.domains.vault.permissions import CREDENTIAL_PERMISSIONS, CredentialPermission
from claudetools.domains.vault.reveal import OneTimeCode, Revealed, RevealRequest, one_time_code, reveal
from claudetools.domains.vault.rotation import (
    CredentialVersionRead,
    RestoreRequest,
    RotateRequest,
    credential_versions,
    restore,
    rotate,
)
from claudetools.domains.vault.share_links import (
    Claimed,
    ClaimRequest,
    ShareLink,
    ShareLinkCreated,
    ShareLinkRead,
    ShareRequest,
    claim,
    revoke_share,
    share,
    share_links,
)
from claudetools.domains.vault.stored_secrets import StoredSecrets
from claudetools.domains.vault.using import Used, UseOrder, use
from claudetools.domains.vault.versions import CredentialVersion

__all__ = [
    "CREDENTIALS",
    "CREDENTIAL_AUDIT_LOGS",
    "CREDENTIAL_PERMISSIONS",
    "ClaimRequest",
    "Claimed",
    "Credential",
    "CredentialAction",
    "CredentialAuditLog",
    "CredentialHealth",
    "CredentialLink",
    "CredentialLinks",
    "CredentialPermission",
    "CredentialRead",
    "CredentialTag",
    "CredentialVersion",
    "CredentialVersionRead",
    "ExpiringCredential",
    "Handle",
    "LeaverReport",
    "MoveRequest",
    "OneTimeCode",
    "Origin",
    "Reason",
    "RestoreRequest",
    "RevealRequest",
    "Revealed",
    "RotateRequest",
    "SecretFingerprint",
    "SecretShapes",
    "ShareLink",
    "ShareLinkCreated",
    "ShareLinkRead",
    "ShareRequest",
    "StoredSecrets",
    "UseOrder",
    "UseRequest",
    "UseRequestRead",
    "UseState",
    "Used",
    "Vaulted",
    "answer",
    "check_person",
    "claim",
    "credential_health",
    "credential_versions",
    "destroy_secrets",
    "disclose",
    "expiring_credentials",
    "find_handles",
    "leaver_report",
    "links_of",
    "move",
    "note",
    "one_time_code",
    "redacted",
    "restore",
    "reveal",
    "revoke_share",
    "rotate",
    "set_links",
    "share",
    "share_links",
    "use",
    "use_request",
    "use_requests",
]
