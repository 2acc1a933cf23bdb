"""Whether a later statement corrects an earlier one, contradicts it, or speaks of something else.

A wrong correction loses knowledge while a missed one leaves two dated notes, so all of it must agree: what the
sentences are about, the property, and that the value is one of which there can only be one.
"""

from __future__ import annotations

import re
from enum import StrEnum

from claudetools.domains.memory.corrections.contradicting.claims import Claim, claim_of
from claudetools.domains.memory.corrections.contradicting.words import are_units, content, is_specific, telling

_SENTENCE = re.compile(r"(?<=[.!?;])\s+(?=\S)|\n+")
_BY_THE_WAY = re.compile(r"^(?:because|reason|instead of|source|note|see)\b", re.IGNORECASE)
_PERMISSION = re.compile(
    r"\b(?:is|are|it is)\s+(?:\w+\s+)?(?:fine|ok|okay|allowed|permitted|possible|safe)\b|^(?:you|we)\s+(?:may|can)\b",
    re.IGNORECASE,
)
_RULE = re.compile(
    r"^(?:please\s+)?(?:never|do not|don['\u2019]t|must not|no)\b|\b(?:must|may) (?:not|never)\b", re.IGNORECASE
)
_BROAD = content(["touch", "change", "modify", "edit"])
# There may be several of these: naming another one takes back the first only where that is said.
_MANY = content(
    "dns ntp mail mx ticket error code disk drive line user account share queue job log event port".split()  # noqa: SIM905
)
_PERMITTED = content(["fine", "ok", "okay", "allowed", "permitted", "possible", "safe"])
_ADDING = frozenset({"use", "have", "require"})
_MOST_SENTENCES = 6
_LEAST_WORDS = 2
_MOST_CHARS = 800


class Verdict(StrEnum):
    """What a later statement does to an earlier one."""

    CORRECTS = "corrects"
    CONTRADICTS = "contradicts"
    INDEPENDENT = "independent"


def judge(earlier: str, later: str) -> Verdict:
    """What the statement `later` does to `earlier`, which was said before it and at the same client.

    An earlier text that says more than what is corrected is only contradicted: the rest of it still holds.
    """
    old, new = _sentences(earlier), _sentences(later)
    found = {_compare(before, after) for before in old for after in new}
    if Verdict.CORRECTS in found and len(old) == 1:
        return Verdict.CORRECTS
    return Verdict.CONTRADICTS if found - {Verdict.INDEPENDENT} else Verdict.INDEPENDENT


def may_correct(text: str) -> bool:
    """Whether a text is one that `judge` can compare with others."""
    return any(one.gist for one in _sentences(text))


def _sentences(text: str) -> list[Claim]:
    """What the sentences of a note claim; nothing for a text that is too long for one, such as a report."""
    parts = [part.strip() for part in _SENTENCE.split(text)] if len(text) <= _MOST_CHARS else []
    said = [part for part in parts if part and not _BY_THE_WAY.match(part)]
    return [claim_of(part) for part in said] if len(said) <= _MOST_SENTENCES else []


def _compare(old: Claim, new: Claim) -> Verdict:
    if old.text.casefold() == new.text.casefold():
        return Verdict.INDEPENDENT
    if _is_lifted(old, new) or _is_turned(old, new) or _is_replaced(old, new):
        return Verdict.CORRECTS
    return _of_values(old, new)


def _is_lifted(old: Claim, new: Claim) -> bool:
    """Whether one forbids what the other permits: "never reboot X on Fridays", "rebooting X on Fridays is fine"."""
    if not (_forbids(old) and _permits(new)) and not (_permits(old) and _forbids(new)):
        return False
    forbidden, permitted = old.gist - _PERMITTED, new.gist - _PERMITTED
    rest = forbidden ^ permitted
    return len(forbidden & permitted) >= _LEAST_WORDS and (not rest or (len(rest) == 2 and bool(rest & _BROAD)))


def _forbids(claim: Claim) -> bool:
    return bool(_RULE.search(claim.text))


def _permits(claim: Claim) -> bool:
    return bool(_PERMISSION.search(claim.text)) and not claim.is_denied


def _is_turned(old: Claim, new: Claim) -> bool:
    """Whether one denies exactly what the other says: "requires MFA", "no longer requires MFA"."""
    return old.is_denied != new.is_denied and len(old.gist) >= _LEAST_WORDS and old.gist == new.gist


def _is_replaced(old: Claim, new: Claim) -> bool:
    """Whether the new one names the old value as former: "moved Acme from Veeam to Acronis"."""
    if not new.former or not old.relation or not new.of:
        return False
    is_its_value = telling(old.value) == telling(new.former)
    return is_its_value and new.of <= old.of


def _of_values(old: Claim, new: Claim) -> Verdict:
    """Whether both give one property of one thing different values."""
    if not old.relation or not new.relation or not old.of or old.of != new.of or old.is_denied or new.is_denied:
        return Verdict.INDEPENDENT
    kinds = {kind for kind, _ in old.hard}
    if old.relation != new.relation and not kinds & {"address", "network", "range"}:
        return Verdict.INDEPENDENT
    is_said = new.is_explicit or (is_specific(new.of) and not new.of & _MANY)
    if old.hard and new.hard:
        found = _of_hard_values(old, new)
        return found if is_said or found is Verdict.INDEPENDENT else Verdict.CONTRADICTS
    if old.relation != "is" or not (old.proper and new.proper) or old.value & new.value:
        return Verdict.INDEPENDENT
    is_one = is_said and old.is_definite and new.is_definite
    return Verdict.CORRECTS if new.is_explicit or is_one else Verdict.CONTRADICTS


def _of_hard_values(old: Claim, new: Claim) -> Verdict:
    kinds = {kind for kind, _ in new.hard}
    if {kind for kind, _ in old.hard} != kinds or old.hard & new.hard:
        return Verdict.INDEPENDENT
    if kinds == {"name"} and new.relation in _ADDING:
        return Verdict.CONTRADICTS if new.is_explicit else Verdict.INDEPENDENT
    before, after = telling(old.frame), telling(new.frame)
    if before == after or (are_units(before) and are_units(after)):
        return Verdict.CORRECTS
    if new.is_explicit and (before <= after or after <= before):
        return Verdict.CORRECTS
    return Verdict.CONTRADICTS if before <= after or after <= before else Verdict.INDEPENDENT
