"""A server process that tests share, and the users of its machine."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.running import LOGIN, OWNER, PASSWORD, Account, RunningServer

NewServer = Callable[[Path], RunningServer]


@pytest.fixture
def new_server() -> Iterator[NewServer]:
    """Function from a folder to a server that is not started yet; it is stopped after the test."""
    made: list[RunningServer] = []

    def make(root: Path) -> RunningServer:
        made.append(RunningServer(Account(root / "operator"), root / "server" / "data"))
        return made[-1]

    yield make
    for server in made:
        if server.process is not None and server.process.poll() is None:
            server.stop()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that the tests of this process share. Its owner has the password `PASSWORD`."""
    root = tmp_path_factory.mktemp("shared")
    running = RunningServer(Account(root / "operator"), root / "server" / "data")
    running.start(CLAUDETOOLS_OWNER_EMAIL=OWNER, CLAUDETOOLS_OWNER_PASSWORD=PASSWORD)
    yield running
    running.stop()


@pytest.fixture
def account(tmp_path: Path) -> Account:
    """A user of this machine who is not connected to anything and cannot see the server's data."""
    return Account(tmp_path / "account")


@pytest.fixture
def local(account: Account, server: RunningServer) -> Account:
    """A user who can read the data folder of the shared server."""
    account.variables["CLAUDETOOLS_HOME"] = str(server.data)
    return account


@pytest.fixture
def owner(account: Account) -> Account:
    """A user with the password of the shared server's owner in the environment."""
    account.variables |= LOGIN
    return account


@pytest.fixture(scope="session")
def connection(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The connection file of this machine with the shared server, for those who do not end its token."""
    account = Account(tmp_path_factory.mktemp("connection"), dict(LOGIN))
    account.must("connect", server.endpoint)
    return account.connection_file.read_text()


@pytest.fixture
def connected(account: Account, connection: str) -> Account:
    """A user who is connected to the shared server, without a client program and with nothing to sign in with."""
    account.connection_file.parent.mkdir(parents=True)
    account.connection_file.write_text(connection)
    account.connection_file.chmod(0o600)
    return account


@pytest.fixture
def machine_folder(tmp_path: Path) -> Path:
    """A folder that no other test binds."""
    folder = tmp_path / "customer"
    folder.mkdir()
    return folder
