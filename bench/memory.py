"""Memory over HTTP: what it saves on Claude Code's transcripts, and how fast it is with how many memories.

Without --transcripts the project's own sessions are used. A folder given there holds transcripts as the client writes
them (`*.jsonl`) and a `questions.json`: see bench/README.md. Latencies are the least of the rounds, and their median.
"""

import argparse
import os
import platform
import tempfile
from pathlib import Path

from bench import memory_saving, memory_speed
from bench.product import serving


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench memory", description=__doc__)
    parser.add_argument("--only", choices=["saving", "speed"])
    parser.add_argument("--transcripts", type=Path, help="a folder of transcripts in place of the project's own")
    parser.add_argument("--write", type=Path, help="keep the project's own transcripts in this folder")
    parser.add_argument("--items", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=100, help="recalls, and prompts, in a round")
    parser.add_argument("--turns", type=int, default=2_000, help="turns to take in")
    parser.add_argument("--database", default="sqlite", help="sqlite, mariadb (a private server) or an empty one's URL")
    given = parser.parse_args(arguments)
    machine = f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{machine}, database {given.database.split(':')[0]}\n")
    if given.only != "speed":
        with tempfile.TemporaryDirectory() as temporary, serving(given.database) as product:
            folder = given.transcripts or given.write or Path(temporary)
            folder.mkdir(exist_ok=True)
            told = memory_saving.of_folder(folder) if given.transcripts else memory_saving.own(folder)
            print(f"{memory_saving.report(product, folder, told)}\n")
    if given.only != "saving":
        print(memory_speed.report(given.database, given.items, given.rounds, given.requests, given.turns))
