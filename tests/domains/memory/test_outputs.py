"""Of what commands print, the few lines that somebody will ask for are kept."""

import pytest

from claudetools.domains.memory.distilling.outputs import MOST_LINES, telling_lines


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("Manufacturer : HPE\nSerialNumber : CZJ8130K2L", ["SerialNumber : CZJ8130K2L"]),
        (
            "Thumbprint                      Subject\n\nThumbprint 9F2A66C01B7D44E2 CN=mail",
            ["Thumbprint 9F2A66C01B7D44E2 CN=mail"],
        ),
        ("checking\nsqlservr[881]: Error: 18456, State: 8\nok", ["sqlservr[881]: Error: 18456, State: 8"]),
        ("queue id 4XkQ2p3Zz1 deferred: connection timed out", ["queue id 4XkQ2p3Zz1 deferred: connection timed out"]),
        ("Version:   7.4.2\nbuild 4571", ["Version: 7.4.2", "build 4571"]),
        ("hello world\ndone", []),
        ("total 40\ndrwxr-xr-x 2 root root 4096 bin\n-rw-r--r-- 1 root root 220 .bashrc", []),
        ("", []),
    ],
)
def test_values_with_a_name_and_states_are_told(output: str, told: list[str]) -> None:
    assert telling_lines(output) == told


def test_of_a_listing_only_what_is_wrong_is_told() -> None:
    rows = [f"backup-{number:02} 192.168.4.{number} finished" for number in range(60)]
    assert telling_lines("\n".join(rows)) == []
    rows[41] = "backup-41 192.168.4.41 FAILED: disk full"
    assert telling_lines("\n".join(rows)) == [rows[41]]


def test_there_are_never_many_and_they_keep_their_order() -> None:
    words = [f"{chr(97 + n // 26)}{chr(97 + n % 26)}x" for n in range(50)]
    lines = [f"status degraded, error 0x8007{n:04} on volume {word} of {word}" for n, word in enumerate(words)]
    told = telling_lines("\n".join(lines))
    assert len(told) == MOST_LINES
    assert told == sorted(told, key=lines.index)


def test_lines_of_any_length_take_no_longer_than_their_length() -> None:
    assert telling_lines("a1" * 500_000) == []
    assert telling_lines("\n".join(["serial " * 20_000, "status: " * 20_000])) == []
