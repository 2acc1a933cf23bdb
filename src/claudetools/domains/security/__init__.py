"""Security: incidents and how they were dealt with."""

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
    "SECURITY_INCIDENTS",
    "IncidentStatus",
    "SecurityIncident",
    "SecurityIncidentRead",
    "Severity",
    "TimelineNote",
    "note_in_timeline",
]
