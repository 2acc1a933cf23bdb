"""Security: incidents and how they were dealt with, and the log of requests."""

from claudetools.domains.security.api_audit_log import API_AUDIT_LOGS, ApiAuditLogWriter
from claudetools.domains.security.security_incidents import (
    SECURITY_INCIDENTS,
    IncidentStatus,
    SecurityIncident,
    SecurityIncidentRead,
    Severity,
    TimelineNote,
    note_in_timeline,
)

__all__ = [
    "API_AUDIT_LOGS",
    "SECURITY_INCIDENTS",
    "ApiAuditLogWriter",
    "IncidentStatus",
    "SecurityIncident",
    "SecurityIncidentRead",
    "Severity",
    "TimelineNote",
    "note_in_timeline",
]
