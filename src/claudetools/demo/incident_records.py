"""Security incidents: those that came up in sessions, and those that are still open."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from claudetools.demo.client_records import site_ref
from claudetools.demo.estate import Estate
from claudetools.demo.plan import Draft, Ref
from claudetools.demo.schedule import Occasion, Shift
from claudetools.demo.situation_files import IncidentPart


def incident_records(shift: Shift, at: datetime) -> Iterator[Draft]:
    """Return the incidents that a session was about."""
    for number, occasion in enumerate(shift.occasions):
        if occasion.situation.incident is not None and shift.ended_at is not None:
            yield _past(shift, number, occasion, occasion.situation.incident, at)


def open_incident_records(estate: Estate, at: datetime) -> Iterator[Draft]:
    """Return the incidents that a client still has."""
    for number, incident in enumerate(estate.file.incidents):
        system = next(system for system in estate.systems if system.part.host == incident.on)
        detected_at = at - timedelta(days=incident.days_ago)
        yield Draft(
            resource="security-incidents",
            key=f"incident/{estate.file.key}/{number}",
            by=estate.file.technicians[0],
            at=detected_at,
            values={
                "client_id": estate.client,
                "site_id": site_ref(estate, system.part.site),
                "infrastructure_id": Ref(system.key),
                "type": incident.type,
                "severity": incident.severity,
                "status": incident.status,
                "title": incident.title,
                "detected_at": detected_at,
                "description": incident.description,
                "findings": incident.findings,
            },
        )


def _past(shift: Shift, number: int, occasion: Occasion, incident: IncidentPart, at: datetime) -> Draft:
    detected_at = shift.started_at

    def after(minutes: int | None) -> datetime | None:
        return None if minutes is None else detected_at + timedelta(minutes=minutes)

    resolved_at = after(incident.resolved)
    is_over = resolved_at is None or resolved_at < at

    return Draft(
        resource="security-incidents",
        key=f"incident/{shift.key}/{number}",
        by=shift.technician.key,
        at=detected_at,
        values={
            "client_id": shift.estate.client,
            "site_id": site_ref(shift.estate, occasion.system.part.site) if occasion.system else None,
            "infrastructure_id": Ref(occasion.system.key) if occasion.system else None,
            "type": incident.type,
            "severity": incident.severity,
            "status": incident.status if is_over else "contained",
            "title": occasion.text(incident.title)[:200],
            "detected_at": detected_at,
            "contained_at": after(incident.contained),
            "resolved_at": resolved_at if is_over else None,
            "description": occasion.text(incident.description),
            "findings": occasion.text(incident.findings),
            "remediation_steps": list(incident.steps),
            "lessons": incident.lessons,
        },
    )
