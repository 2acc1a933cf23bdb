"""Recall and false positives over the labelled corpus, for phrasings tuned on and for phrasings held out."""

import json
import random
from collections import Counter

import pytest

from claudetools.kit.redact import Redactor
from tests.domains.memory.instructing_texts import LATER_ORDINARY, MORE_ORDINARY, ORDINARY
from tests.kit.redact.benign import HELD, TUNED, generated
from tests.kit.redact.corpus import FORMS, KINDS, disguise, leaks, samples
from tests.kit.redact.msp_kinds import MSP_KINDS

FLOORS = {
    "tuned": {"token": 0.99, "config": 0.98, "device": 0.98, "prose": 0.97},
    "held": {"token": 0.97, "config": 0.95, "device": 0.97, "prose": 0.88},
}
SURROUNDINGS = 0.998
FALSE_POSITIVES = 0.02

redactor = Redactor(b"corpus-test-key-0123456789abcdef")


def test_corpus_is_large_enough() -> None:
    assert len(KINDS) >= 40
    assert len(FORMS) == 8
    assert len(TUNED) + len(HELD) >= 200
    phrasings = sum(len(k.tuned) for k in KINDS), sum(len(k.held) for k in KINDS)
    assert phrasings[1] / sum(phrasings) >= 1 / 3


@pytest.mark.parametrize("split", FLOORS)
def test_recall_in_every_form(split: str) -> None:
    total: Counter[str] = Counter()
    hidden: Counter[str] = Counter()
    intact = count = 0
    for sample in samples(seed=7):
        if sample.split != split:
            continue
        out = redactor.redact(sample.text).text
        clean = not leaks(out, sample.secret)
        for group in (sample.kind.group, sample.form):
            total[group] += 1
            hidden[group] += clean
        count += 1
        intact += all(piece in out for piece in sample.kept)
    for group, floor in FLOORS[split].items():
        assert hidden[group] / total[group] >= floor, (group, hidden[group], total[group])
    for form in FORMS:
        assert hidden[form] / total[form] >= 0.85, (form, hidden[form], total[form])
    assert intact / count >= SURROUNDINGS, (intact, count)


@pytest.mark.parametrize("seed", [1, 2])
def test_m1_kinds_of_msp_work_reach_the_floors(seed: int) -> None:
    assert len(KINDS) + len(MSP_KINDS) >= 90
    rng = random.Random(seed)
    total: Counter[str] = Counter()
    hidden: Counter[str] = Counter()
    missed = []
    for number, (name, group, make, phrasings) in enumerate(MSP_KINDS):
        for place, phrasing in enumerate(phrasings):
            secret = make(rng)
            sentence = f"Note on site 4.\n{phrasing.format(s=secret)}\nNext: the printer."
            form = FORMS[(number + place + seed) % len(FORMS)]
            text = disguise(form, sentence, secret, rng) or sentence
            clean = not leaks(redactor.redact(text).text, secret)
            total[group] += 1
            hidden[group] += clean
            missed += [] if clean else [(name, form, phrasing)]
    for group, floor in {"token": 0.95, "config": 0.9, "device": 0.9, "prose": 0.8}.items():
        assert hidden[group] / total[group] >= floor, (group, hidden[group], total[group], missed)


def test_m1_of_nine_hundred_benign_lines_nearly_all_stay() -> None:
    every = [*TUNED, *HELD, *ORDINARY, *MORE_ORDINARY, *LATER_ORDINARY, *generated(9, 700)]
    assert len(every) >= 900
    changed = [line for line in every if redactor.redact(line).text != line]
    assert len(changed) / len(every) <= FALSE_POSITIVES, changed


def test_leak_check_sees_an_unredacted_secret_in_every_form() -> None:
    assert all(leaks(sample.text, sample.secret) for sample in samples(seed=11, per_phrase=1))


@pytest.mark.parametrize(("lines", "seed"), [(TUNED, 3), (HELD, 4)], ids=["tuned", "held"])
def test_benign_lines_stay(lines: tuple[str, ...], seed: int) -> None:
    every = [*lines, *generated(seed, 60)]
    changed = [line for line in every if redactor.redact(line).text != line]
    assert len(changed) / len(every) <= FALSE_POSITIVES, changed


def test_benign_lines_stay_inside_json() -> None:
    every = [json.dumps({"content": line}) for line in (*TUNED, *HELD)]
    changed = [line for line in every if redactor.redact(line).text != line]
    assert len(changed) / len(every) <= FALSE_POSITIVES, changed


def test_redacting_twice_changes_nothing() -> None:
    for sample in samples(seed=13, per_phrase=1):
        once = redactor.redact(sample.text).text
        assert redactor.redact(once).text == once, (sample.kind.name, sample.form)


def test_redacted_json_lines_are_still_json() -> None:
    # A PEM block without its end is cut in the middle of a string and has no reliable end.
    broken = []
    for sample in samples(seed=17, per_phrase=1):
        if sample.form in ("json", "double_json"):
            try:
                json.loads(redactor.redact(sample.text).text)
            except ValueError:
                broken.append((sample.kind.name, sample.form))
    assert not broken
