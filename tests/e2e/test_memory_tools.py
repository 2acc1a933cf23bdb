"""The model's own tools in the real client: what it remembers and corrects is what others are given."""

import re
from collections.abc import Callable

import pytest

from tests.e2e.firm import OWN_TOOL, Firm
from tests.e2e.model_stub import Block, ModelRequest, ModelStub, Reply, Text, ToolUse

WRONG = "The spare firewall fw-spare-01 stands in rack 7 of the data room."
RIGHT = "The spare firewall fw-spare-01 stands in rack 12 of the data room."
QUESTION = "In which rack does the spare firewall fw-spare-01 stand?"
AGAIN = "Tell me the rack of fw-spare-01 once more."


class CorrectingModel:
    """Remembers on the first prompt; on the second recalls, corrects what it finds, and recalls once more."""

    def __call__(self, request: ModelRequest) -> Reply:
        results = [str(result["content"]) for result in request.tool_results()]
        if "It was moved." not in request.texts:
            return [Text("Noted.")] if results else [own("remember", text=WRONG, kind="fact")]
        steps: list[Callable[[], Block]] = [
            lambda: ToolUse("ToolSearch", {"query": f"select:{OWN_TOOL}recall,{OWN_TOOL}correct", "max_results": 5}),
            lambda: own("recall", query=QUESTION),
            lambda: own("correct", id=id_of(WRONG, results[-1]), text=RIGHT),
            lambda: own("recall", query=QUESTION),
            lambda: Text("Corrected."),
        ]
        return [steps[len(results) - 1]()]


def own(tool: str, **arguments: str) -> ToolUse:
    return ToolUse(OWN_TOOL + tool, arguments)


def id_of(text: str, recalled: str) -> str:
    """The id under which a recall shows a note."""
    short = re.search(rf"\[(\w{{8}})\][^\[]*{re.escape(text)}", recalled)
    assert short, recalled
    return short[1]


@pytest.fixture
def client(firm: Firm) -> str:
    return firm.add_client(f"Client of {firm.folder.name}")


def test_a_correction_replaces_what_the_model_remembered(firm: Firm, client: str) -> None:
    jane, kim = firm.add_technician("Jane", client), firm.add_technician("Kim", client)
    with ModelStub(CorrectingModel()) as model, ModelStub() as other_model:
        with jane.session(model) as session, kim.session(other_model) as elsewhere:
            session.send("Note where the spare firewall is.")
            elsewhere.send(QUESTION)
            session.send("It was moved.")
            elsewhere.send(AGAIN)
        remembered, _, recalled, corrected, recalled_again = model.requests[-1].tool_results()
        new_session = kim.work([QUESTION], other_model)
    assert "Remembered" in str(remembered["content"])
    assert WRONG in str(recalled["content"])
    assert "is superseded by" in str(corrected["content"])
    assert RIGHT in str(recalled_again["content"])
    assert WRONG not in str(recalled_again["content"])
    before, after = kim.machine.injected(elsewhere.session_id)
    assert WRONG in before
    assert RIGHT in after
    assert WRONG not in after
    (afterwards,) = kim.machine.injected(new_session)
    assert RIGHT in afterwards
    assert WRONG not in afterwards


def test_a_note_belongs_to_the_client_of_the_session_that_made_it(firm: Firm, client: str) -> None:
    other = firm.add_client(f"Other client of {firm.folder.name}")
    liam = firm.add_technician("Liam", other, client)
    elsewhere = liam.machine.home / "elsewhere"
    elsewhere.mkdir()
    liam.bind(elsewhere, client)

    def remember_once(request: ModelRequest) -> Reply:
        return [Text("Done.")] if request.tool_results() else [own("remember", text=RIGHT, session="somebody-elses")]

    with ModelStub(remember_once) as model:
        key = liam.work(["Note where the spare firewall is."], model, elsewhere)
    stored = liam.call("POST", "/memory/recall", {"query": QUESTION, "client_id": client})
    assert [item["text"] for item in stored["items"] if item["kind"] == "fact"] == [RIGHT]
    in_other = liam.call("POST", "/memory/recall", {"query": QUESTION, "client_id": other})
    assert in_other["items"] == []
    assert [kind for kind, _ in liam.turns(key)] == ["prompt", "answer"]
