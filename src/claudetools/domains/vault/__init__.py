"""The vault: credentials of clients, who may see and use them, and who did. Secrets themselves are not kept yet."""

from claudetools.domains.vault.audit_log import CREDENTIAL_AUDIT_LOGS, CredentialAuditLog
from claudetools.domains.vault.credentials import (
    CREDENTIALS,
    Credential,
    CredentialTag,
    CredentialVersion,
    CredentialVersionRead,
    credential_versions,
)
from claudetools.domains.vault.expiring import ExpiringCredential, expiring_credentials
from claudetools.domains.vault.links import CredentialLink, CredentialLinks, links_of, set_links
from claudetools.domains.vault.permissions import CREDENTIAL_PERMISSIONS, CredentialPermission
from claudetools.domains.vault.share_links import ShareLink

__all__ = [
    "CREDENTIALS",
    "CREDENTIAL_AUDIT_LOGS",
    "CREDENTIAL_PERMISSIONS",
    "Credential",
    "CredentialAuditLog",
    "CredentialLink",
    "CredentialLinks",
    "CredentialPermission",
    "CredentialTag",
    "CredentialVersion",
    "CredentialVersionRead",
    "ExpiringCredential",
    "ShareLink",
    "credential_versions",
    "expiring_credentials",
    "links_of",
    "set_links",
]
