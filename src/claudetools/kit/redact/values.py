"""Reading a value that follows a key or a flag, and judging whether it can be a secret."""

import re

from claudetools.kit.redact.decode import ATOM, Span
from claudetools.kit.redact.words import STOP_WORDS, TYPE_WORDS

_LIMIT = 96
_EXTEND = re.compile(rf"(?:[^\s\"'`<>\\{ATOM}]|\\(?!\\*[\"'nrt])){{0,8192}}+")
_OPEN = re.compile(r"(?:[NnrbfuU$@](?=[\"']))?(\\{0,15})([\"'`])|\*\*")
_BARE = re.compile(
    rf"(?:[A-Za-z0-9_@#$%^()+=:/?.~!{{}}-]|(?![;,&](?:\s|$|[A-Za-z][\w .-]{{0,40}}[=:])|\\+[nrt\"']|\\+u00"
    r"|</|\*\*(?:[\s.,;:)]|$)"
    rf"|[\"'`](?:[\s,;:)\]}}>|&+.]|$))[^\s{ATOM}]){{1,{_LIMIT}}}"
)
_REFERENCE = re.compile(
    r"\$\{.*|\$\(.*|\$[A-Za-z_][\w:]*(?:[.\[(].*)?$|\$\$|%[A-Za-z_]\w*%$|%\(?\w*\)?s$|%[A-Z]\w*%|\{\{.*"
    r"|\{[\w .:]*\}?$|<[^>]*>?$"
    r"|\[[^\]]*\]?$|:\{\w*\}?$|\w+=cred:\S*|@\w*\(.*|!\w+$|.*\$\{\{?[ \w.:-]{1,80}\}?\}$|:[a-z_]+$|&\w+$"
    r"|\*+\w*$|#\{.*"
)
_FILLER = re.compile(r"([*x.\-_#?•●·…X+=/\\~,;:|])\1*$|(?:\*|•|●){2,}")
_CODE = re.compile(
    r"(?i:n?(?:var)?(?:char|binary)2?\()|[a-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*[(\[]"
    r"|[A-Z]\w*(?:\.\w+)*(?:\[[A-Za-z]|\(\)|\([a-z])|(?:self|this|args|opts|options|config|cfg|settings|os"
    r"|process|env|request|req|form"
    r"|ctx|params|props|state|data|user|response|res|secrets|var|local|module|credentials?|creds?)\.[A-Za-z_]"
    r"|(?:await|new|lambda|function|typeof|return|async)$|=>|==|\|\||&&|[A-Za-z_]+::[a-z_]\w*$"
)
_KEYISH = re.compile(r"(?i)[A-Za-z_]*(?:pass|pwd|password|secret|token|key|cred|auth)[A-Za-z_]*$")
_BENIGN_SHAPE = re.compile(
    r"(?:\d{1,3}\.){3}\d{1,3}(?:[/:]\d+)?$|\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{1,2}:\d\d"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-"
    r"|https?://|[a-zA-Z]:\\|~?/[\w.-]+/|\.{0,2}/|\\\\|v?\d+(?:\.\d+)+$|\d+(?:[.,]\d+)?\s?(?:%"
    r"|[kmgtKMGT]?i?[bB]|ms|s|min|h|d|x|st|nd|rd|th|px)$|[\w.+-]+@[\w-]+\.[\w.]+$"
    r"|(?:sha|md|aes|rc|des|win|windows|office|m|o|kb|ms|cve|ipv|tls|ssl|utf|base|rfc|http|ntlmv|wpa|x|id"
    r"|rsa|ed|p|mp)-?\d[\d.\-]*(?:bit)?$"
    r"|[\w-]+\.(?:txt|json|ya?ml|conf|cfg|ini|env|py|js|ts|ps1|sh|xml|csv|kdbx|pem|key|crt|pfx|docx?|xlsx?"
    r"|pdf|md|html?|php|aspx?|gpg|log|example|local|com|net|org|ch|de)$",
    re.IGNORECASE,
)
_HOSTNAME = re.compile(
    r"[A-Z]{2,12}(?:-[A-Z0-9]{1,12}){0,3}-?\d{0,4}$|[a-z]{2,8}-[a-z]{0,8}\d{1,3}$|(?:srv|sw|nas|pc|dc|fw"
    r"|ap|rt)[\w-]{0,12}\d{1,3}$"
)
_CONSTANT = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$")
_MIXED = re.compile(r"[a-z][A-Z]|[A-Z]{2}[a-z]{2,}[A-Z]")
_CONSONANTS = re.compile(r"(?i)[bcdfghjklmnpqrstvwxz]{6}")
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")
_SPACE = re.compile(r"\s")
_SYMBOL = re.compile(r"[^\w\s.,'\u2019()/:;\-]")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")


def read_value(text: str, pos: int) -> tuple[Span, bool] | None:
    """Return the span of the quoted or bare value at `pos` and whether it was quoted; None when there is none.

    A bare value is cut at a length that is enough to judge it; see `extended`.
    """
    opened = _OPEN.match(text, pos)
    if opened and (span := _quoted(text, opened)):
        return span, True
    if opened:
        pos = opened.end()
    bare = _BARE.match(text, pos)
    if bare is None:
        return None
    start, end = bare.span()
    if end - start < _LIMIT:
        end = _trimmed(text, start, end)
    return ((start, end), False) if end > start else None


def extended(text: str, start: int, end: int) -> int:
    """Return the real end of a value that `read_value` may have cut."""
    if end - start != _LIMIT:
        return end
    rest = _EXTEND.match(text, end)
    return rest.end() if rest else end


def _quoted(text: str, opened: re.Match[str]) -> Span | None:
    start = opened.end()
    mark = opened[0] if opened[2] is None else (opened[1] or "") + opened[2]
    line_end = text.find("\n", start, start + 4096)
    limit = line_end if line_end >= 0 else min(len(text), start + 4096)
    end = text.find(mark, start, limit)
    while end > start and opened[2] is not None and text[end - 1] == "\\":
        # Inside a string a quote with one more backslash belongs to the value.
        end = text.find(mark, end + 1, limit)
    if end <= start or ATOM in text[start:end]:
        return None
    return start, end


def _trimmed(text: str, start: int, end: int) -> int:
    while end > start:
        last = text[end - 1]
        if last in ".,;:\"'`" or (
            last in ")]}>" and text.count(_PAIR[last], start, end) < text.count(last, start, end)
        ):
            end -= 1
        else:
            return end
    return end


_PAIR = {")": "(", "]": "[", "}": "{", ">": "<"}


def placeholder(value: str, quoted: bool = False) -> bool:
    """Return whether the value only stands for a secret: a variable, a mask, a type name, code, a sentence."""
    if len(value) < 3 or ATOM in value or _REFERENCE.match(value) or _FILLER.match(value):
        return True
    if not quoted and _CODE.match(value):
        return True
    low = value.lower()
    if low in TYPE_WORDS or low in STOP_WORDS or (_CONSTANT.match(value) and _KEYISH.search(value)):
        return True
    words = low.rstrip(".!?").split()
    return len(words) > 2 and any(w in STOP_WORDS for w in words) and all(w.strip("'\",").isalpha() for w in words)


def identifier(value: str) -> bool:
    """Return whether the value is a variable name that itself speaks of a secret, as in `password = db_password`."""
    return bool(_KEYISH.match(value)) and ("_" in value or value.islower() or bool(_MIXED.search(value)))


def strong(value: str) -> bool:
    """Return whether the value looks chosen as a secret: letters with digits, symbols, or inner capitals."""
    if len(value) < 4 or placeholder(value):
        return False
    digit = bool(_DIGIT.search(value))
    letter = bool(_LETTER.search(value))
    if letter and (digit or _SYMBOL.search(value)):
        return True
    return bool(letter and len(value) >= 8 and _MIXED.search(value))


def in_prose(value: str) -> bool:
    """Return whether the value is strong and is no host name, address, date, path, version or file name."""
    return strong(value) and not _BENIGN_SHAPE.match(value) and not _HOSTNAME.match(value) and "|-" not in value


def random_looking(value: str, length: int = 16) -> bool:
    """Return whether the value is at least `length` characters of mixed classes without spaces."""
    if len(value) < length or placeholder(value) or _UUID.match(value) or value.startswith(("http:", "https:")):
        return False
    return may_be_random(value, length) and not _SPACE.search(value)


def may_be_random(value: str, length: int) -> bool:
    """Return whether a part of the value without spaces can be `random_looking` with at least `length` characters."""
    if len(value) < length or not _LETTER.search(value):
        return False
    return bool(_DIGIT.search(value)) or len(_MIXED.findall(value)) >= 3


def fragment(value: str, length: int) -> bool:
    """Return whether the value looks like `length` or more characters out of the middle of a generated secret."""
    if len(value) < length or _SPACE.search(value):
        return False
    return bool(_DIGIT.search(value)) or len(_MIXED.findall(value)) >= 2 or bool(_CONSONANTS.search(value))
