"""Secrets given away by the key, header or address in front of them."""

import re
from collections.abc import Iterator

from claudetools.kit.redact.decode import ATOM, Span, View
from claudetools.kit.redact.keys import STEM, bounded, suffix_end
from claudetools.kit.redact.prose import prose_after, prose_before
from claudetools.kit.redact.tokens import Hit, decoded_basic
from claudetools.kit.redact.values import (
    identifier,
    in_prose,
    may_be_random,
    placeholder,
    random_looking,
    read_value,
    strong,
)

_CLOSE = re.compile(
    r"(?:\\*[\"'`]|\*{1,2}|\\?\]|__)?(?: ?\([^()\n]{1,40}\))?(?:\*{2})?[ \t]{0,40}"
    r"(?:(?P<named>\\*[\"']?[ \t]*+,?\s{0,40}\\*[\"']?[Vv]alue\\*[\"']?[ \t]*[:=][ \t]*)"
    r"|(?P<xml>(?: [^<>\n]{1,80})?>(?:\s{0,40}<(?:[Vv]alue|string)>)?(?=[^<>\n]{1,400}</))"
    r"|(?P<equals>===?|=>|:=|\+?=)(?!=)[ \t]{0,20}|(?P<colon>:(?!:))(?:\*{2})?[ \t]{0,20}|(?P<arrow>->|→"
    r"|[\u2013\u2014-](?=[ \t])|\|(?=[ \t])|\t)[ \t]{0,20})"
)
_LINE_BREAK = re.compile(r"\r?\n[ \t]{0,20}(?=\S)")
_SCHEME_WORD = re.compile(
    r"(?:ENC|ascii-text|hexadecimal|plain-text|ascii|[0-9])[ \t]+(?=\S)|(?:Bearer|Basic|Token|token|bearer"
    r"|basic|Digest|ApiKey|SSWS|GenieKey)[ \t]+"
)
_FLAG_CHARACTERS = "-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_SPACE = re.compile(r"\\*[\"']?,?[ \t]{1,8}")
_TAG = re.compile(r"<[\w:.-]{0,40}$|\b(?:name|key|id)=[\"'][\w.-]{0,40}$")
_OPTION = re.compile(r"--?[A-Za-z]|[a-z_]{2,40}=|[\w-]{1,40}=[\"'\\]")
_LINE_END = re.compile(r"[ \t\"'`]*(?:[,;})\]#<]|//|$|\n|\r)")
_AUTH = re.compile(r"(?i)\b(bearer|basic)[ \t]+(?=([A-Za-z0-9._~+/=-]{8,8192}))")
_URL_USER = re.compile(rf"://[^\s/:@\"'<>{ATOM}]{{0,100}}:(?P<v>[^\s\"'<>/{ATOM}]{{1,200}})@(?=[\w\[.$-])")
_URL_TOKEN = re.compile(rf"://(?P<v>[^\s/:@\"'<>{ATOM}]{{16,200}})@(?=[\w.-])")
_SAS = re.compile(r"(?i)[?&;\"' ]sig=([A-Za-z0-9%+/=_-]{24,200})")
_COOKIE = re.compile(r"(?i)\b(set-)?cookie2?\\*[\"']?[ \t]*[:=][ \t]*\\*[\"']?(?=[^\n]{3})")
_COOKIE_PAIR = re.compile(rf"[ \t]*([\w.$-]{{1,80}})=([^;\s\"'\\{ATOM}]{{1,4096}})")
_HASH_PAIR = re.compile(r"(?<![0-9a-fA-F])[0-9a-fA-F]{32}:[0-9a-fA-F]{32}(?![0-9a-fA-F])")
_NTLM = re.compile(r"(?i)\bnt(?:lm|hash|-hash)\b[^\n]{0,60}?(?<![0-9a-f])([0-9a-f]{32})(?![0-9a-f])")
_AUTH_ENTRY = re.compile(r"(?i)\"auth\\*\"[ \t]*:[ \t]*\\*\"(?=([A-Za-z0-9+/]{8,2048}={0,2}))")
_PASSWORD_FILE = re.compile(
    rf"^(?:[\w.*-]{{1,80}}):(?:\d{{2,5}}"
    rf"|\*):[\w.*-]{{1,60}}:[\w.*-]{{1,60}}:(?P<v>[^\s\"{ATOM}]{{4,200}})(?=[ \t]*(?:[\"\r\n]|$))",
    re.MULTILINE,
)
_DOMAIN_LOGIN = re.compile(rf"(?<![\w:/.@-])[\w.-]{{2,40}}/[\w.$-]{{1,40}}:(?P<v>[^\s@{ATOM}]{{4,64}})@(?=[\w.-]{{2}})")
NAME_REACH = 512
"""Characters between a name and its value, at most."""
_SYMBOLIC = frozenset(("password", "passwd", "pass", "pwd", "secret", "token"))


def find_assigned(view: View, around: list[Span] | None = None) -> Iterator[Hit]:
    """Yield values of secret-looking keys, flags and phrases, and credentials in headers, cookies and addresses.

    Only names in the stretches `around` are looked at, if it is given; nothing at all if there are none.
    """
    if around is not None and not around:
        return
    text = view.text
    done = 0
    for start, end in [(0, len(text))] if around is None else around:
        for stem in STEM.finditer(view.lower, start, end):
            # Names inside a value that is replaced anyway need no look.
            if stem.start() >= done and bounded(text, *stem.span()) and (hit := _at_stem(text, stem)):
                done = hit.end if hit.start >= stem.start() else done
                yield hit
    yield from _headers(view)
    yield from _cookies(view)
    yield from _addresses(view)


def _at_stem(text: str, stem: re.Match[str]) -> Hit | None:
    kind = stem.lastgroup or "secret"
    end = suffix_end(text, stem.end())
    if end is not None:
        hit = _assigned(text, stem.start(), end, kind) or _spaced(text, stem.start(), end, kind)
        if hit:
            return hit
    return prose_after(text, stem.end(), kind) or prose_before(text, stem.start(), kind)


def _assigned(text: str, start: int, end: int, kind: str) -> Hit | None:
    close = _CLOSE.match(text, end)
    if close is None:
        return None
    how = close.lastgroup
    at = close.end()
    if how in ("colon", "equals") and (wrapped := _LINE_BREAK.match(text, at)):
        at, how = wrapped.end(), "wrapped"
    scheme = _SCHEME_WORD.match(text, at)
    found = read_value(text, scheme.end() if scheme else at)
    if found is None and scheme:
        found = read_value(text, at)
    if found is None:
        return None
    span, quoted = found
    if how == "xml":
        if not _TAG.search(text[max(0, start - 60) : start]):
            return None
        span, quoted = (at, text.index("<", at)), True
    if not _acceptable(text, start, end, span, quoted, kind, how or ""):
        return None
    return Hit(kind, *span)


def _acceptable(text: str, start: int, end: int, span: Span, quoted: bool, kind: str, how: str) -> bool:
    value = text[span[0] : span[1]]
    scheme = _SCHEME_WORD.match(value)
    if placeholder(value, quoted) or (scheme and placeholder(value[scheme.end() :], quoted)):
        return False
    if kind == "pin":
        return (value.isdigit() and 4 <= len(value) <= 12) or ((quoted or how == "equals") and strong(value))
    if how in ("arrow", "wrapped"):
        return in_prose(value) and (kind == "password" or random_looking(value, 8))
    if kind == "password":
        return _password_value(text, text[start:end], span, quoted, how)
    return _other_value(text, span, quoted, how)


def _other_value(text: str, span: Span, quoted: bool, how: str) -> bool:
    """Return whether a token, key or shared secret can look like this; such names stand before much else."""
    value = text[span[0] : span[1]]
    if text.startswith("{", span[0] - 1) or value.isdigit() or len(value) < 6:
        return False
    if how == "colon" and not quoted:
        return in_prose(value) and (not value.isalpha() or len(value) >= 20)
    return strong(value) or random_looking(value) or (quoted and len(value) >= 8 and " " not in value)


def _password_value(text: str, key: str, span: Span, quoted: bool, how: str) -> bool:
    value = text[span[0] : span[1]]
    if quoted or how in ("xml", "named"):
        return True
    after = text[span[1] : span[1] + 1]
    if value.lower() in _SYMBOLIC and (after in (",", ")") or value == key):
        return False
    if strong(value) or (value.isdigit() and how == "equals"):
        return True
    if (identifier(value) and not value.isalpha()) or after in ("(", "["):
        return False
    if value.isdigit():
        return len(value) >= 4 and bool(_LINE_END.match(text, span[1]))
    return len(value) >= 4 and bool(_LINE_END.match(text, span[1])) and not (after == ")" and identifier(value))


def _spaced(text: str, start: int, end: int, kind: str) -> Hit | None:
    """Return the value that follows a key after a space only: flags, device lines and terse notes."""
    gap = _SPACE.match(text, end)
    if gap is None:
        return None
    at = gap.end()
    scheme = _SCHEME_WORD.match(text, at)
    found = read_value(text, scheme.end() if scheme else at)
    if found is None:
        return None
    (begin, finish), quoted = found
    value = text[begin:finish]
    if kind == "pin" or placeholder(value, quoted) or _OPTION.match(value):
        return None
    if _flagged(text, start):
        good = quoted or kind == "password" or strong(value)
    elif scheme:
        good = len(value) >= 6 and (strong(value) or value.isdigit())
    elif kind == "password":
        good = len(value) >= 6 and in_prose(value)
    else:
        good = (quoted and strong(value) and len(value) >= 8) or (random_looking(value, 20) and not _word_like(value))
    return Hit(kind, begin, finish) if good else None


def _word_like(value: str) -> bool:
    return "/" in value or "." in value


def _flagged(text: str, start: int) -> bool:
    prefix = text[max(0, start - 32) : start]
    head = prefix[len(prefix.rstrip(_FLAG_CHARACTERS)) :]
    before = prefix[len(prefix) - len(head) - 1 : len(prefix) - len(head)] if len(prefix) > len(head) else ""
    if head.startswith("-"):
        return before in ("", " ", "\t", "\n", '"', "'", "`", "(", ",", "[")
    return before == "/" and not head and text[max(0, start - 2) : start - 1] in (" ", "")


def _headers(view: View) -> Iterator[Hit]:
    text, lower = view.text, view.lower
    if "bearer" in lower or "basic" in lower:
        for match in _AUTH.finditer(text):
            value = match[2]
            basic = match[1].lower() == "basic"
            if decoded_basic(value) if basic else random_looking(value) and not value.startswith("-"):
                yield Hit("authorization", *match.span(2))
    if "sig=" in lower:
        for match in _SAS.finditer(text):
            yield Hit("azure-sas", *match.span(1))
    if "nt" in lower:
        for match in _NTLM.finditer(text):
            yield Hit("password-hash", *match.span(1))
    for match in _AUTH_ENTRY.finditer(text):
        if decoded_basic(match[1]):
            yield Hit("authorization", *match.span(1))
    for match in _HASH_PAIR.finditer(text):
        yield Hit("password-hash", *match.span())


def _cookies(view: View) -> Iterator[Hit]:
    if "cookie" not in view.lower:
        return
    text = view.text
    # Up to where a cookie that begins inside of a value is seen with that value, by whether only the first pair counts.
    seen = {False: 0, True: 0}
    for match in _COOKIE.finditer(text):
        at, is_set = match.end(), match[1] is not None
        if match.start() < seen[is_set]:
            continue
        while pair := _COOKIE_PAIR.match(text, at):
            is_secret = random_looking(pair[2], 8)
            if is_secret:
                yield Hit("cookie", *pair.span(2))
            at = pair.end()
            if is_secret or not may_be_random(pair[2], 8):
                seen = {False: seen[False] if is_set else at, True: at}
            if is_set or not text.startswith(";", at):
                break
            at += 1


def _addresses(view: View) -> Iterator[Hit]:
    text = view.text
    for entry in _PASSWORD_FILE.finditer(text):
        if not placeholder(entry["v"]):
            yield Hit("password", *entry.span("v"))
    for login in _DOMAIN_LOGIN.finditer(text):
        if in_prose(login["v"]):
            yield Hit("password", *login.span("v"))
    at = text.find("://")
    while at >= 0:
        match = _URL_USER.match(text, at)
        if (match and not placeholder(match["v"])) or (
            match is None and (match := _URL_TOKEN.match(text, at)) and random_looking(match["v"])
        ):
            yield Hit("url-password", *match.span("v"))
        at = text.find("://", at + 3)
