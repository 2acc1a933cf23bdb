"""What counts as a term: words by their stem, identifiers whole and in parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claudetools.kit.search.text import MAX_TERM_CHARS, content_terms, terms


@pytest.mark.parametrize(
    ("query", "document"),
    [
        ("backups failing", "The backup failed"),
        ("vlan 40", "tagged as VLAN40"),
        ("VLAN40", "guests are in vlan 40"),
        ("10.0.0.5", "the NAS has 10.0.0.5 now"),
        ("10.0.0.5", "route to 10.0.0.5/24"),
        ("0x80070005", "failed with 0x80070005."),
        ("set-mailbox", "ran Set-Mailbox invoices"),
        ("mailbox", "ran Set-Mailbox invoices"),
        ("fs01", "\\\\fs01.corp.local\\Sage$"),
        ("hosts file", "C:\\Windows\\System32\\drivers\\etc\\hosts"),
        ("MailboxDatabase", "the mailbox database is full"),
        ("admin@contoso.com", "signed in as Admin@Contoso.com"),
        ("Caroline", "Caroline's laptop"),
        ("m\u00fcller", "M\u00dcLLER called"),
    ],
)
def test_a_query_shares_a_term_with_what_it_should_find(query: str, document: str) -> None:
    assert set(terms(query)) & set(terms(document))


@pytest.mark.parametrize(
    ("query", "document"),
    [
        ("10.0.0.5", "10.0.0.6"),
        ("0x80070005", "0x80070006"),
        ("event 4625", "occurrence 4624"),
        ("2023-05-08", "2024-08-05"),
        ("the and of", "what is the of and"),
    ],
)
def test_different_identifiers_share_nothing(query: str, document: str) -> None:
    assert not set(terms(query)) & set(terms(document))


def test_an_identifier_is_a_term_of_its_own() -> None:
    assert {"set-mailbox", "set", "mailbox"} <= set(terms("Set-Mailbox"))
    assert "10.0.0.5" in terms("ping 10.0.0.5, then wait")
    assert {"0", "5", "10"}.isdisjoint(terms("ping 10.0.0.5"))


def test_repetition_and_order_are_kept() -> None:
    assert terms("switch router switch") == ["switch", "router", "switch"]


def test_contractions_leave_no_scraps() -> None:
    assert terms("it's what they didn't say") == ["say"]
    assert terms("the server\u2019s disk") == ["server", "disk"]


def test_small_talk_has_no_content() -> None:
    assert content_terms("ok sounds good, go ahead") == []
    assert content_terms("hi, thanks!") == []
    assert content_terms("do all 3 of 12") == []
    assert content_terms("exit code 137") == ["exit", "code", "137"]
    assert content_terms("good morning, the firewall is down") == ["firewal", "down"]


def test_blobs_are_not_indexed() -> None:
    assert terms("A" * 5000) == []
    assert terms("key " + "ab12" * 500 + " end") == ["key", "end"]


@given(st.text(max_size=400))
def test_any_text_gives_bounded_terms(text: str) -> None:
    found = terms(text)
    assert all(0 < len(term) <= 4 * MAX_TERM_CHARS for term in found)
    assert found == terms(text)
