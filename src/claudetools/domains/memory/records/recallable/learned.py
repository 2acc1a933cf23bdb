"""What memory keeps of what was learned: insights, solved problems, errors that come again, incidents."""

from claudetools.domains.learning import EnvironmentalInsight, FailurePattern
from claudetools.domains.memory.records.recallable.content import Recallable, lines, said
from claudetools.domains.security import SecurityIncident
from claudetools.domains.work import ProblemSolution

WEIGHTS = {"low": 0.4, "medium": 0.5, "high": 0.65, "critical": 0.8}


def of_insight(row: EnvironmentalInsight) -> Recallable:
    """Return what is special about an environment."""
    return Recallable(
        kind="insight",
        title=row.title,
        text=lines(row.description, examples=row.examples, confidence=said(row.confidence.value)),
        importance=row.priority / 10,
        tags=(row.category.value,),
        superseded_by=row.superseded_by_id,
    )


def of_solution(row: ProblemSolution) -> Recallable:
    """Return a solved problem: the symptom, why, and what helped."""
    return Recallable(
        kind="solution",
        title=row.title,
        text=lines(
            symptom=row.symptom,
            error=" ".join(part for part in (row.error_code, row.error_message) if part),
            root_cause=row.root_cause,
            solution=row.solution,
            verification=row.verification,
            prevention=row.prevention,
            investigation=row.investigation,
        ),
        importance=0.7,
        tags=tuple(row.tags),
    )


def of_pattern(row: FailurePattern) -> Recallable | None:
    """Return an error that comes again, with its cause and what works instead; None for one that is put aside."""
    if not row.is_active:
        return None
    return Recallable(
        kind="pattern",
        title=row.scope_subject or "",
        text=lines(row.sample_error, cause=row.cause, works_instead=row.works_instead),
        importance=WEIGHTS[row.severity.value],
        tags=tuple(tag for tag in (row.error_class,) if tag),
    )


def of_incident(row: SecurityIncident) -> Recallable:
    """Return a security incident: what happened, what was found and done, and the lessons."""
    return Recallable(
        kind="incident",
        title=row.title,
        text=lines(
            f"{said(row.type.value)}, {row.severity.value}, {said(row.status.value)}, "
            f"detected {row.detected_at:%Y-%m-%d}.",
            row.description,
            findings=row.findings,
            done=row.remediation_steps,
            lessons=row.lessons,
        ),
        importance=WEIGHTS[row.severity.value],
        tags=("incident", said(row.type.value)),
    )
