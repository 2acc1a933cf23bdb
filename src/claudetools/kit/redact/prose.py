"""Passwords in sentences: "the password is X", "use X as the password", "log in with admin / X"."""

import re
from collections.abc import Iterator

from claudetools.kit.redact.decode import ATOM, Span, View
from claudetools.kit.redact.tokens import Hit
from claudetools.kit.redact.values import in_prose, placeholder, random_looking, read_value, strong

_IS = (
    r"(?:(?:is|was|are|ist|war|lautet|lautete|lauten|est|es|è)\b(?:[ \t]+(?:now|still|currently|again"
    r"|set[ \t]+to|changed[ \t]+to|jetzt|nun|noch|neu))?"
    r"[ \t]*:?|:|(?<=[ \t])=|->|→|\u2013|\u2014)"
)
_FILLERS = rf"(?:[ \t]+(?:\([^()\n]{{1,40}}\)|[\w@/\\'\u2019-]{{1,40}}(?:\.[\w-]{{1,40}}){{0,4}}|{ATOM}))"
_AFTER = re.compile(rf"[\"'`*]{{0,2}}{_FILLERS}{{0,8}}?[ \t]*{_IS}[ \t]*(?:\r?\n[ \t]*)?")
_SET_TO = re.compile(rf"[\"'`*]{{0,2}}{_FILLERS}{{0,6}}?[ \t]+(?:to|auf|in|zu|as)[ \t]+")
_FROM = re.compile(rf"[\"'`*]{{0,2}}{_FILLERS}{{0,5}}?[ \t]+(?:from|von)[ \t]+")
_DIRECT = re.compile(r"[\"'`*]{0,2}[ \t]+(?:[-\u2013][ \t]+)?")
_VERB = re.compile("set|[Cc]hang|pdat|otat|witch|made|änder|etz")
_GOES_ON = frozenset(" \t:=\"'`*-→\u2013\u2014")
_BENIGN_FILLER = re.compile(
    r"(?i)\b(?:polic|length|expir|complex|reset|rotat|manager|hint|histor|hash|require|minimum|maximum|age\b|ages\b"
    r"|characters|encrypt|stored|last|protect|authenticat"
    r"|richtlinie|läuft|count|budget|type|endpoint|lifetime|usage|reuse|strength|sync|prompt|field|column"
    r"|file|fails?|failed|error|scanning)"
)
_AS_PASSWORD = re.compile(
    rf"(?P<q>[\"'`]|\*\*)?(?P<v>[^\s{ATOM}]{{4,128}}?)(?P=q)?[ \t]+(?:as|for|is|als|ist|was)"
    r"(?:[ \t]+(?:the|its|my|his|her|our|a|an|new|old|admin|root|local|vault|default|temporary|initial"
    r"|shared|wifi|vpn|das|den|dem|neues|ihr|sein)){0,4}[ \t]+$"
)
_JOINING = re.compile(r" (?:as|for|is|als|ist|was) ")
# The end of a word of `_PREFIX_QUOTED` in front of a quote: what that needs, found much sooner.
_TOLD_QUOTE = re.compile(r"[ehmnryEHMNRY][ \t]+['\"`*]")
_PREFIX_QUOTED = re.compile(
    r"(?i)\b(?:enter|use|try|type|with|provide|verwende|nimm|eingeben)[ \t]+(?P<q>[\"'`]"
    r"|\*\*)(?P<v>[^\s\"'`]{4,128})(?P=q)[^.\n]{0,40}$"
)
_LOGIN = re.compile(
    r"(?:log(?:ged)? ?[io]n|logon|sign(?:ed)?[ -]in|credentials?|creds|zugang(?:sdaten)?|anmeld(?:en|ung"
    r"|edaten)|username|user|account|benutzer|connect)\b"
)
_PAIR = re.compile(
    r"(?:[ \t]*(?:[:=]|is|are|as|with|via|using|auf|mit|to|for|sind"
    r"|lautet)){0,3}[ \t]*[\"'`*]{0,2}(?<=[ \t:=\"'`*])(?P<u>[\w.@\\+-]{2,64})[\"'`]{0,2}"
    r"(?:(?P<sep>[ \t]*(?:/|\||,)[ \t]*)|(?P<word>[ \t]+(?:and|und|with|mit)[ \t]+(?:(?:password|pass|pw"
    r"|passwort|kennwort)[ \t]+)?)|(?P<tight>:))"
)
_PHRASE = re.compile(
    r"\b(?:\w{0,20}pass[ -]?phrase|(?:backup|encryption|seed|recovery|secret) phrase|mnemonic)\b[^\n:=]{0,40}?"
    r"(?:\bis\b:?|\blautet\b:?|:|=)[ \t]*(?P<v>[a-z]{2,14}(?:[ -][a-z0-9]{2,14}){3,23})(?=[\s.,;)]|$)"
)
_ENTRY = (
    r"(?:log(?:s|ging)? ?[io]n|logon|sign(?:s|ing)?[ -]in|connect|authenticat|unlock|anmeld|einlogg|admin|root|account)"
)
_SAID = (
    re.compile(
        rf"(?i:\b(?:use|with|try|mit|nimm|nutze)) (?P<v>[^\s{ATOM}]{{6,64}})"
        rf" (?i:(?:to|for|zum|für) (?:\w+ ){{0,2}}{_ENTRY})"
    ),
    re.compile(rf"(?i:\b(?:it's|it is|es ist)) (?P<v>[^\s{ATOM}]{{6,64}}) (?i:(?:for|für) (?:\w+ ){{0,3}}{_ENTRY})"),
    re.compile(
        rf"(?i:\b(?:reset|changed|set|geändert|zurückgesetzt)(?: it)? (?:to|auf))"
        rf" (?P<v>[^\s,;{ATOM}]{{8,64}})(?=[\s,;])"
        rf"(?i:[^\n]{{0,60}}\b{_ENTRY})"
    ),
)
_CODE = re.compile(
    r"\b(?:puk|otp|(?:one-time|verification|mfa|2fa)[ -](?:code|password|pin)|(?:safe|lock|padlock"
    r"|tresor)[ -]combination"
    r"|(?:code|combination|pin) (?:for|of|to) (?:the |our |their )?(?:\w+ )?(?:alarm|door|gate|safe|lift|garage|keypad"
    r"|padlock|lock)"
    r"|(?:safe|gate|door|padlock|tresor|lock) (?:opens|unlocks)(?: with)?|recovery code)\b|\b(?:alarm|door|gate"
    r"|voicemail|unlock|access|safe|entry|sim|phone|lock|security|tür|lift|keypad"
    r"|garage|screen|puk|einbruch)[ -]?(?:pin|code)\b"
)
_CODE_VALUE = re.compile(
    rf"(?:[^\n.:=\d{ATOM}]{{0,40}}?(?:{_IS})[ \t]*|[ \t]+(?:with[ \t]+)?)[\"'`*]{{0,2}}(?P<v>\d{{4,12}})(?![\w.:/-]\d"
    rf"|[ \t]?(?:min"
    r"|sec|day|char|digit))"
)
_RECOVERY = re.compile(
    r"\b(?:recovery|backup|emergency|bitlocker|rescue|scratch|mfa"
    r"|wiederherstellungs)[ -]?(?:recovery[ -])?(?:codes?|keys?|passwords?|schlüssel)\b"
)
_RECOVERY_VALUE = re.compile(
    rf"[^\n:={ATOM}]{{0,40}}?(?:{_IS}"
    rf"|[ \t])\s*+[\"'`*]{{0,2}}(?P<v>(?=[A-Za-z0-9 ,;\s-]{{0,40}}\d)"
    rf"(?:[A-Za-z0-9]{{4,8}}-){{1,9}}[A-Za-z0-9]{{4,8}}(?:[\s,;]{{1,3}}"
    rf"(?:[A-Za-z0-9]{{4,8}}-){{1,9}}[A-Za-z0-9]{{4,8}}){{0,20}})(?![\w-])"
)
_OPTION = re.compile(r"--?[A-Za-z]|[a-z_]{2,40}=|\*\w+\*|[\w-]{1,40}=[\"'\\]")
_NAMES = frozenset(("password", "passwd", "pass", "pwd", "secret", "token", "passwort", "kennwort", "passphrase"))
_UNIT = re.compile(r"[ \t]*(?:char|zeichen|digit|stellen|day|tage|month|hour|minute|%|bit|years?)")


def prose_after(text: str, end: int, kind: str) -> Hit | None:
    """Return the secret that a sentence states after its name, which ended at `end`."""
    if text[end : end + 1] not in _GOES_ON:
        return None
    for pattern in (_AFTER, _SET_TO, _FROM):
        match = pattern.match(text, end)
        if match is None or (pattern is not _AFTER and not _VERB.search(text, max(0, end - 90), end + 90)):
            continue
        if not _BENIGN_FILLER.search(match[0]) and (span := _stated(text, match.end(), kind)):
            return Hit(kind, *span)
    if kind == "password" and (match := _DIRECT.match(text, end)) and (found := read_value(text, match.end())):
        (start, finish), quoted = found
        value = text[start:finish]
        if (quoted or len(value) >= 6) and in_prose(value) and not _OPTION.match(value):
            return Hit(kind, start, finish)
    return None


def _stated(text: str, at: int, kind: str) -> Span | None:
    found = read_value(text, at)
    if found is None:
        return None
    (start, end), quoted = found
    value = text[start:end]
    if kind == "pin":
        return (start, end) if value.isdigit() and 4 <= len(value) <= 12 and not _UNIT.match(text, end) else None
    if placeholder(value, quoted) or value.lower() in _NAMES:
        return None
    if quoted:
        words = value.split()
        good = (strong(value) and (kind == "password" or len(words) == 1)) or (
            kind == "password" and len(value) >= 5 and (len(words) == 1 or 4 <= len(words) <= 8)
        )
    elif kind == "password":
        good = in_prose(value)
    else:
        good = in_prose(value) and (len(value) >= 8)
    return (start, end) if good else None


def prose_before(text: str, start: int, kind: str) -> Hit | None:
    """Return the secret that a sentence states before its name, as in "use X as the password"."""
    offset = max(0, start - 160)
    line = text[offset:start]
    line_start = line.rfind("\n") + 1
    prefix = line[line_start:]
    match = None
    if prefix.endswith((" ", "\t")) and _JOINING.search(prefix):
        match = _AS_PASSWORD.search(prefix)
    if match is None and _TOLD_QUOTE.search(prefix):
        match = _PREFIX_QUOTED.search(prefix)
    if match is None:
        return None
    value = match["v"]
    good = in_prose(value) if kind == "password" else random_looking(value, 8) and in_prose(value)
    if not good or kind == "pin":
        return None
    return Hit(kind, offset + line_start + match.start("v"), offset + line_start + match.end("v"))


def find_prose(view: View) -> Iterator[Hit]:
    """Yield passwords stated next to a user name, pass phrases, codes for doors and phones, and recovery codes."""
    text, lower = view.text, view.lower
    yield from _told(text, lower)
    for login in _LOGIN.finditer(lower):
        match = _PAIR.match(text, login.end())
        if match is None or "://" in text[max(0, login.start() - 40) : match.end()]:
            continue
        found = read_value(text, match.end())
        if found is None:
            continue
        (start, end), quoted = found
        value = text[start:end]
        if in_prose(value) and (quoted or "/" not in value) and _pair_value(value, match, quoted):
            yield Hit("password", start, end)
    for code in _CODE.finditer(lower):
        match = _CODE_VALUE.match(text, code.end())
        if match:
            yield Hit("pin", *match.span("v"))
    for recovery in _RECOVERY.finditer(lower):
        match = _RECOVERY_VALUE.match(text, recovery.end())
        if match:
            yield Hit("recovery-code", *match.span("v"))


def _told(text: str, lower: str) -> Iterator[Hit]:
    """Yield pass phrases, and passwords that a sentence about signing in tells without calling them so."""
    for phrase in _PHRASE.finditer(lower):
        if not placeholder(text[phrase.start("v") : phrase.end("v")]):
            yield Hit("password", *phrase.span("v"))
    for pattern in _SAID:
        for said in pattern.finditer(text):
            if in_prose(said["v"]) and len(said["v"]) >= 8:
                yield Hit("password", *said.span("v"))


def _pair_value(value: str, match: re.Match[str], quoted: bool) -> bool:
    if quoted or match["word"]:
        return len(value) >= 6
    spaced = match["sep"] is not None and match["sep"] != match["sep"].strip()
    digit = any(c.isdigit() for c in value)
    return len(value) >= 6 and (digit if spaced else digit and not value.isdigit())
