"""Sessions as they are: what somebody will want of each later is in one memory, short enough to be given."""

import json
from itertools import groupby

import pytest

from claudetools.domains.memory.capturing.capture import from_transcript
from claudetools.domains.memory.distilling.distil import Memory, distil, distil_session
from claudetools.domains.memory.recalling.packing import count_tokens
from tests.memory.msp_sessions import SESSIONS, WISHES


def memories_of(name: str) -> list[Memory]:
    drafts = from_transcript(SESSIONS[name].lines)
    groups = groupby(drafts, key=lambda draft: draft.prompt_id or draft.key)
    return [memory for _, group in groups for memory in distil(list(group))]


@pytest.mark.parametrize("name", SESSIONS)
def test_what_is_wanted_later_is_in_one_memory(name: str) -> None:
    found = memories_of(name)
    missing = [
        (kind, words)
        for kind, words in WISHES[name]
        if not any(memory.kind == kind and all(word in memory.text.lower() for word in words) for memory in found)
    ]
    assert not missing


def test_the_digest_of_a_long_session_is_a_fraction_of_its_transcript() -> None:
    raw = sum(count_tokens(json.dumps(line)) for name in SESSIONS for line in SESSIONS[name].lines)
    digest = distil_session(memory for name in SESSIONS for memory in memories_of(name))
    assert digest is not None
    assert count_tokens(digest.text) <= 0.05 * raw


@pytest.mark.parametrize("name", SESSIONS)
def test_a_digest_is_trusted_no_more_than_the_least_of_what_it_tells(name: str) -> None:
    found = memories_of(name)
    digest = distil_session(found)
    assert digest is not None
    told = {"decision", "change", "failure", "todo", "digest"}
    assert digest.trust == min(memory.trust for memory in found if memory.kind in told) == 1
