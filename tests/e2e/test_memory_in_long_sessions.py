"""A session of many prompts: what it was given is not repeated, until a compaction has made the model forget it."""

import pytest

from tests.e2e.firm import Firm, Technician
from tests.e2e.model_stub import ModelRequest, ModelStub, Reply, Text

NOTE = "The backup of the file server fs-02 runs at 23:15 to the NAS nas-04."
TO_DO = "Order two disks for nas-04 before the end of the quarter."
QUESTION = "When does the backup of the file server fs-02 run?"
AGAIN = "And when does the backup of fs-02 to nas-04 run again?"
SUMMARY = "The person asked for a time and got it."
NEAR_THE_LIMIT = 990_000


@pytest.fixture
def mona(firm: Firm) -> Technician:
    client = firm.add_client(f"Client of {firm.folder.name}")
    mona = firm.add_technician("Mona", client)
    for text, kind in ((NOTE, "fact"), (TO_DO, "todo")):
        mona.call("POST", "/memory/remember", {"text": text, "kind": kind, "client_id": client})
    return mona


def answer(request: ModelRequest) -> Reply:
    return [Text(f"<summary>{SUMMARY}</summary>" if request.is_compaction else f"Answer {request.index}.")]


def test_after_a_compaction_the_model_is_told_again_once(mona: Technician) -> None:
    with ModelStub(answer) as model:
        with mona.session(model) as session:
            session.send(QUESTION)
            model.reported_input_tokens = NEAR_THE_LIMIT
            session.send("Good.")
            model.reported_input_tokens = 1_000
            session.send("Continue with the next point.")
            session.send(AGAIN)
        mona.wait_until_received(session.session_id)
        first, _, forgetful, last = model.conversation()
        assert [request.is_compaction for request in model.requests].count(True) == 1
    assert NOTE in str(first.hook_contexts())
    assert not forgetful.hook_contexts()
    (told_again,) = forgetful.hook_contexts("SessionStart")
    assert TO_DO in told_again
    given = mona.machine.injected(session.session_id)
    since = given[given.index(next(text for text in given if told_again in text)) :]
    assert "\n".join(since).count(NOTE) == 1
    assert "\n".join(since).count(TO_DO) == 1
    assert ("summary", SUMMARY) in mona.turns(session.session_id)
    assert last.hook_contexts("SessionStart")


def test_a_session_is_not_given_what_it_said_itself(mona: Technician) -> None:
    said = "The cabinet key of fs-02 hangs in the porter's lodge."
    with ModelStub(lambda request: [Text(said)]) as model, mona.session(model) as session:
        session.send("Where does the cabinet key of fs-02 hang?")
        mona.work(["Good evening."], model)
        mona.wait_until_received(session.session_id)
        session.send("Where did you say hangs the cabinet key of fs-02?")
    assert said not in "".join(mona.machine.injected(session.session_id))
