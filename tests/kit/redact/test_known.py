"""Known secrets are found in every form and inside larger texts, fast; words that are secrets stay words."""

import html
import random
import string
import time
from urllib.parse import quote
from uuid import uuid4

import pytest

from claudetools.kit.redact import KnownSecrets, Redactor
from tests.kit.redact.benign import HELD, TUNED
from tests.kit.redact.corpus import FORMS, disguise

CHARACTERS = string.ascii_letters + string.digits + "!#$%&*+-./:;<=>?@^_~|{}[]()'\"\\äöüß"
WORDS = ("harbor", "winter", "falcon", "cobalt", "maple", "granite", "Zürich")
PLACES = (
    "the thing is {s} ok",
    "GET https://portal.contoso.example/x?a=1&q={s}&b=2",
    '<a href="/go?to=1;k={s}">',
    "args: ['-x','{s}']",
    '{{"note": "it says {s}"}}',
    "x{s}y",
)


def secrets(seed: int, count: int) -> list[str]:
    """Passwords of any characters, passphrases with blanks, secrets of several lines."""
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        random_one = "".join(rng.choice(CHARACTERS) for _ in range(rng.randrange(8, 40)))
        phrase = " ".join(rng.choice(WORDS) for _ in range(4)) + str(rng.randrange(100))
        lines = "\n".join("".join(rng.choice(string.ascii_letters) for _ in range(30)) for _ in range(3))
        made.append(rng.choice((random_one, random_one, random_one, phrase, lines)))
    return made


def known_of(*given: str, is_weak: bool = False) -> KnownSecrets:
    known = KnownSecrets(b"k" * 32)
    known.put({uuid4(): known.shape(secret, is_weak=is_weak) for secret in given})
    return known


@pytest.mark.parametrize("form", [*FORMS, "percent", "html", "base64_alone", "wrapped_anywhere"])
def test_m1_stored_secrets_are_replaced_in_every_form(form: str) -> None:
    rng = random.Random(5)
    all_of_them = secrets(1, 1_000)
    redactor = Redactor(b"r" * 32, known_of(*all_of_them))
    missed = []
    for number, secret in enumerate(rng.sample(all_of_them, 36)):
        place = PLACES[number % len(PLACES)]
        text = place.format(s=secret)
        cut = rng.randrange(1, len(secret))
        disguised = {
            "percent": lambda s=secret, p=place: p.format(s=quote(s, safe="")),
            "html": lambda t=text: html.escape(t),
            "base64_alone": lambda s=secret: disguise("base64", s, s, rng),
            "wrapped_anywhere": lambda s=secret, p=place, c=cut: p.format(s=s[:c] + "\n    " + s[c:]),
        }.get(form, lambda t=text, s=secret: disguise(form, t, s, rng))()
        if disguised is None:
            continue
        out = redactor.redact(disguised).text
        if "[REDACTED:" not in out or secret in out or redactor.redact(out).text != out:
            missed.append((secret, disguised, out))
    assert not missed


def test_a_secret_of_digits_is_replaced_as_a_number() -> None:
    redactor = Redactor(b"r" * 32, known_of("48213377", is_weak=True))
    assert redactor.redact_value({"n": [48213377, 48213378, 1.5]}) == {
        "n": [redactor.marker("vault", "48213377"), 48213378, 1.5]
    }


def test_a_weak_secret_is_replaced_as_a_word_of_its_own_and_a_short_one_not_at_all() -> None:
    redactor = Redactor(b"r" * 32, known_of("falcon77", "abc12", is_weak=True))
    assert redactor.redact("see falcon77, please").text == f"see {redactor.marker('vault', 'falcon77')}, please"
    for text in ("see thefalcon77s", "abc12 is a bay"):
        assert redactor.redact(text).text == text


def test_what_is_forgotten_is_not_replaced_any_more_and_others_still_are() -> None:
    known = KnownSecrets(b"k" * 32)
    first, second = uuid4(), uuid4()
    known.put({id: known.shape(text, is_weak=False) for id, text in ((first, "gravel-moth"), (second, "velvet-iris"))})
    known.keep_only({second})
    redactor = Redactor(b"r" * 32, known)
    assert redactor.redact("gravel-moth velvet-iris").text.startswith("gravel-moth [REDACTED:vault:")
    assert known.missing({first, second}) == {first}


def test_shapes_are_of_one_length_and_say_nothing_to_another_key() -> None:
    one, other = KnownSecrets(b"k" * 32), KnownSecrets(b"j" * 32)
    shapes = {
        one.shape(secret, is_weak=False) for secret in ("a", "gravel-moth", "x" * 5_000, "two words", "a\\nb%20c")
    }
    assert len({len(shape) for shape in shapes}) == 1
    assert one.shape("gravel-moth", is_weak=False) != other.shape("gravel-moth", is_weak=False)


def test_benign_lines_stay_with_thousands_of_secrets() -> None:
    redactor = Redactor(b"r" * 32, known_of(*secrets(3, 3_000)))
    plain = Redactor(b"r" * 32)
    for line in (*TUNED, *HELD):
        assert redactor.redact(line).text == plain.redact(line).text


def test_a_turn_of_200_kb_is_searched_in_a_fraction_of_a_second() -> None:
    known = known_of(*secrets(3, 3_000))
    text = "\n".join(random.Random(7).choices((*TUNED, *HELD), k=6_000))[:200_000]
    list(known.find(text))
    began = time.process_time()
    list(known.find(text))
    assert time.process_time() - began < 0.25
