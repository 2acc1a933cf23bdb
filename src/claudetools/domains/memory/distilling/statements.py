"""Finds the sentences worth keeping: decisions with their reason, open points, facts, causes and rules.

Patterns of plain English and of the commonest German, tuned to let through too little rather than too much: a wrong
memory costs more than a missing one, since the verbatim text stays searchable.
"""

from __future__ import annotations

from typing import Literal

from claudetools.domains.memory.distilling.decisions import is_decision
from claudetools.domains.memory.distilling.facts import is_cause, is_fact, is_rule
from claudetools.domains.memory.distilling.open_points import is_listed_as_open, is_open_point
from claudetools.domains.memory.distilling.phrases import phrases
from claudetools.domains.memory.distilling.sentences import Sentence
from claudetools.domains.memory.distilling.small_talk import announces_work, is_idle

StatementKind = Literal["decision", "todo", "fact", "cause", "rule"]

_MIN_LENGTH, _MAX_LENGTH = 12, 420
_QUESTION = phrases(
    r"^(?:should|shall|can|could|would|do|does|did|is|are|have|has|why|what|which|how|when|where|who)\b(?!.*[.!]$)",
    r"^.*\?[\"')]*$",
)
_HYPOTHETICAL = phrases(
    r"^(?:if|unless|whether|assuming|suppose|in case|once|when)\b",
    r"if you(?:'d)? (?:want|like|prefer|wish)\b",
    r"(?:let me know|would you|do you want|shall i|should i|want me to)\b",
    r"(?:i can also|i could|you could|you can|you may)\b",
    r"(?:for example|might|maybe|perhaps|probably|presumably|possibly|hypothetical(?:ly)?|imagine)\b",
)


def statement_kind(sentence: Sentence, *, is_user: bool) -> StatementKind | None:
    """What the sentence states, None for nothing worth keeping. `is_user`: a person wrote it."""
    text = sentence.text
    if not _MIN_LENGTH <= len(text) <= _MAX_LENGTH:
        return None
    if is_listed_as_open(sentence) and not is_idle(text):
        return "todo"
    if _QUESTION.search(text) or _HYPOTHETICAL.search(text):
        return None
    return _of_person(sentence) if is_user else _of_model(sentence)


def _of_person(sentence: Sentence) -> StatementKind | None:
    if is_rule(sentence.text):
        return "rule"
    if is_open_point(sentence, is_user=True):
        return "todo"
    if is_decision(sentence, is_user=True):
        return "decision"
    return "fact" if is_fact(sentence.text) else None


def _of_model(sentence: Sentence) -> StatementKind | None:
    decided = is_decision(sentence, is_user=False)
    if announces_work(sentence.text) and not decided:
        return None
    if is_open_point(sentence, is_user=False):
        return "todo"
    if decided:
        return "decision"
    if is_cause(sentence.text):
        return "cause"
    return "fact" if is_fact(sentence.text) else None
