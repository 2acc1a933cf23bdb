"""Recognises facts about systems, causes that were found, and the standing rules of people."""

from __future__ import annotations

import re

from claudetools.domains.memory.distilling.phrases import phrases

_HOST = r"(?:[a-z][a-z0-9]*(?:-[a-z0-9]+){1,5}|[a-z]{2,}[a-z-]*\d{1,3}[a-z]?|[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,5})"
_NOUNS = (
    "v-?lans?", "subnets?", "gateway", "dns", "dhcp", "ports?", "ip", "address(?:es)?", "firmware", "host ?names?",
    "servers?", "firewalls?", "switch(?:es)?", "router", "printers?", "nas", "tenant", "domain", "licen[cs]es?",
    "passwords?", "credentials?", "api keys?", "serial", "os", "mailbox", "backups?", "ssid", "wi-?fi", "wan", "lan",
    "vpn", "tunnel", "peer", "hypervisor", "vm", "database", "share", "dc", "controller", "access point", "isp",
    "circuit", "pbx", "phone system", "repo(?:sitory)?", "contact", "account", "scope", "range", "proxy", "ups",
    "site", "office", "maintenance window", "sla", "certificates?", "warranty", "contract", "subscription", "volume",
    "drive", "repository", "freigabe", "adresse", "zertifikat", "lizenz(?:en)?", "drucker", "benutzer", "postfach",
)  # fmt: skip
_PRODUCTS = (
    "windows(?: server)?", "ubuntu", "debian", "rhel", "centos", "fortios", "esxi", "proxmox", "exchange", "sql server",
    "ios", "junos", "routeros", "pfsense", "opnsense", "sonicos", "macos", "vmware", "hyper-v", "powershell", "samba",
    "truenas", "synology", "unifi", "meraki",
)  # fmt: skip
_VERBS = (
    "is(?: running| on| in| at| set to| located| stored| called| reachable| assigned)?", "are", "runs?(?: on)?",
    "running", "uses?", "has", "have", "listens? on", "lives? (?:on|in|at)", "sits?", "points? to", "resolves? to",
    "(?:is |are )?(?:located|stored|kept|hosted|documented) (?:in|on|at|under)", "terminates? (?:on|at)", "expires? on",
    "was (?:upgraded|moved|migrated|renamed|changed|replaced|extended) (?:to|by|with|from)", "belongs? to", "stays?",
    "ist", "sind", "hat", "läuft (?:auf|unter|mit|ab)", "liegt (?:auf|in|unter)", "steht (?:auf|in)", "heißt", "lautet",
    "verwendet", "nutzt", "zeigt auf", "gehört zu",
)  # fmt: skip
_NOUN = f"(?:{'|'.join(_NOUNS)})"
_VALUE = phrases(
    r"\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?\b",
    r"v?\d+\.\d+(?:\.\d+)*\b",
    r"port \d{2,5}\b",
    r"\d{2,5}/(?:tcp|udp)\b",
    r"v-?lan\b.{0,20}\b\d{1,4}\b",
    rf"(?:{'|'.join(_PRODUCTS)})\b",
    r"(?:vault|keeper|1password|bitwarden|keepass|it ?glue|hudu|passbolt)\b",
    r"[\w-]{1,63}(?:\.[\w-]{1,63}){0,5}\.(?:local|lan|com|net|org|onmicrosoft\.com|internal|example|io)\b",
    r"https?://\S+",
    r"[A-Z]:\\\S+",
    r"\d{4}-\d\d-\d\d\b",
    r"\d{1,2}:\d\d\b",
    r"SN[:# ]?\w{5,}",
)
_PATH = re.compile(r"(?:^|[\s(`\"'])(?:/(?:etc|opt|srv|var|mnt|usr|home)/|\\\\[\w.-]+\\)\S+")
_SUBJECT_AND_VERB = re.compile(rf"(?:\b{_NOUN}\b|\b{_HOST}\b).{{0,80}}?\b(?:{'|'.join(_VERBS)})(?=\W|$)", re.IGNORECASE)
# A name and its address: "print02 (10.9.1.22, Windows Server 2022)".
_ADDRESSED = re.compile(rf"\b{_HOST} ?\([^()]{{0,60}}?\b\d{{1,3}}(?:\.\d{{1,3}}){{3}}\b", re.IGNORECASE)
_LABELLED = re.compile(rf"\b(?:{_NOUN}|{_HOST}) ?[:=] ?\S", re.IGNORECASE)
_INCAPABLE = phrases(
    r"does(?:n'?t| not) (?:support|have|know|understand|offer|accept)\b",
    r"(?:has no|lacks|cannot|can'?t)\b",
    r"only (?:supports?|accepts?|speaks?|knows?|allows?)\b",
    r"(?:is )?too old for\b",
    r"is not (?:available|supported) on\b",
    r"(?:requires|only works)\b",
    r"needs (?:the|an?|admin\w*|root|elevated) ",
)
_SYSTEM = re.compile(rf"\b(?:{_HOST}|{_NOUN}|{'|'.join(_PRODUCTS)})\b", re.IGNORECASE)
_CAUSE = phrases(
    r"(?:root )?(?:cause|culprit)(?: of [^.]{3,60})? (?:was|were|turned out)\b",
    r"(?:was|were) (?:all )?caused by\b",
    r"the (?:actual |real )?(?:problem|issue|reason) (?:was|turned out)\b",
    r"it turned out (?:to be|that)\b",
    r"^(?:root )?cause ?: ?\S",
    r"(?:was|were|failed|stopped|broke|dropped|crashed|hung|timed out)\b.{0,80}\bbecause\b",
    r"(?:die |der )?(?:eigentliche )?(?:ursache|grund|fehler)(?: (?:für|von) [^.]{3,60})? (?:war|waren|ist|lag)\b",
    r"(?:es )?lag (?:daran|an)\b",
)
_FLEETING = phrases(
    r"(?:currently|right now|at the moment|so far|passed|failing|let'?s|i think|i believe|looks like)\b",
    r"\d+ ?(?:%|(?:ms|seconds?|minutes?|MB|GB|KB|lines?|tests?|files?|errors?|packets?)\b)",
    r"should (?:be|now|work)\b",
    r"(?:seems?|appears?)\b",
    r"(?:line|step) \d",
)
_RULE = re.compile(
    r"(?:^|[,;:.] |\b(?:we|you|please|must|should|also|but|note|remember|rule) )"
    r"(?:always|never) (?P<verb>[a-z]+)\b",
    re.IGNORECASE,
)
_NO_RULE_VERB = re.compile(
    r"^(?:work|fail|get|got|had|have|has|been|seen|saw|happen|was|were|is|are|did|does|heard|knew|know|likes?|want|thought|"
    r"mind|again|ever|happy|up|good|great|here|there|a|an|the|in|on|at|my|so|give|quit|look|love|feel|calm|\w+(?:ed|s|ing))$",
    re.IGNORECASE,
)
_STANDING_RULE = re.compile(
    r"^(?:please )?(?:do not|don'?t|no) .{3,120}\b(?:"
    r"without (?:asking|approval|a ticket|telling|calling)|during (?:business|office|working|opening|the day)|"
    r"outside (?:the )?(?:maintenance|business|office)|before \d|after \d|on (?:weekdays|weekends|fridays))",
    re.IGNORECASE,
)
# German ends such a rule with the verb: "nie während der Bürozeiten neu starten".
_GERMAN_RULE = re.compile(r"\b(?:nie|niemals|immer)\b.{3,120}\b[a-zäöüß]+(?:en|ern|eln)[.!]?$", re.IGNORECASE)


def is_rule(text: str) -> bool:
    """Whether a person states a standing rule: "always bill Acme in 15 minute steps"."""
    rule = _RULE.search(text)
    if rule and not _NO_RULE_VERB.match(rule["verb"]):
        return True
    return bool(_STANDING_RULE.match(text) or _GERMAN_RULE.search(text))


def is_cause(text: str) -> bool:
    """Whether the sentence names the cause of a problem as found."""
    return bool(_CAUSE.search(text))


def is_fact(text: str) -> bool:
    """Whether the sentence ties a system to a value, a product or a limit that will hold for a while."""
    if _FLEETING.search(text):
        return False
    if _INCAPABLE.search(text) and _SYSTEM.search(text):
        return bool(_VALUE.search(text) or re.search(rf"\b{_HOST}\b", text, re.IGNORECASE))
    if not (_VALUE.search(text) or _PATH.search(text)):
        return False
    return bool(_SUBJECT_AND_VERB.search(text) or _LABELLED.search(text) or _ADDRESSED.search(text))
