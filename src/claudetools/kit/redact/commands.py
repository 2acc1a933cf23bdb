"""Passwords in shell, PowerShell and SQL commands and in network device configurations."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from claudetools.kit.redact.decode import View
from claudetools.kit.redact.tokens import Hit
from claudetools.kit.redact.values import in_prose, placeholder, random_looking, read_value, strong


class _Lead(NamedTuple):
    """Text in front of a secret: starts with a literal (lower case), ends where the value begins."""

    kind: str
    anchor: str
    pattern: re.Pattern[str]
    minimum: int


def _lead(anchor: str, rest: str, kind: str = "password", minimum: int = 3) -> _Lead:
    return _Lead(kind, anchor, re.compile(re.escape(anchor) + rest, re.IGNORECASE), minimum)


_USER = r"[ =]?[\"']?[^\s:\"'%]{1,80}"
_LEADS: tuple[_Lead, ...] = (
    _lead("net user", r"[ \t]+(?:\"[^\"\n]{1,60}\"|[^\s/]\S{0,60})[ \t]+(?![/*])"),
    _lead("net use", r"[ \t]+(?:\S{1,3}:?[ \t]+)?\\{2,8}\S{3,200}[ \t]+(?![/*])"),
    _lead("net use", r"[ \t]+(?:\S{1,3}:?[ \t]+)?\\{2,8}\S{3,200}[ \t]+/user:\S{1,80}[ \t]+(?![/*])"),
    _lead("convertto-securestring", r"[ \t]+(?:-(?:string|asplaintext|force)[ \t]+)*(?!-)"),
    *(
        _lead(word, r"(?:\]::new)?[ \t]*\([ \t]*[\"'][^\"'\n]{0,80}[\"'][ \t]*,[ \t]*(?=[\"'])")
        for word in ("networkcredential", "pscredential")
    ),
    _lead("winrs", r"[^\n]{1,150}?[ \t][-/]p(?:assword)?:"),
    _lead("freerdp", r"[^\n]{1,150}?[ \t]/p:"),
    _lead("secret-set-value", r"[^\n]{1,80}?--base64[ \t]+"),
    _lead('"n":"', r'[^"\n]{1,40}"(?:,"t":"[^"\n]{1,40}")?,"p":(?=")'),
    *(_lead(word, r"[^\n<]{0,60}<<<[ \t]*") for word in ("sudo -s", "kinit", "--stdin", "chpasswd", "cryptsetup")),
    *(
        _lead(word, r"[ \t]+[\"']?(?=[A-Za-z0-9+/]{42,43}=)", "private-key")
        for word in ("private-key", "preshared-key", "privatekey")
    ),
    _lead("identified by", r"[ \t]+(?:password[ \t]+)?"),
    _lead("identified with", r"[ \t]+\S{1,40}[ \t]+(?:by|as)[ \t]+"),
    _lead("password(", r"(?=[\"'])"),
    _lead("pass:", r"(?=\S)"),
    _lead("requirepass", r"[ \t]+"),
    _lead("masterauth", r"[ \t]+"),
    _lead("dev wifi connect", r"[^\n]{1,80}?[ \t]password[ \t]+"),
    _lead("vault login", r"[ \t]+(?!-)", "token", 16),
    _lead("configure set", r"[ \t]+[\w.]{0,40}(?:secret|token|key)\w*[ \t]+", "secret", 16),
    _lead("snmp-server community", r"[ \t]+(?:(?:[078]|encrypted)[ \t]+)?", "snmp-community", 4),
    _lead(
        "snmp-server host",
        r"[ \t]+\S{1,80}[ \t]+(?:traps[ \t]+"
        r"|informs[ \t]+)?(?:vrf[ \t]+\S{1,40}[ \t]+)?(?:version[ \t]+(?:1|2c)[ \t]+|community[ \t]+)",
        "snmp-community",
        4,
    ),
    _lead("snmp community", r"[ \t]+", "snmp-community", 4),
    _lead("/snmp community", r"[^\n]{1,60}?\bname=", "snmp-community", 4),
    _lead("snmp-server user", r"[^\n]{1,80}?[ \t]auth[ \t]+(?:md5|sha\S{0,8})[ \t]+", "device-password"),
    _lead(" priv ", r"(?:aes|des|3des)(?:[ \t]+(?:128|192|256))?[ \t]+(?=\S{8})", "device-password"),
    _lead("radius-server secret", r"[ \t]+", "psk"),
    *(_lead(word, r"6?[ \t]+", "snmp-community", 4) for word in ("rocommunity", "rwcommunity", "trapcommunity")),
    _lead("enable secret", r"[ \t]+(?:(?:[0-9]|sha512|level[ \t]+\d{1,2})[ \t]+){0,2}", "device-password"),
    _lead("enable password", r"[ \t]+(?:(?:[0-9]|level[ \t]+\d{1,2})[ \t]+){0,2}", "device-password"),
    _lead(
        "pre-shared-key",
        r"[ \t]+(?:(?:address|hostname)[ \t]+\S{1,60}[ \t]+key[ \t]+)?(?:(?:ascii-text|hexadecimal|local"
        r"|remote|[0-8])[ \t]+)?",
        "psk",
    ),
    _lead("pre-shared-secret", r"[ \t]+", "psk"),
    _lead("isakmp key", r"[ \t]+(?:[06][ \t]+)?", "psk"),
    _lead("psksecret", r"[ \t]+(?:enc[ \t]+)?", "psk"),
    _lead("shared-secret", r"[ \t]+", "psk"),
    _lead(": psk", r"[ \t]+(?=[\"'0])", "psk"),
    *(
        _lead(word, r"[ \t]+enc[ \t]+", "device-password")
        for word in ("set password", "set passwd", "set auth-pwd", "set priv-pwd", "set key", "set secret")
    ),
    _lead("radius-server", r"[^\n]{0,80}?[ \t]key[ \t]+(?:[0-8][ \t]+)?", "psk"),
    _lead("tacacs-server", r"[^\n]{0,80}?[ \t]key[ \t]+(?:[0-8][ \t]+)?", "psk"),
    _lead("radius server", r"[^\n]{0,60}\n(?:[ \t]+(?!key)[^\n]{1,80}\n){0,4}[ \t]+key[ \t]+(?:[0-8][ \t]+)?", "psk"),
    _lead("tacacs server", r"[^\n]{0,60}\n(?:[ \t]+(?!key)[^\n]{1,80}\n){0,4}[ \t]+key[ \t]+(?:[0-8][ \t]+)?", "psk"),
    _lead("aaa-server", r"[^\n]{0,80}\n(?:[ \t]+(?!key)[^\n]{1,80}\n){0,4}[ \t]+key[ \t]+(?:[0-8][ \t]+)?", "psk"),
    _lead("key-string", r"[ \t]+(?:[0-9][ \t]+)?", "psk"),
    _lead("wpa-psk", r"[ \t]+(?:ascii|hex)[ \t]+(?:[0-8][ \t]+)?", "psk"),
    _lead("wpa_passphrase", r"[ \t]+(?:\"[^\"\n]{1,40}\"|[\w-]{1,40})[ \t]+", "psk"),
    _lead("authentication-key", r"[ \t]+\d{1,5}[ \t]+(?:md5|sha1|sha256)[ \t]+", "psk"),
    _lead("message-digest-key", r"[ \t]+\d{1,5}[ \t]+md5[ \t]+(?:[0-8][ \t]+)?", "psk"),
    _lead("ppp chap", r"[ \t]+(?:password|secret)[ \t]+(?:[0-8][ \t]+)?", "device-password"),
    _lead("encrypted-password", r"[ \t]+", "device-password"),
)
# Commands whose short flag takes a password after a space.
_SPACED = {
    "-p": "sshpass psexec crackmapexec nxc netexec evil-winrm docker podman helm az mongo mongosh racadm usermod"
    " mongodump twine ncftp rdesktop login wmiexec isql xfreerdp",
    "-P": "sqlcmd bcp osql ipmitool mosquitto_pub mosquitto_sub zip unzip racadm ipmiutil vmware-cmd",
    "-pw": "plink pscp psftp putty klink",
    "-a": "redis-cli",
    "-w": "ldapsearch ldapadd ldapmodify ldapdelete ldappasswd ldapwhoami ldapcompare iscsiadm",
    "-c": "snmpwalk snmpget snmpset snmpbulkwalk snmpgetnext snmptrap onesixtyone check_snmp snmpbulkget",
    "-C": "check_snmp",
    "-A": "snmpwalk snmpget snmpset snmpbulkwalk",
    "-X": "snmpwalk snmpget snmpset snmpbulkwalk",
    "-k": "openssl",
    "-K": "openssl",
    "/rp": "schtasks",
}
# Commands whose short flag takes it without one.
_GLUED = {
    "-p": "mysql mysqldump mysqladmin mysqlimport mysqlshow mysqlcheck mysqlbinlog mysqlsh mariadb"
    " mariadb-dump mariadb-admin sshpass 7z 7za rar",
    "-P": "sqlcmd ipmitool bcp",
    "-hp": "rar",
    "-a": "redis-cli",
    "-w": "ldapsearch ldapmodify",
}
# Flags that take a user name and a password in one word, or one after the other.
_PAIRED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(rf"(?:-u|--user|--proxy-user|-U){_USER}:(?=\S)"), "curl wget lftp http https"),
    (re.compile(rf"(?:-a|--auth){_USER}:(?=\S)"), "http https xh"),
    (
        re.compile(rf"(?:-U|--user){_USER}%(?=\S)"),
        "smbclient rpcclient pth-winexe winexe net wmic smbmap smbget smbcacls pth-smbclient",
    ),
    (re.compile(r"-[a-zA-Z]{0,4}b[a-zA-Z]{0,4}[ \t]+\S{1,200}[ \t]+[\w.@-]{1,60}[ \t]+(?=\S)"), "htpasswd"),
)
_FLAG = re.compile(r"(?<=[ \t])(?:-pw(?=[ \t])|-hp|/rp|-[pPawcCAXkKbUu]|--(?:user|auth|proxy-user)\b|-[a-z]{1,3}b\b)")
_NAMES = sorted(
    {n for names in (*_SPACED.values(), *_GLUED.values(), *(names for _, names in _PAIRED)) for n in names.split()},
    key=len,
)
_COMMAND = re.compile(
    rf"(?<![\w.-])(?P<name>{'|'.join(map(re.escape, reversed(_NAMES)))})(?:64)?(?:\.exe|\.py)?(?=[\"']?[ \t])"
)
_REACH = 300
_ECHO = re.compile(r"\b(?:echo|printf)[ \t]+(?:-n[ \t]+|-e[ \t]+)?(?:'%s\\*n?'[ \t]+)?(?=\S)")
_PIPE = re.compile(
    r"[^\n|]{1,300}\|[ \t]*(?:sudo[ \t]+(?:-\w+[ \t]+)?)?(?:chpasswd|passwd\b|sudo[ \t]+-\w*S|docker login"
    r"|podman login|cryptsetup|gpg\b|smbpasswd|kinit|su\b|openssl|vault|runas)"
)
_PIPED_SECURE = re.compile(r"(?i)[\"'][ \t]*\|[ \t]*convertto-securestring")


def find_commands(view: View) -> Iterator[Hit]:
    """Yield passwords that stand where a command or a device configuration line takes one."""
    text, lower = view.text, view.lower
    for lead in _LEADS:
        at = lower.find(lead.anchor)
        while at >= 0:
            match = lead.pattern.match(text, at)
            hit = _value(text, match.end(), lead.kind, lead.minimum) if match else None
            if hit:
                yield hit
            at = lower.find(lead.anchor, hit.end if hit else at + len(lead.anchor))
    yield from _flags(view)
    yield from _piped(text, lower)


def _value(text: str, at: int, kind: str, minimum: int) -> Hit | None:
    found = read_value(text, at)
    if found is None:
        return None
    (start, end), quoted = found
    value = text[start:end]
    if placeholder(value, quoted) or len(value) < minimum:
        return None
    if (
        kind in ("psk", "device-password", "snmp-community")
        and not quoted
        and not (strong(value) or (value.isdigit() and len(value) > 3))
    ):
        # A bare word in such a place is a community or key only when the line goes on as a configuration does.
        following = text[end : end + 4].split("\n", maxsplit=1)[0].strip()
        if following and not following.startswith(("RO", "RW", "ro", "rw", "add", "vie")):
            return None
    return Hit(kind, start, end)


def _flags(view: View) -> Iterator[Hit]:
    """Yield passwords behind short flags of the last known command in front of them on the line."""
    text = view.text
    flags = [m.span() for m in _FLAG.finditer(text)]
    commands = [(m.end(), m["name"]) for m in _COMMAND.finditer(view.lower)] if flags else []
    nearest = 0
    for start, end in flags if commands else ():
        while nearest + 1 < len(commands) and commands[nearest + 1][0] <= start:
            nearest += 1
        reach, command = commands[nearest]
        if reach > start or start - reach > _REACH or text.find("\n", reach, start) >= 0:
            continue
        hit = _flag_value(text, start, end, command)
        if hit:
            yield hit


def _flag_value(text: str, start: int, end: int, command: str) -> Hit | None:
    for lead, names in _PAIRED:
        if command in names.split() and (match := lead.match(text, start)):
            return _value(text, match.end(), "password", 3)
    flag = text[start:end]
    if text[end : end + 1] not in (" ", "\t", "="):
        return _value(text, end, "password", 3) if command in _GLUED.get(flag, "").split() else None
    if command not in _SPACED.get(flag, "").split() or text[end + 1 : end + 2] in ("-", " "):
        return None
    hit = _value(text, end + 1, "password", 3)
    if hit is None:
        return None
    value = text[hit.start : hit.end]
    port = value.isdigit() and len(value) <= 5
    return None if port or (":" in value and not strong(value)) else hit


def _piped(text: str, lower: str) -> Iterator[Hit]:
    if "|" not in text:
        return
    for echo in _ECHO.finditer(text):
        pipe = _PIPE.match(text, echo.end())
        found = read_value(text, echo.end()) if pipe else None
        if found is None:
            continue
        (start, end), quoted = found
        colon = text.find(":", start, end)
        if pipe and "chpasswd" in pipe[0] and colon >= 0:
            start = colon + 1
        if end > start and not placeholder(text[start:end], quoted):
            yield Hit("password", start, end)
    if "convertto-securestring" in lower:
        for match in _PIPED_SECURE.finditer(text):
            quote = text[match.start()]
            start = text.rfind(quote, max(0, match.start() - 200), match.start()) + 1
            value = text[start : match.start()]
            if (
                start
                and "\n" not in value
                and not placeholder(value, quoted=True)
                and (in_prose(value) or random_looking(value, 4))
            ):
                yield Hit("password", start, match.start())
