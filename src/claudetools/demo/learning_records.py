"""What failed and what helps: failures, the patterns that they are cases of, and what is special where it happened."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from claudetools.demo.estate import Estate
from claudetools.demo.plan import Draft, Ref
from claudetools.demo.schedule import Occasion, Shift
from claudetools.demo.situation_files import CommandPart, situations
from claudetools.demo.texts import PLACE, chance
from claudetools.demo.work_records import machine_ref, session_ref, work_item_ref
from claudetools.domains.learning import signature_of

REPORTED = 0.22
STATED = 0.7
CHECK_AGAIN = timedelta(days=365)
ERROR_CLASSES = {"denied": "permission", "not recognized": "not_found", "not found": "not_found", "Invalid": "syntax"}
FIRM_WIDE = {"ssh": "tool", "powershell": "tool", "bash": "os", "cmd": "os", "sql": "tool"}
"""Shells whose errors say something about every client, and whether the tool or the system is to blame."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """A command that failed in a session."""

    shift: Shift
    number: int
    occasion: Occasion
    command: CommandPart

    @property
    def error(self) -> str:
        return self.occasion.text(self.command.says)

    @property
    def signature(self) -> tuple[str, str]:
        return self.shift.estate.file.key, signature_of(self.error)

    @property
    def system(self) -> Ref | None:
        return Ref(self.occasion.system.key) if self.occasion.system else None


def learning_records(shifts: Sequence[Shift], seed: int) -> Iterator[Draft]:
    """Return patterns, failures and insights of all sessions that are over."""
    failures = [failure for shift in shifts for failure in _failures(shift, seed)]
    yield from _firm_wide_patterns(shifts[0].started_at)
    by = chance(seed, "patterns")
    first_of = {failure.signature: failure for failure in reversed(failures)}
    for failure in sorted(first_of.values(), key=lambda failure: failure.shift.key):
        if by.random() < STATED:
            yield _pattern(failure)
    for index, failure in enumerate(failures):
        yield _failure(failure, index)
    yield from _insights(failures)


def limit_records(estate: Estate, at: datetime) -> Iterator[Draft]:
    """Return what is special about a client's equipment, as its catalogue says."""
    seen: set[str] = set()
    for system in estate.systems:
        made = system.software or system.hardware
        for limit in made.limits if made else ():
            title = f"{made.os if made and made.os else system.model}: {limit}"[:200]
            if title not in seen:
                seen.add(title)
                yield _limit(estate, system.key, title, limit, at)


def _limit(estate: Estate, system: str, title: str, limit: str, at: datetime) -> Draft:
    verified_at = at - timedelta(days=len(title))
    return Draft(
        resource="environmental-insights",
        key=f"insight/{system}/{title}",
        by=estate.file.technicians[0],
        at=at - timedelta(days=300),
        values={
            "client_id": estate.client,
            "infrastructure_id": Ref(system),
            "category": "command_constraints" if "`" in limit or "command" in limit else "version_limitations",
            "title": title,
            "description": limit,
            "confidence": "confirmed",
            "priority": 6,
            "expires_at": verified_at + CHECK_AGAIN,
        },
        kept={
            "verified_at": verified_at,
            "verified_by_id": Ref(f"person/{estate.file.technicians[0]}"),
            "updated_at": verified_at,
        },
    )


def _failures(shift: Shift, seed: int) -> Iterator[_Failure]:
    by = chance(seed, "failures", shift.key)
    for number, occasion in enumerate(shift.occasions):
        for command in occasion.situation.commands:
            if command.exit and command.says and shift.ended_at is not None and by.random() < REPORTED:
                yield _Failure(shift, number, occasion, command)


def _error_class(error: str) -> str | None:
    return next((name for words, name in ERROR_CLASSES.items() if words in error), None)


def _firm_wide_patterns(at: datetime) -> Iterator[Draft]:
    """Return patterns that hold at every client: of commands whose error is always the same."""
    seen: set[str] = set()
    for situation in situations():
        for command in situation.commands:
            signature = signature_of(command.says)
            texts = (command.says, command.pattern or "", command.instead or "")
            is_general = command.exit and all(texts) and not PLACE.search("".join(texts))
            if not is_general or signature in seen or not situation.technologies or command.shell not in FIRM_WIDE:
                continue
            seen.add(signature)
            yield Draft(
                resource="failure-patterns",
                key=f"pattern/{situation.key}/{signature}",
                by="maya" if command.shell == "ssh" else "tom",
                at=at,
                values={
                    "sample_error": command.says,
                    "error_class": _error_class(command.says),
                    "scope": FIRM_WIDE[command.shell],
                    "scope_subject": situation.technologies[0],
                    "cause": command.pattern,
                    "works_instead": command.instead,
                },
            )


def _pattern(failure: _Failure) -> Draft:
    command, occasion = failure.command, failure.occasion
    client, signature = failure.signature
    return Draft(
        resource="failure-patterns",
        key=f"pattern/{client}/{signature}",
        by=failure.shift.technician.key,
        at=failure.shift.ended_at,
        values={
            "client_id": failure.shift.estate.client,
            "infrastructure_id": failure.system,
            "sample_error": failure.error,
            "error_class": _error_class(failure.error),
            "scope": "infrastructure" if failure.system else "client",
            "cause": occasion.text(command.pattern or ""),
            "works_instead": occasion.text(command.instead or ""),
            "severity": "high" if occasion.situation.priority == "critical" else "medium",
        },
    )


def _failure(failure: _Failure, index: int) -> Draft:
    command, occasion, shift = failure.command, failure.occasion, failure.shift
    return Draft(
        resource="operation-failures",
        key=f"failure/{index}",
        by=shift.technician.key,
        at=shift.started_at + timedelta(minutes=6),
        values={
            "client_id": shift.estate.client,
            "session_id": session_ref(shift),
            "work_item_id": work_item_ref(shift, failure.number),
            "machine_id": machine_ref(shift),
            "infrastructure_id": failure.system,
            "kind": "command",
            "operation": occasion.text(command.run),
            "target": occasion.facts.get("host"),
            "error_message": failure.error,
            "error_class": _error_class(failure.error),
            "context": {"shell": command.shell, "exit_code": command.exit},
            "resolution": occasion.text(command.instead or ""),
        },
    )


def _insights(failures: Sequence[_Failure]) -> Iterator[Draft]:
    """Return what a command that failed more than once at a client teaches about that client."""
    times: defaultdict[tuple[str, str], list[_Failure]] = defaultdict(list)
    for failure in failures:
        title = failure.occasion.text(failure.command.pattern or "")[:200]
        times[failure.shift.estate.file.key, title].append(failure)
    for (client, title), found in times.items():
        last = found[-1]
        if len(found) < 2:
            continue
        key = f"insight/{client}/{title}"
        wrong, right = last.occasion.text(last.command.run), last.occasion.text(last.command.instead or "")
        systems = {failure.system for failure in found}
        yield Draft(
            resource="environmental-insights",
            key=key,
            by=last.shift.technician.key,
            at=last.shift.ended_at,
            values={
                "client_id": last.shift.estate.client,
                "infrastructure_id": last.system if len(systems) == 1 else None,
                "session_id": session_ref(last.shift),
                "category": "permissions" if _error_class(last.error) == "permission" else "command_constraints",
                "title": title,
                "description": f"{title} Instead: {right}",
                "examples": [wrong[:500]],
                "confidence": "confirmed" if len(found) > 2 else "likely",
                "priority": min(10, 4 + len(found)),
            },
        )
        yield Draft(
            resource="environmental-examples",
            key=f"example/{client}/{title}",
            by=last.shift.technician.key,
            at=last.shift.ended_at,
            values={
                "insight_id": Ref(key),
                "session_id": session_ref(last.shift),
                "wrong_command": wrong,
                "right_command": right,
                "output": last.error,
            },
        )
