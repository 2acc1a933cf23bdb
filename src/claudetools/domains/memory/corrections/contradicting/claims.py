"""Reads what a sentence claims: of what, which property, which value, and what it says is no longer so."""

from __future__ import annotations

import re
from dataclasses import dataclass

from claudetools.domains.memory.corrections.contradicting.words import content, is_proper, telling, tokens, value_kind

_OPENING = re.compile(r"^(?:correction|update|actually|erratum|corrected|in fact)\b[:,]?\s*", re.IGNORECASE)
_NOW = re.compile(
    r"\s*\b(?:from now on|as of (?:now|today|\d{4}-\d\d-\d\d)|since (?:the|last|this) \w+|any ?more|any longer|"
    r"nowadays|now)\b"
    r"(?!\s+(?:on|and then)\b)",
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(?:no longer|not|never|no need to|need not|cannot|without|\w+n['\u2019]t)\b", re.IGNORECASE)
_FORMER = re.compile(
    r"(?:,|;)?\s+(?:instead of|rather than|and not|not|no longer)(?:\s+(?:in|at|on|the|with))*\s+"
    r"(?P<former>[^,;]{2,60})$",
    re.IGNORECASE,
)
_CHANGES = (
    "moved|migrated|switched|changed|upgraded|updated|downgraded|renamed|raised|lowered|increased|reduced|converted"
)
_AUXILIARY = r"(?:(?:was|were|is|are|has been|have been|has|have|got)\s+)?"
_WE = r"(?:we|they|i)\s+(?:have\s+|just\s+)*"
_FROM_TO = (
    re.compile(rf"^{_WE}(?:{_CHANGES})\s+(?P<of>.+?)\s+from\s+(?P<former>.+?)\s+to\s+(?P<value>.+)$", re.IGNORECASE),
    re.compile(
        rf"^(?P<of>.+?)\s+{_AUXILIARY}(?:{_CHANGES})\s+from\s+(?P<former>.+?)\s+to\s+(?P<value>.+)$", re.IGNORECASE
    ),
    re.compile(
        rf"^{_WE}replaced\s+(?P<former>.+?)\s+(?:at|of|for|in)\s+(?P<of>.+?)\s+(?:with|by)\s+(?P<value>.+)$",
        re.IGNORECASE,
    ),
    re.compile(r"^(?P<of>.+?)\s+replaced\s+(?P<former>.+?)\s+(?:with|by)\s+(?P<value>.+)$", re.IGNORECASE),
)
_TO = re.compile(
    rf"^(?P<of>.+?)\s+(?:was|were|has been|have been)\s+(?:{_CHANGES})\s+to\s+(?P<value>.+)$", re.IGNORECASE
)
_PARTICIPLE = "located|stored|documented|kept|hosted|called|named|set|reachable|billed|running|found"
_PLACE = r"(?:in|at|on|under|to|with)"
_RELATIONS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("is", re.compile(rf"\b(?:is|are)(?:\s+(?:{_PARTICIPLE}))?(?:\s+{_PLACE})?\s+(?=\S)|\s*=\s*", re.IGNORECASE)),
    (
        "is",
        re.compile(
            r"\b(?:(?:sits?|lives?)\s+(?:in|at|on)|(?:resolves?|points?)\s+to|has the address)\s+", re.IGNORECASE
        ),
    ),
    ("run", re.compile(r"\bruns?\s+(?:(?:on|at)\s+)?", re.IGNORECASE)),
    ("listen", re.compile(r"\blistens?\s+on\s+", re.IGNORECASE)),
    ("start", re.compile(r"\b(?:starts?|begins?)\s+at\s+", re.IGNORECASE)),
    ("end", re.compile(r"\b(?:ends?|expires?)\s+(?:at|on|in)\s+", re.IGNORECASE)),
    ("pay", re.compile(r"\b(?:pays?|costs?)\s+", re.IGNORECASE)),
    ("require", re.compile(r"\b(?:requires?|needs?)\s+", re.IGNORECASE)),
    ("have", re.compile(r"\b(?:has|have)\s+", re.IGNORECASE)),
    ("use", re.compile(r"\b(?:uses?|hosts?)\s+", re.IGNORECASE)),
)
_PLACED = re.compile(r"\s+(?:at|in|for|of|on|as)\s+(?:the\s+)?(?=\S)", re.IGNORECASE)
_REASON = re.compile(r"\s*(?:[;(]|,(?!\d)|\s-\s|\b(?:because|since|so that|which|until)\b).*$", re.IGNORECASE)
_DEFINITE = re.compile(r"^(?:the|our|their)\b|['\u2019]s\b", re.IGNORECASE)
_ARTICLE = re.compile(r"^(?:an?|some|also)\s+", re.IGNORECASE)
_MODAL = frozenset(
    """not never no need longer always must may can cannot allow permit okay fine possible again please have has
    do does don t without only""".split()  # noqa: SIM905 - a list of many quoted words is harder to read
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one sentence says. Words are compared as `words.content` gives them.

    `of` is what it is about, `relation` how that is tied to `value`; both are empty where the sentence has no such
    form. `former` is what the sentence says is no longer so. `gist` is all that it speaks of, whether it holds or not
    (`is_denied`).
    """

    text: str
    gist: frozenset[str]
    is_denied: bool
    is_explicit: bool
    of: frozenset[str] = frozenset()
    relation: str = ""
    value: frozenset[str] = frozenset()
    hard: frozenset[tuple[str, str]] = frozenset()
    """Kind and text of each address, number, name ... in the value."""
    proper: bool = False
    """Whether the value is nothing but a name."""
    is_definite: bool = False
    """Whether the sentence speaks of the one such thing ("the gateway of ...")."""
    former: frozenset[str] = frozenset()

    @property
    def frame(self) -> frozenset[str]:
        """The words around the hard values: "Windows Server" of "Windows Server 2022"."""
        return self.value - {token for _, token in self.hard}


def claim_of(sentence: str) -> Claim:
    """What a sentence claims."""
    text = sentence.strip().rstrip(".!")
    plain = _NOW.sub("", _OPENING.sub("", text)).strip()
    is_explicit = plain != text
    for pattern in _FROM_TO:
        if match := pattern.match(plain):
            value, place = _split(match["value"])
            return _claim(text, plain, f"{match['of']} {place}", "is", value, former=match["former"], is_explicit=True)
    if match := _TO.match(plain):
        value, place = _split(match["value"])
        return _claim(text, plain, f"{match['of']} {place}", "is", value, is_explicit=True)
    former = _FORMER.search(plain)
    stated = plain[: former.start()] if former else plain
    is_explicit = is_explicit or former is not None
    verb = min(
        ((match, name) for name, pattern in _RELATIONS if (match := pattern.search(stated)) and match.start() > 0),
        key=lambda found: (found[0].start(), -found[0].end()),
        default=None,
    )
    if verb is None:
        return _claim(text, plain, "", "", "", is_explicit=is_explicit)
    match, name = verb
    value, place = _split(stated[match.end() :], is_quantity=name == "have")
    return _claim(
        text,
        stated,
        f"{stated[: match.start()]} {place}",
        name,
        value,
        former=former["former"] if former else "",
        is_explicit=is_explicit,
    )


def _split(right: str, *, is_quantity: bool = False) -> tuple[str, str]:
    """The value, and what follows it: "10.0.0.1 at Hamburg" is a value and a place."""
    right = _REASON.sub("", right)
    if is_quantity:
        return right, ""
    place = _PLACED.search(right)
    return (right[: place.start()], right[place.end() :]) if place and place.start() > 0 else (right, "")


def _claim(
    text: str, plain: str, of: str, relation: str, value: str, *, former: str = "", is_explicit: bool = False
) -> Claim:
    words = tokens(_ARTICLE.sub("", value))
    names = [word for word in words if content([word])]
    return Claim(
        text=text,
        gist=telling(content(tokens(plain)) - _MODAL_STEMS),
        is_denied=bool(_NOT.search(plain)),
        is_explicit=is_explicit or bool(former),
        of=telling(content(tokens(of)) - _MODAL_STEMS),
        relation=relation,
        value=content(words),
        hard=frozenset((kind, word.casefold()) for word in words if (kind := value_kind(word))),
        proper=0 < len(names) <= 4 and all(is_proper(word) for word in names) and not _ARTICLE.match(value),
        is_definite=bool(_DEFINITE.search(plain)),
        former=content(tokens(former)),
    )


_MODAL_STEMS = content(_MODAL)
