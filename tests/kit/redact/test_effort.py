"""How much of a text is looked at how often: what a long or hostile text costs, and that nothing is missed for it."""

import json
import random
import time

import pytest

from claudetools.kit.redact import Redactor, redactor
from claudetools.kit.redact.decode import View
from claudetools.kit.redact.tokens import find_tokens
from tests.kit.redact.benign import generated
from tests.kit.redact.corpus import samples

KEY = b"0123456789abcdef0123456789abcdef"
SECRET = "Harbor-48" + "21!"
ORDINARY = "\n".join(generated(5, 60)) + "\n"


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note the length of every view that is looked at."""
    looked: list[int] = []

    def noted(view: View, *seams: frozenset[int]) -> object:
        looked.append(len(view.text))
        return find_tokens(view, *seams)

    monkeypatch.setattr(redactor, "find_tokens", noted)
    return looked


@pytest.mark.parametrize(
    "place",
    [
        f"password={SECRET}\n",
        json.dumps({"a": json.dumps({"b": json.dumps({"c": f'"password": "{SECRET}"'})})}) + "\n",
        f"changed the admin password from {SECRET} to Winter-22!, then the pass for root/Autumn-33! is Spring-44!\n",
    ],
)
def test_single_places_do_not_make_a_long_text_looked_at_anew(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = ORDINARY * (100_000 // len(ORDINARY)) + place + ORDINARY * (100_000 // len(ORDINARY))
    looked = counted(monkeypatch)
    assert SECRET not in Redactor(KEY).redact(text).text
    # Once as it is, once without its line ends; the rest is the surroundings of the place.
    assert sum(looked) < 2.5 * len(text)


def test_looking_at_parts_finds_what_looking_at_the_whole_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(6)
    planted = [sample.text for sample in samples(seed=23, per_phrase=1)]
    benign = list(generated(7, 300))
    texts = []
    for _ in range(5):
        lines = rng.choices(benign, k=400)
        for at in sorted(rng.sample(range(400), 12), reverse=True):
            lines[at:at] = [rng.choice(planted)]
        texts.append("\n".join(lines))
    parts = [Redactor(KEY).redact(text) for text in texts]
    looked = counted(monkeypatch)
    monkeypatch.setattr(redactor, "windows", lambda view, changes: None)
    monkeypatch.setattr(redactor, "_around_cut_values", lambda text, seams: None)
    whole = [Redactor(KEY).redact(text) for text in texts]
    assert sum(looked) > 3 * sum(map(len, texts))
    assert sum(len(each.findings) for each in parts) > 40
    assert parts == whole


HOSTILE = {
    "blanks": "password" + " " * 100_000,
    "recovery": "recovery code" + " " * 100_000,
    "cookies": "cookie:cookie=" * 7_000,
    "set-cookies": "set-cookie:cookie=" * 5_500,
    "base64": "QUJD" * 25_000,
    "equals": "=" * 100_000,
    "quotes": "password='\"" * 9_000,
    "escapes": "\\u005c" * 17_000,
    "percents": "%25" * 33_000,
    "dotted": ("password " + "aaaa.bbbb.cccc " * 8) * 780,
    "wraps": "KEY-----\n" + "password=aB3dE5gH7jK9mN1p\nQ3sT5vW7yZ9b\n" * 2_500,
}


@pytest.fixture(scope="module")
def ordinary_cost() -> float:
    text = ORDINARY * (400_000 // len(ORDINARY))
    return cost(text)


def cost(text: str) -> float:
    """Return the CPU time for each character."""
    began = time.process_time()
    Redactor(KEY).redact(text)
    return (time.process_time() - began) / len(text)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_costs_a_few_times_what_ordinary_text_does(name: str, ordinary_cost: float) -> None:
    assert cost(HOSTILE[name]) < 10 * ordinary_cost
