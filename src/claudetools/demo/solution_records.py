"""Solved problems: the first time a problem came up at a client is the record, each later time counts on it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from claudetools.demo.plan import Draft
from claudetools.demo.schedule import Occasion, Shift
from claudetools.demo.texts import fill_all
from claudetools.demo.work_records import session_ref, work_item_ref

FIELDS = {
    "title": "title",
    "symptom": "symptom",
    "error_code": "code",
    "error_message": "message",
    "investigation": "investigation",
    "root_cause": "cause",
    "solution": "solution",
    "verification": "verification",
    "prevention": "prevention",
}


def solution_records(shifts: Sequence[Shift]) -> Iterator[Draft]:
    """Return the solved problems of all sessions that are over."""
    times: defaultdict[tuple[str, str], list[tuple[Shift, int, Occasion]]] = defaultdict(list)
    for shift in shifts:
        for number, occasion in enumerate(shift.occasions):
            if occasion.situation.problem is not None and shift.ended_at is not None:
                times[shift.estate.file.key, occasion.situation.key].append((shift, number, occasion))
    for (client, key), found in times.items():
        (shift, number, occasion), *later = found
        problem = occasion.situation.problem
        texts = {field: getattr(problem, source) for field, source in FIELDS.items()}
        filled = fill_all(texts, occasion.facts, capitals=frozenset(occasion.situation.picks))
        last = later[-1][0].ended_at if later else None
        yield Draft(
            resource="problem-solutions",
            key=f"solution/{client}/{key}",
            by=shift.technician.key,
            at=shift.ended_at,
            values=filled
            | {
                "client_id": shift.estate.client,
                "session_id": session_ref(shift),
                "work_item_id": work_item_ref(shift, number),
                "tags": list(occasion.situation.tags),
            },
            kept={"recurrence_count": len(later), "last_recurred_at": last, "updated_at": last or shift.ended_at},
        )
