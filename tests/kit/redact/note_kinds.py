"""Secrets in device configurations and in sentences."""

import string

from tests.kit.redact.secret_kinds import ALNUM, Kind, b64, chars, numeric, password, word_secret

DEVICE: tuple[Kind, ...] = (
    Kind(
        "cisco-secret",
        "device",
        lambda r: f"$1${chars(r, ALNUM, 4)}${chars(r, ALNUM, 22)}",
        ("enable secret 5 {s}", "username netadmin privilege 15 secret 5 {s}"),
        ("enable secret {s}", "username backup secret 9 {s}"),
    ),
    Kind(
        "cisco-password",
        "device",
        lambda r: chars(r, "0123456789ABCDEF", 18),
        ("username admin password 7 {s}", "line vty 0 4\n password 7 {s}"),
        ("enable password 7 {s}", "neighbor 10.0.0.1 password 7 {s}"),
    ),
    Kind(
        "snmp",
        "device",
        word_secret,
        (
            "snmp-server community {s} RO",
            "set snmp community {s} authorization read-only",
            "snmpwalk -v2c -c {s} 10.0.0.1",
        ),
        (
            "snmp-server host 10.0.0.9 version 2c {s}",
            "rocommunity {s} 10.0.0.0/8",
            "snmpget -v 2c -c {s} sw01 sysName.0",
        ),
    ),
    Kind(
        "vpn-psk",
        "device",
        password,
        (
            " ikev1 pre-shared-key {s}",
            "crypto isakmp key {s} address 203.0.113.9",
            "set psksecret {s}",
            'pre-shared-key ascii-text "{s}"',
        ),
        (
            " ikev2 remote-authentication pre-shared-key {s}",
            "crypto isakmp key 0 {s} address 0.0.0.0",
            '203.0.113.1 198.51.100.2 : PSK "{s}"',
            "set vpn ipsec site-to-site peer 198.51.100.7 authentication pre-shared-secret '{s}'",
        ),
    ),
    Kind(
        "fortigate",
        "device",
        lambda r: b64(r, 48),
        ("set password ENC {s}", "    set psksecret ENC {s}"),
        ("set passwd ENC {s}", "set auth-pwd ENC {s}"),
    ),
    Kind(
        "radius-tacacs",
        "device",
        password,
        ("radius-server key {s}", "tacacs-server key 7 {s}", "shared secret: {s}"),
        ("radius server NPS\n key {s}", "aaa-server NPS host 10.0.0.8\n key {s}"),
    ),
    Kind(
        "mikrotik",
        "device",
        password,
        (
            "/user add name=admin password={s} group=full",
            "/interface wireless security-profiles set default wpa2-pre-shared-key={s}",
        ),
        ('/ppp secret add name=site2 password="{s}" service=l2tp', "/ip ipsec identity add peer=p1 secret={s}"),
    ),
    Kind(
        "wifi",
        "device",
        password,
        ("wpa_passphrase={s}", 'psk="{s}"', "wpa-psk ascii 0 {s}"),
        ("<keyMaterial>{s}</keyMaterial>", "nmcli dev wifi connect Guest password {s}", "Key Content            : {s}"),
    ),
    Kind(
        "firewall-gui",
        "device",
        password,
        ("Shared Secret: {s}", "Pre-Shared Key: {s}"),
        ("Shared Secret (SonicWall): {s}", 'shared-secret "{s}"'),
    ),
)

PROSE: tuple[Kind, ...] = (
    Kind(
        "prose-password",
        "prose",
        password,
        (
            "the password is {s}",
            "The new password for the router is {s}.",
            "pw: {s}",
            "password for the router: {s}",
            "Admin password = {s}, please change it",
            "I set the password to {s} for now",
            "changed the local admin password from Old-{s} to {s}",
        ),
        (
            "his password was {s} before we rotated it",
            "Password (temporary): {s}",
            "PW is {s}, user is admin",
            "pass - {s}",
            "the root pass is now {s}",
            "Use the following password: {s}",
            "we agreed on the password {s} for the NAS",
            "password on the switch stack is still {s}",
        ),
    ),
    Kind(
        "prose-quoted",
        "prose",
        password,
        ("use `{s}` as the password", 'the passphrase is "{s}"', "try '{s}' as password"),
        ("enter “{s}” when it asks for the password", "the vault password is **{s}**", "`{s}` is the admin password"),
    ),
    Kind(
        "prose-login",
        "prose",
        password,
        (
            "login with admin / {s}",
            "log in as root with password {s}",
            "credentials: admin / {s}",
            "user: admin pass: {s}",
        ),
        (
            "Creds are svc-scan/{s}",
            "you can sign in with j.doe@contoso.example and {s}",
            "Login: admin  Password: {s}",
            "username admin, password {s}",
        ),
    ),
    Kind(
        "prose-shared",
        "prose",
        password,
        ("the shared secret is {s}", "wifi key for the guest network: {s}", "PSK for the branch tunnel is {s}"),
        ("WLAN-Schlüssel: {s}", "the tunnel uses {s} as its pre-shared key", "Wifi password at the Bern office -> {s}"),
    ),
    Kind(
        "prose-german",
        "prose",
        password,
        ("Passwort lautet {s}", "das Kennwort ist {s}", "Passwort: {s}"),
        ("Das neue Passwort für den Server lautet: {s}", "Kennwort vom Router ist {s}", "Zugang: admin / {s}"),
    ),
    Kind(
        "prose-pin",
        "prose",
        numeric(6),
        ("PIN is {s}", "the alarm code is {s}", "door PIN: {s}"),
        ("His voicemail pin: {s}", "the PIN for the printer is {s}", "unlock code is {s}"),
    ),
    Kind(
        "prose-recovery",
        "prose",
        lambda r: "-".join(chars(r, string.ascii_uppercase + "0123456789", 5) for _ in range(4)),
        ("recovery code: {s}", "backup codes: {s}"),
        ("The MFA recovery code is {s}", "emergency code for the tenant: {s}"),
    ),
    Kind(
        "prose-bitlocker",
        "prose",
        lambda r: "-".join(chars(r, string.digits, 6) for _ in range(8)),
        ("BitLocker recovery key: {s}", "recovery password {s}"),
        ("Bitlocker key of LAPTOP-44 is {s}",),
    ),
    Kind(
        "prose-api",
        "prose",
        lambda r: chars(r, ALNUM, 40),
        ("the API key is {s}", "API token for the RMM: {s}"),
        ("her access token is {s}", "use this key for the backup portal API: {s}"),
    ),
)
