"""Recognises a decision that has been made, and the reason given for it."""

from __future__ import annotations

import re

from claudetools.domains.memory.distilling.phrases import phrases
from claudetools.domains.memory.distilling.sentences import Sentence

_WHO = r"(?:we|i|they|he|she|team|client|customer|management|boss|owner)(?:'ve| have| has)? (?:both |all |also |now )?"
_COMMITMENTS = (
    r"use|keep(?! \w+ing| it up)|move|switch|stay|go|replace|migrate|run|leave|stick|not|standardi[sz]e|host|bill|"
    "buy|drop|retire|block|allow|route"
)
_WIR = r"(?:wir|ich|man|der kunde|die kundin|sie) (?:haben|habe|hat)(?: uns| sich| mich)?(?: gemeinsam| heute)? "
_DECIDED = phrases(
    rf"{_WHO}(?:decided|chose|opted|agreed|settled on|picked|concluded|went with)\b",
    r"(?:was|were|been|it is|it's|is) (?:decided|agreed) (?:to|that|not)\b",
    r"decided (?:to|on|against|not to|that)\b",
    r"decision(?: is| was)?\s*[:=]",
    r"^decision\b.{0,40}\bis\b",
    r"we(?:'re| are) (?:going with|sticking with|keeping|moving to|staying (?:on|with)|switching to|dropping)\b",
    r"let'?s (?:go with|stick with|stay with|use|keep (?!\w+in[g']|up\b|at\b|it up\b|each\b))",
    r"^(?:please )?(?:go|going|stick|stay) with\b",
    r"^(?:please )?keep (?:the|using|our) ",
    rf"we(?:'ll| will| won't| will not) (?:{_COMMITMENTS})\b",
    r"chose .{3,80} (?:over|instead of|because|for)\b",
    r"opted (?:for|to)\b",
    r"settled on\b",
    r"ruled out\b",
    r"from now on\b",
    rf"{_WIR}(?:entschieden|beschlossen|vereinbart|festgelegt)\b",
    r"entscheidung(?: ist| war)?\s*:",
    r"wir (?:bleiben bei|behalten|nehmen|wechseln (?:auf|zu)|setzen auf|verwenden ab)\b",
    r"ab (?:jetzt|sofort)\b",
)
_UNDECIDED = phrases(
    r"(?:not|never|un|yet to be|to be|be|before (?:we|you|it)) ?(?:yet )?(?:decid|agree|settl|chos)",
    r"(?:haven't|hasn't|didn't|don't|isn't|wasn't) (?:yet )?(?:decid|agree|settl|chos)",
    r"decide (?:later|whether|if)\b",
)
_WAS_AGREED = phrases(r"(?:has|have) been (?:decid|agre|settl|chos)")
_CHOICE = phrases(r"instead of\b", r"rather than\b", r"in favou?r of\b", r"(?:an)?statt\b", r"anstelle von\b")
_COMMITTED = phrases(
    r"(?:use|used|using|keep|kept|left|put|went|made|set up|stay|stayed|split|hard-?coded|pinned)\b",
    r"(?:switch|mov|replac|migrat|implement|disabl|enabl|stor|bill|rout)(?:e|es|ed|ing)?\b",
)
_REASON = phrases(
    "because",
    "since",
    "so that",
    "as the",
    "due to",
    "the reason",
    "to avoid",
    "in order to",
    "otherwise",
    "for lack of",
    "weil",
    "damit",
    "wegen",
)
_PRACTICE = phrases(
    r"we (?:only |always )?(?:use|order|buy|host|keep|run|bill|store|deploy|book|rent)\b",
    r"wir (?:bestellen|kaufen|nutzen)\b",
)
_REASON_OPENING = phrases(
    r"(?:that|this|it)(?:'s| is) because\b",
    r"because\b",
    r"the reason\b",
    r"(?:reason|why|rationale)\s*:",
    r"otherwise\b",
    r"since\b",
    opening=True,
)
_LABEL = re.compile(r"^(?:key |important )?decisions?\b")


def is_decision(sentence: Sentence, *, is_user: bool) -> bool:
    """Whether the sentence tells a choice that was made.

    The model's mere "X instead of Y" counts only with a reason: it says that of every detail.
    """
    text = sentence.text
    if _UNDECIDED.search(text) and not _WAS_AGREED.search(text):
        return False
    if _LABEL.match(sentence.label) or _DECIDED.search(text):
        return True
    if is_user and _PRACTICE.search(text) and _REASON.search(text):
        return True
    return bool(_CHOICE.search(text) and _COMMITTED.search(text)) and (is_user or bool(_REASON.search(text)))


def is_reason(text: str) -> bool:
    """Whether a sentence gives the reason for the one before it."""
    return bool(_REASON_OPENING.match(text))
