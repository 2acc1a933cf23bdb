"""Where the server's address and the token come from, and what they may look like."""

import stat
from pathlib import Path

import pytest

from claudetools.claude.connection import (
    DEFAULT_ENDPOINT,
    Connection,
    ConnectionInvalidError,
    connection_file,
    find_connection,
    store_connection,
)

PLUGIN = {"CLAUDE_PLUGIN_OPTION_ENDPOINT": "http://plugin:1", "CLAUDE_PLUGIN_OPTION_TOKEN": "of-the-plugin"}
OWN = {"CLAUDETOOLS_ENDPOINT": "http://own:2", "CLAUDETOOLS_TOKEN": "of-the-user"}


@pytest.fixture
def stored(tmp_path: Path) -> dict[str, str]:
    """An environment with a connection file."""
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    store_connection(Connection("http://file:3", "of-the-file"), environment)
    return environment


def test_the_plugin_comes_before_the_environment_and_that_before_the_file(stored: dict[str, str]) -> None:
    assert find_connection({**stored, **OWN, **PLUGIN}) == Connection("http://plugin:1", "of-the-plugin")
    assert find_connection({**stored, **OWN}) == Connection("http://own:2", "of-the-user")
    assert find_connection(stored) == Connection("http://file:3", "of-the-file")


def test_a_token_is_never_paired_with_the_address_of_another_source(stored: dict[str, str]) -> None:
    without_token = {"CLAUDE_PLUGIN_OPTION_ENDPOINT": "http://plugin:1", "CLAUDE_PLUGIN_OPTION_TOKEN": ""}
    assert find_connection({**stored, **without_token}) == Connection("http://file:3", "of-the-file")


def test_an_option_left_at_its_default_is_not_handed_to_hooks(tmp_path: Path) -> None:
    environment = {"XDG_CONFIG_HOME": str(tmp_path), "CLAUDE_PLUGIN_OPTION_TOKEN": "of-the-plugin"}
    assert find_connection(environment) == Connection(DEFAULT_ENDPOINT, "of-the-plugin")


def test_no_connection(tmp_path: Path) -> None:
    assert find_connection({"XDG_CONFIG_HOME": str(tmp_path)}) is None


def test_only_the_owner_can_read_the_connection_file(tmp_path: Path) -> None:
    path = store_connection(Connection("https://memory.example.com", "secret"), {"XDG_CONFIG_HOME": str(tmp_path)})
    assert path == tmp_path / "claudetools" / "connection.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["connection.json"]


@pytest.mark.parametrize("content", ["", "[]", '{"token": 5}', "[" * 100_000])
def test_a_damaged_connection_file_counts_as_none(tmp_path: Path, content: str) -> None:
    path = connection_file({"XDG_CONFIG_HOME": str(tmp_path)})
    path.parent.mkdir()
    path.write_text(content)
    assert find_connection({"XDG_CONFIG_HOME": str(tmp_path)}) is None


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "memory.example.com",
        "ftp://memory",
        "file:///etc",
        "https://",
        "http://me:pw@host",
        "http://h:x",
        "http://a b",
    ],
)
def test_addresses_that_cannot_be_used(endpoint: str) -> None:
    with pytest.raises(ConnectionInvalidError):
        Connection(endpoint, "token")


@pytest.mark.parametrize("token", ["", " ", "two\nlines", "café", "tab\there"])
def test_tokens_that_cannot_be_used(token: str) -> None:
    with pytest.raises(ConnectionInvalidError):
        Connection("http://host", token)


def test_the_address_is_kept_without_a_slash_at_its_end_and_the_token_out_of_sight() -> None:
    connection = Connection(" https://host/tools/ ", " secret\n")
    assert connection.endpoint == "https://host/tools"
    assert connection.token == "secret"
    assert "secret" not in repr(connection)


def test_a_token_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConnectionInvalidError):
        find_connection({}, token_file=tmp_path / "none")
