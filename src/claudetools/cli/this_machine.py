"""This machine as the server knows it."""

import getpass
import hashlib
import platform
import shutil
import socket
import sys
import uuid
from pathlib import Path
from typing import Any

_ID_FILES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


def account_fingerprint() -> str:
    """Return what tells this account of this machine from all others; it says nothing about either."""
    return hashlib.sha256(f"{_machine_id()}\n{getpass.getuser()}".encode()).hexdigest()


def fingerprint(user_id: str) -> str:
    """Return what this machine is known by: it stays the same for one person in one account of the machine.

    The server derives the same for a machine that is approved in a browser.
    """
    return hashlib.sha256(f"{account_fingerprint()}\n{user_id}".encode()).hexdigest()


def facts(client_version: str | None) -> dict[str, Any]:
    """Return what the server keeps about this machine."""
    has_powershell = any(shutil.which(name) for name in ("pwsh", "powershell"))
    return {
        "hostname": socket.gethostname()[:200] or "unknown",
        "platform": platform.system().lower()[:64] or sys.platform,
        "os_version": platform.platform()[:200],
        "username": getpass.getuser()[:200],
        "home_directory": str(Path.home())[:500],
        "has_docker": shutil.which("docker") is not None,
        "has_git": shutil.which("git") is not None,
        "has_ssh": shutil.which("ssh") is not None,
        "has_powershell": has_powershell,
        "client_version": client_version,
    }


def _machine_id() -> str:
    for path in _ID_FILES:
        try:
            text = path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if text and text != "uninitialized":
            return text
    return _platform_id()


if sys.platform == "win32":
    import winreg

    def _platform_id() -> str:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Microsoft\Cryptography") as key:
            return str(winreg.QueryValueEx(key, "MachineGuid")[0])

else:

    def _platform_id() -> str:
        return f"{uuid.getnode():012x}"
