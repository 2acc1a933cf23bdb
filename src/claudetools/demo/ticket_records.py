"""The ticket system beside: which tickets work belongs to, the calls to it, and what the firm signs in with."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from claudetools.demo.plan import Draft
from claudetools.demo.schedule import Shift
from claudetools.demo.texts import chance
from claudetools.demo.work_records import session_ref, work_item_ref

TICKETED = 0.16
LOGGED = 0.15
TICKETS_URL = "https://tickets.msp.example/ticket"
SIGN_INS = (
    ("Ticket system", "api_key", "autotask", 23, "passed"),
    ("Remote management", "oauth", "rmm", 140, "passed"),
    ("Microsoft 365, delegated", "oauth", "m365", -4, "failed"),
)
"""Name, type, service, days until it ends, and how the last test went."""


def ticket_records(shift: Shift, seed: int) -> Iterator[Draft]:
    """Return the ticket of a session's first piece of work, where there is one, and the call that made it."""
    by = chance(seed, "ticket", shift.key)
    if shift.estate.file.type != "msp_client" or by.random() > TICKETED:
        return
    number = f"T{shift.started_at:%Y%m%d}.{by.randint(1, 60):04}"
    ticket = str(by.randint(20_000, 99_999))
    place = {"client_id": shift.estate.client, "work_item_id": work_item_ref(shift, 0)}
    is_over = shift.ended_at is not None
    yield Draft(
        resource="ticket-links",
        key=f"ticket/{shift.key}",
        by=shift.technician.key,
        at=shift.started_at,
        values=place
        | {
            "system": "autotask",
            "ticket_id": ticket,
            "number": number,
            "title": shift.occasions[0].title,
            "url": f"{TICKETS_URL}/{ticket}",
            "status": "Complete" if is_over else "In Progress",
            "link_type": "resolves" if is_over else "related",
        },
    )
    if by.random() < LOGGED:
        has_failed = by.random() < 0.15
        yield Draft(
            resource="external-integrations",
            key=f"call/{shift.key}",
            by=shift.technician.key,
            at=shift.started_at,
            values=place
            | {
                "session_id": session_ref(shift),
                "type": "autotask",
                "action": "create_ticket",
                "external_id": None if has_failed else ticket,
                "external_url": None if has_failed else f"{TICKETS_URL}/{ticket}",
                "request": {"title": shift.occasions[0].title, "company": shift.estate.file.code},
                "response": {"status": 504} if has_failed else {"status": 201, "number": number},
                "status": "timed_out" if has_failed else "succeeded",
                "error": "No answer within 30 s; tried again a minute later." if has_failed else None,
                "duration_ms": 30_000 if has_failed else by.randint(180, 2_400),
            },
        )


def sign_in_records(at: datetime) -> Iterator[Draft]:
    """Return what the firm signs in to other systems with."""
    for name, kind, service, days, result in SIGN_INS:
        yield Draft(
            resource="integration-credentials",
            key=f"sign-in/{service}",
            at=at - timedelta(days=340),
            values={
                "name": name,
                "type": kind,
                "service_name": service,
                "expires_at": at + timedelta(days=days),
                "last_tested_at": at - timedelta(hours=7),
                "last_test_result": result,
                "secret": f"demo-secret-of-{service}",
            },
        )
