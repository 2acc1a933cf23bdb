"""Turns text into index terms: stemmed words, and whole identifiers (host names, addresses, cmdlets, error codes).

A compound such as `set-mailbox` or `fs01.corp.local` is indexed whole and in parts, so the exact name ranks first
and a part of it still finds it. Purely numeric compounds (addresses, versions, dates) are kept whole only: their
parts would match everything.
"""

import re
import unicodedata
from functools import lru_cache
from threading import local

import Stemmer

SMALL_NUMBER_DIGITS = 2
MAX_TERM_CHARS = 64
"""Longer runs (keys, base64, minified code) carry no recallable word and are dropped."""

_STOP_WORDS = """
a about again all also am an and any are as at be because been before being but by can could did do does doing done
for from get gets getting give go going got had has have having he her here hers him his how i if in into is it its
itself just let lets like me mine more most my myself of off on once only or our ours ourselves out own please
really s shall she should so some such t than thank thanks that the their theirs them themselves then there these
they this those though to too until up us very was way we were what whats when where which while who whom whose why
will with would yes yet you your yours yourself yourselves don doesn didn isn aren wasn weren hasn haven hadn won
wouldn couldn shouldn ain re ve ll d m im ive http https www
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

_SMALL_TALK = """
add afternoon ahead anything answer ask bit bye check continue cool create describe done evening everything
example explain fine find fix generate good great haha happen happy hello help hey hi kind know like little
lol long look lot made make many maybe mean mind morning much need never new next nice night no not now ok okay
old one open part perfect problem proceed put question quick ready right run said say see seem show sorry sound
step still stop sure take tell thing think time today tomorrow try two use wait want welcome well work write wrong
yesterday
"""
SMALL_TALK = frozenset(_SMALL_TALK.split())
"""Words of talk and instruction: they rank, but finding them says nothing about what a text is about."""

_COMPOUND = re.compile(r"[^\W_]+(?:[._\-:/\\@+#]+[^\W_]+)*", re.UNICODE)
_SEGMENT = re.compile(r"[^:/\\@+#]+")
_ATOM = re.compile(r"[^\W_]+", re.UNICODE)
_CONTRACTION = re.compile(r"(?<=\w)['\u2019\u02bc](?:s|t|re|ve|ll|d|m)\b", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LETTERS_THEN_DIGITS = re.compile(r"([^\W\d_]{2,})(\d{1,6})")
_per_thread = local()


def _stemmer() -> Stemmer.Stemmer:
    # A Stemmer object keeps state in C and must not be shared between threads.
    stemmer = getattr(_per_thread, "stemmer", None)
    if stemmer is None:
        stemmer = _per_thread.stemmer = Stemmer.Stemmer("english", 0)
    return stemmer


@lru_cache(maxsize=65536)
def _stem(word: str) -> str:
    return str(_stemmer().stemWord(word))


def _is_numeric(word: str) -> bool:
    return not any(character.isalpha() for character in word)


@lru_cache(maxsize=65536)
def _atom_terms(atom: str) -> tuple[str, ...]:
    """Terms of one run of letters and digits: `VLAN40` -> vlan40, vlan, 40; `MailboxDatabase` -> both and the whole."""
    lower = atom.casefold()
    if len(lower) > MAX_TERM_CHARS or lower in STOP_WORDS:
        return ()
    out = [_stem(lower)]
    mixed = _LETTERS_THEN_DIGITS.fullmatch(lower)
    if mixed:
        out += [_stem(mixed[1]), mixed[2]]
    elif not atom.islower() and not atom.isupper():
        parts = _CAMEL.split(atom)
        if len(parts) > 1:
            out += [_stem(part) for part in (p.casefold() for p in parts) if len(part) > 1 and part not in STOP_WORDS]
    return tuple(out)


@lru_cache(maxsize=65536)
def _compound_terms(compound: str) -> tuple[str, ...]:
    out: list[str] = []
    lower = compound.casefold()
    if len(lower) <= MAX_TERM_CHARS:
        out.append(lower)
    for segment in _SEGMENT.findall(compound):
        atoms = _ATOM.findall(segment)
        if len(atoms) > 1:
            whole = segment.casefold()
            if whole != lower and len(whole) <= MAX_TERM_CHARS:
                out.append(whole)
            if _is_numeric(segment):
                continue
        elif _is_numeric(segment) and _is_numeric(compound):
            continue
        for atom in atoms:
            out += _atom_terms(atom)
    return tuple(out)


def terms(text: str) -> list[str]:
    """The index terms of a text in order, with repetitions. The same function serves documents and queries."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    out: list[str] = []
    for compound in _COMPOUND.findall(_CONTRACTION.sub("", text)):
        if compound.isalnum():
            out += _atom_terms(compound)
        elif len(compound) <= 4 * MAX_TERM_CHARS:
            out += _compound_terms(compound)
        else:
            for atom in _ATOM.findall(compound):
                out += _atom_terms(atom)
    return out


def content_terms(text: str) -> list[str]:
    """The terms of a text without small talk and small numbers: what it is about. Empty for "ok, do all 3"."""
    return [term for term in terms(text) if term not in _SMALL_TALK_STEMS and not _is_small_number(term)]


def _is_small_number(term: str) -> bool:
    return len(term) <= SMALL_NUMBER_DIGITS and term.isdecimal()


_SMALL_TALK_STEMS = frozenset(_stem(word) for word in SMALL_TALK) | SMALL_TALK
