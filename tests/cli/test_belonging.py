"""The command line finds a folder's client as the server does."""

import pytest

from claudetools.cli.belonging import _bare, _holds
from claudetools.domains.memory.capturing.bindings import contains, normalise_folder, normalise_remote

REMOTES = [
    "https://git.example.com/firm/tools.git",
    "https://user:pw@git.example.com:8443/Firm/Tools.git/",
    "ssh://git@git.example.com:2222/firm/tools",
    "git@git.example.com:firm/tools.git",
    "git.example.com:firm/tools",
    "git://git.example.com/firm/tools.git",
    "HTTPS://Git.Example.com/firm/tools",
]


@pytest.mark.parametrize("remote", REMOTES)
def test_a_remote_is_written_as_the_server_writes_it(remote: str) -> None:
    assert _bare(remote) == normalise_remote(remote)


@pytest.mark.parametrize("folder", ["/srv/acme", "/srv/acme/", "/", "C:\\Work\\Acme", "c:/work/acme"])
@pytest.mark.parametrize("path", ["/srv/acme", "/srv/acme/deep", "/srv/acmex", "/srv", "C:/Work/Acme/Mail", "C:/Work"])
def test_a_folder_holds_what_it_holds_for_the_server(folder: str, path: str) -> None:
    kept = normalise_folder(folder)
    assert _holds(kept, path) == contains(kept, normalise_folder(path))
