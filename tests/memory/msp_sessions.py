"""Sessions of a technician at several clients, and what somebody will want of each of them later.

Each is a script (see `scripted`) that ends with wishes: `? kind: words`, the words that one memory of a kind must hold.
"""

from pathlib import Path

from tests.memory.scripted import Script, parts_of

Wish = tuple[str, list[str]]

_SCRIPTS = {
    path.stem.replace("_", " "): path.read_text() for path in sorted(Path(__file__).with_name("sessions").glob("*.txt"))
}


def _wishes(script: str) -> list[Wish]:
    lines = (text for mark, text in parts_of(script) if mark == "?")
    found = (line.split(": ", 1) for text in lines for line in text.splitlines())
    return [(kind, words.lower().split()) for kind, words in found]


SESSIONS = {name: Script(name, script) for name, script in _SCRIPTS.items()}
WISHES = {name: _wishes(script) for name, script in _SCRIPTS.items()}
