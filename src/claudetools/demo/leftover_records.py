"""What was left to do after sessions: most of it done since, some of it overdue."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from claudetools.demo.plan import Draft, Ref
from claudetools.demo.schedule import Shift
from claudetools.demo.texts import chance
from claudetools.demo.work_records import project_ref, work_item_ref

FORGOTTEN = 0.07
BLOCKERS = ("answer of the supplier", "date from the client", "delivery", "next maintenance window")


def leftover_records(shift: Shift, seed: int, at: datetime) -> Iterator[Draft]:
    """Return the tasks that a session left behind."""
    if shift.ended_at is None:
        return
    by = chance(seed, "left", shift.key)
    for number, occasion in enumerate(shift.occasions):
        left = occasion.situation.left
        if left is None:
            continue
        due = shift.ended_at + timedelta(days=left.days)
        done = shift.ended_at + timedelta(days=left.days * by.uniform(0.2, 1.3), hours=by.randrange(4))
        is_done = done < at and by.random() > FORGOTTEN
        is_blocked = not is_done and by.random() < 0.2
        yield Draft(
            resource="pending-tasks",
            key=f"pending/{shift.key}/{number}",
            by=shift.technician.key,
            at=shift.ended_at,
            values={
                "client_id": shift.estate.client,
                "project_id": project_ref(shift),
                "work_item_id": work_item_ref(shift, number),
                "assignee_id": Ref(f"person/{shift.technician.key}"),
                "title": occasion.text(left.title)[:200],
                "description": occasion.text(left.description),
                "priority": left.priority,
                "status": "done" if is_done else "blocked" if is_blocked else "open",
                "blocked_by": by.choice(BLOCKERS) if is_blocked else None,
                "due_on": due.date(),
            },
            kept={"done_at": done, "done_by_id": Ref(f"person/{shift.technician.key}"), "updated_at": done}
            if is_done
            else {},
        )
