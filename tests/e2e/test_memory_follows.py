"""The main job, with the real client: what happened on one machine is in the model's request on another."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.databases import KINDS, Kind
from tests.e2e.firm import Firm
from tests.e2e.model_stub import Text
from tests.e2e.server import MemoryServer
from tests.e2e.story import (
    DECISION,
    FAILS,
    LEARNED_MEANWHILE,
    NOTE_OF_ACME,
    ONLY_ANNA_SAID,
    QUESTION,
    RELATED,
    TO_DO,
    UNRELATED,
    WORKS,
    Story,
    asks_at_acme,
    tell,
    told_session,
)

FIRST_TOKENS, LATER_TOKENS, MOST_CHARACTERS = 800, 400, 8_000
CHARACTERS_A_TOKEN = 2.6
MARK = "claudetools-memory"


@pytest.mark.parametrize("kind", KINDS)
def test_what_happened_on_one_machine_follows_to_another(
    kind: Kind,
    claude_code: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    subtests: pytest.Subtests,
) -> None:
    with ExitStack() as own:
        if kind == "sqlite":
            server: MemoryServer = request.getfixturevalue("server")
        else:
            url = request.getfixturevalue("mariadb").create_database("memory_follows")
            server = own.enter_context(MemoryServer(tmp_path / "server", url))
        story = tell(Firm(server, claude_code, tmp_path))
        # One test, since the story takes its time; each check reports for itself.
        for check in CHECKS if kind == "sqlite" else CHECKS_OF_EACH_KIND:
            with subtests.test(check.__name__):
                check(story)


def tokens(text: str) -> float:
    return len(text) / CHARACTERS_A_TOKEN


def item_ids(text: str) -> set[str]:
    return set(re.findall(r"^- .*?\[([0-9a-f]{8})\]", text, re.MULTILINE))


def the_first_request_elsewhere_has_what_happened(story: Story) -> None:
    first = story.bob.requests[0]
    (given,) = first.hook_contexts()
    exact = story.bob.injected[0]
    assert exact in given
    assert QUESTION in "".join(first.texts)
    for fact in (FAILS, WORKS, DECISION, TO_DO):
        assert fact in exact
    assert any(f"{day} Anna@pc-anna" in exact for day in story.days)
    assert len(exact) <= MOST_CHARACTERS
    assert tokens(exact) <= FIRST_TOKENS


def what_failed_stands_beside_what_worked(story: Story) -> None:
    lines = story.bob.injected[0].splitlines()
    assert any(FAILS in line and "worked" in line and WORKS in line for line in lines)


def a_prompt_about_something_else_is_given_nothing(story: Story) -> None:
    second = next(request for request in story.bob.requests if UNRELATED in request.texts[-1])
    assert len(second.hook_contexts()) == 1


def a_later_prompt_is_given_only_what_is_new(story: Story) -> None:
    first, later = story.bob.injected
    assert LEARNED_MEANWHILE in later
    assert not item_ids(first) & item_ids(later)
    for said in (FAILS, WORKS, DECISION, TO_DO):
        assert said not in later
    assert tokens(later) <= LATER_TOKENS


def the_model_recalls_for_the_client_of_its_session(story: Story) -> None:
    (recalled,) = story.bob.requests[-1].tool_results()
    assert WORKS in str(recalled["content"])
    assert "Anna@pc-anna" in str(recalled["content"])


def what_was_given_is_not_stored_again(story: Story) -> None:
    for table, columns in (
        ("transcript_turns", ("text", "tool")),
        ("memory_items", ("title", "text")),
        ("conversation_contexts", ("title", "dense_summary")),
    ):
        for column in columns:
            assert story.firm.server.rows(f"SELECT id FROM {table} WHERE {column} LIKE :mark", mark=f"%{MARK}%") == []
    of_bob = story.bob.technician.turns(story.bob.session_id)
    assert [text for kind, text in of_bob if kind == "prompt"] == [QUESTION, UNRELATED, RELATED, "Ask memory yourself."]
    items = story.firm.server.rows(
        "SELECT item.title, item.text FROM memory_items item JOIN api_users person ON person.id = item.user_id"
        " WHERE person.display_name = 'Bob'"
    )
    assert items
    for fact in ONLY_ANNA_SAID:
        assert fact not in str(of_bob)
        assert fact not in str(items)


def planted_secrets_are_nowhere_but_what_stood_around_them_is(story: Story) -> None:
    said = "\n".join(text for _, text in story.anna.technician.turns(story.anna.session_id))
    for around in ("Log in as admin with ", "as always.", "dw-hq up rx", "seen by monitor"):
        assert around in said
    assert said.count("# certificate of dw-hq") == said.count("# issued by the carrier") == 2
    dump = "\n".join(
        str(row)
        for (table,) in story.firm.server.rows(story.firm.server.tables)
        for row in story.firm.server.rows(f"SELECT * FROM {table}")
    )
    assert "dw-hq up rx" in dump
    files = story.firm.server.everything_written()
    assert b"/mcp" in files
    assert story.firm.server.database_url or b"dw-hq up rx" in files
    for secret in story.planted.all:
        assert secret not in dump
        assert secret.encode() not in files


def a_session_about_something_else_is_given_nothing(story: Story) -> None:
    told = told_session(story.bob.technician, ["Name three birds of the sea."], [Text("Gull, tern, puffin.")])
    assert told.requests
    assert not told.requests[0].hook_contexts()
    assert not told.injected


def sessions_of_another_client_see_its_own_memory_only(story: Story) -> None:
    firm, acme = story.firm, story.firm.add_client("Acme")
    carl, dora = firm.add_technician("Carl", acme), firm.add_technician("Dora", acme, story.dataworks)
    carl.call("POST", "/memory/remember", {"text": NOTE_OF_ACME, "kind": "fact", "client_id": acme})
    # Carl works for Acme alone, Dora for both clients, but in a folder of Acme.
    for told in map(asks_at_acme, (carl, dora)):
        (injected,) = told.injected
        assert "Carl@pc-carl" in injected
        assert "Anna" not in told.everything_the_model_saw()
        for fact in (FAILS, *ONLY_ANNA_SAID):
            assert fact not in told.everything_the_model_saw()
        of_session, of_dataworks = told.requests[-1].tool_results()
        assert NOTE_OF_ACME in str(of_session["content"]).replace("\\'", "'")
        assert of_dataworks["is_error"]


CHECKS_OF_EACH_KIND: tuple[Callable[[Story], None], ...] = (
    the_first_request_elsewhere_has_what_happened,
    what_failed_stands_beside_what_worked,
    a_prompt_about_something_else_is_given_nothing,
    a_later_prompt_is_given_only_what_is_new,
    the_model_recalls_for_the_client_of_its_session,
    what_was_given_is_not_stored_again,
    planted_secrets_are_nowhere_but_what_stood_around_them_is,
)
CHECKS = (
    *CHECKS_OF_EACH_KIND,
    a_session_about_something_else_is_given_nothing,
    sessions_of_another_client_see_its_own_memory_only,
)
