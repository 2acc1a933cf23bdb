"""`python -m bench NAME [ARGUMENTS]`: runs one benchmark, or all of them with their defaults."""

import sys

from bench import api, audit, auth, backup, index, memory, prompt, recall

BENCHMARKS = {
    "prompt": prompt.main,
    "api": api.main,
    "audit": audit.main,
    "auth": auth.main,
    "backup": backup.main,
    "recall": recall.main,
    "memory": memory.main,
    "index": index.main,
}


def main(arguments: list[str]) -> None:
    if not arguments:
        for run in BENCHMARKS.values():
            run([])
    elif arguments[0] in BENCHMARKS:
        BENCHMARKS[arguments[0]](arguments[1:])
    else:
        sys.exit(f"no such benchmark; known: {', '.join(BENCHMARKS)}")


if __name__ == "__main__":
    main(sys.argv[1:])
