"""Backups of the service itself: when they are made, and the last of them."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from random import Random

from claudetools.demo.plan import Draft, Ref
from claudetools.demo.texts import chance

SCHEDULES = (
    # key, name, cron, how many are kept, days between two, how many there are
    ("daily", "Every night", "30 1 * * *", 14, 1, 21),
    ("weekly", "Sundays, to the NAS", "0 3 * * 0", 8, 7, 6),
    ("monthly", "First of the month, off site", "0 4 1 * *", 12, 30, 3),
)
FAILED_NIGHT = 9


def backup_records(seed: int, at: datetime) -> Iterator[Draft]:
    """Return the schedules and the log."""
    by = chance(seed, "backups")
    for key, name, cron, kept, days, count in SCHEDULES:
        nights = [_night(at, days * number) for number in range(1, count + 1)]
        yield Draft(
            resource="backup-schedules",
            key=f"schedule/{key}",
            at=nights[-1] - timedelta(days=30),
            values={"name": name, "cron": cron, "type": key, "retention_count": kept, "destination": key},
            kept={"last_run_at": nights[0]},
        )
        for number, night in enumerate(reversed(nights)):
            yield _backup(key, night, count - number == FAILED_NIGHT, by)


def _night(at: datetime, days: int) -> datetime:
    return datetime.combine((at - timedelta(days=days)).date(), time(1, 30), at.tzinfo)


def _backup(kind: str, night: datetime, has_failed: bool, by: Random) -> Draft:
    took = timedelta(seconds=by.randint(14, 55))
    is_proved = not has_failed and by.random() < 0.4
    return Draft(
        resource="backup-logs",
        key=f"backup/{kind}/{night.date()}",
        at=night,
        values={
            "schedule_id": Ref(f"schedule/{kind}"),
            "type": kind,
            "method": "online",
            "path": f"{kind}/{night:%Y-%m-%d}.ctb",
            "size_bytes": None if has_failed else by.randint(14_000_000, 19_000_000),
            "sha256": None if has_failed else f"{by.getrandbits(256):064x}",
            "started_at": night,
            "completed_at": None if has_failed else night + took,
            "verification": "passed" if is_proved else "not_verified",
            "verified_at": night + 2 * took if is_proved else None,
            "detail": "No space left on device; 2 GB freed in the morning." if has_failed else None,
        },
    )
