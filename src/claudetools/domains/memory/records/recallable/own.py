"""What memory keeps of its own records: contexts, snippets, states of projects, decisions.

A snippet or a decision that was drawn from a memory is not kept twice: that memory says it, until a person writes the
record anew.
"""

from claudetools.domains.memory.records.context_snippets import ContextSnippet
from claudetools.domains.memory.records.contexts import ContextType, ConversationContext
from claudetools.domains.memory.records.decision_logs import DecisionLog, Impact
from claudetools.domains.memory.records.project_states import ProjectState
from claudetools.domains.memory.records.recallable.content import Recallable, lines, said

DECISION_IMPORTANCE = {Impact.LOW: 0.5, Impact.MEDIUM: 0.7, Impact.HIGH: 0.9}
STATE_IMPORTANCE = 0.8


def of_context(row: ConversationContext) -> Recallable:
    """Return the summary with its decisions."""
    return Recallable(
        kind="digest" if row.context_type is not ContextType.GENERAL else "note",
        title=row.title,
        text="\n".join([row.dense_summary, *row.key_decisions]),
        importance=row.relevance_score / 10,
        tags=tuple(row.tags),
        trust=row.trust,
    )


def of_snippet(row: ContextSnippet) -> Recallable | None:
    """Return the snippet as what its category says it is."""
    if row.is_generated:
        return None
    return Recallable(
        kind=row.category.value,
        title=row.title,
        text=row.dense_content,
        importance=row.relevance_score / 10,
        tags=tuple(row.tags),
        replaces=row.memory_id,
    )


def of_state(row: ProjectState) -> Recallable:
    """Return the state as the project's digest, with what blocks it and what comes next."""
    return Recallable(
        kind="digest",
        title=f"State of {row.project.name}",
        text=lines(
            f"{said(row.status.value)}, {row.progress_percent} %. {row.summary}",
            phase=row.phase,
            blockers=row.blockers,
            next=row.next_actions,
            decided=row.important_decisions,
            files=row.key_files,
        )
        + (f"\n{row.context_summary}" if row.context_summary else ""),
        importance=STATE_IMPORTANCE,
        trust=row.trust,
    )


def of_decision(row: DecisionLog) -> Recallable | None:
    """Return the decision with its reason, for as long as it holds."""
    if row.is_generated:
        return None
    return Recallable(
        kind="decision",
        title=row.decision_type or "",
        text=lines(row.decision_text, because=row.rationale, instead_of=row.alternatives),
        importance=DECISION_IMPORTANCE[row.impact],
        tags=tuple(row.tags),
        superseded_by=row.superseded_by_id,
        replaces=row.memory_id,
    )
