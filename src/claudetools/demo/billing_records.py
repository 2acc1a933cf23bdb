"""Time entries: priced by the rules of billing itself, settled the longer ago they are."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from claudetools.demo.plan import Draft, Ref
from claudetools.demo.schedule import Shift
from claudetools.demo.texts import chance
from claudetools.demo.work_records import project_ref, session_ref, work_item_ref

APPROVED_AFTER = timedelta(days=35)
SUBMITTED_AFTER = timedelta(days=9)
FORGIVEN = 0.04
NOT_BILLED = (
    "Warranty: our own configuration was at fault.",
    "Training of a colleague, not the client's to pay.",
    "Goodwill, agreed with the client.",
)


def billing_records(shift: Shift, seed: int, at: datetime) -> Iterator[Draft]:
    """Return the time entry of a session; for the one that goes on, the timer that runs."""
    if shift.estate.file.type != "msp_client":
        return
    by = chance(seed, "billing", shift.key)
    situation = shift.occasions[0].situation
    place = {
        "client_id": shift.estate.client,
        "session_id": session_ref(shift),
        "work_item_id": work_item_ref(shift, 0),
        "labour_type_id": Ref(f"labour/{situation.labour}"),
    }
    if shift.ended_at is None:
        values = place | {"note": shift.title}
        yield Draft(resource="timers", key=f"timer/{shift.key}", by=shift.technician.key, values=values)
        return
    decision, reason = "billable", None
    if by.random() > situation.billable:
        decision, reason = "do_not_bill", "Part of the monthly maintenance fee."
    elif by.random() < FORGIVEN:
        decision, reason = "do_not_bill", by.choice(NOT_BILLED)
    elif situation.labour in shift.estate.file.included:
        decision, reason = "no_charge", "Included in the support agreement."
    age = at - shift.ended_at
    is_settled = age > APPROVED_AFTER
    yield Draft(
        resource="billable-time",
        key=f"time/{shift.key}",
        by=shift.technician.key,
        at=shift.ended_at,
        values=place
        | {
            "project_id": project_ref(shift),
            "description": shift.title,
            "started_at": shift.started_at,
            "ended_at": shift.ended_at,
            "actual_minutes": shift.minutes,
            "decision": decision,
            "decision_reason": reason,
            "status": "submitted" if age > SUBMITTED_AFTER else "draft",
        },
        then={"status": "approved"} if is_settled else None,
    )
