"""The sample data: three clients of a made-up firm, what is known about them, and two past sessions."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that somebody has told memory to keep."""

    kind: str
    text: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Project:
    """A project, and the folder in which it is worked on."""

    slug: str
    name: str
    description: str
    folder: str


@dataclass(frozen=True, slots=True)
class Customer:
    """A client with its projects and facts. The facts belong to the client as a whole."""

    name: str
    short_code: str
    domain_name: str
    notes: str
    projects: tuple[Project, ...]
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing in a session: a prompt, a command with what came of it, an edit, or an answer."""

    kind: str
    text: str
    output: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """A past session in the folder of a project, so many days ago, on one of the machines."""

    key: str
    machine: str
    folder: str
    days_ago: int
    steps: tuple[Step, ...]


MACHINES = ("workshop-01", "laptop-field")

CUSTOMERS = (
    Customer(
        name="Harbour Dental Practice",
        short_code="HARB",
        domain_name="harbour-dental.example",
        notes="Two surgeries, 24 seats. Contact: Ms Okafor, practice manager.",
        projects=(
            Project("mail-move", "Mail to Microsoft 365", "Move 24 mailboxes.", "/srv/harbour/mail"),
            Project("network", "Network of both surgeries", "Switches, Wi-Fi and the link.", "/srv/harbour/network"),
        ),
        facts=(
            Fact(
                "fact",
                "The multifunction printer MFP-Reception (10.20.4.31) sends scans by SMTP through the Microsoft 365 "
                "connector on port 25 of the tenant's MX host. It cannot do modern authentication.",
                ("printer", "mail"),
            ),
            Fact(
                "decision",
                "DMARC stays at p=none until the newsletter service signs with DKIM, because its mails would be "
                "refused otherwise. Decided with Ms Okafor.",
                ("mail", "dns"),
            ),
            Fact("todo", "Renew the Wi-Fi certificate of controller wlc-harb-1 by the end of next month.", ("wifi",)),
            Fact("lesson", "The X-ray workstation XRAY-2 must not be restarted during surgery hours (08:00 to 18:00)."),
        ),
    ),
    Customer(
        name="Northwind Logistics",
        short_code="NWL",
        domain_name="northwind-logistics.example",
        notes="Warehouse that works at night: maintenance only between 11:00 and 13:00.",
        projects=(
            Project("backup", "Backups of the warehouse", "Nightly backups, tested restores.", "/srv/northwind/backup"),
        ),
        facts=(
            Fact(
                "fact",
                "The warehouse scanners reach the stock server nw-sql-02 over VLAN 30 only; VLAN 10 is for offices.",
                ("network",),
            ),
            Fact(
                "procedure",
                "To restart the label service: stop LabelSvc on nw-app-01, clear C:\\Labels\\spool, start LabelSvc. "
                "A restart without clearing the spool prints the old labels again.",
                ("labels",),
            ),
            Fact("blocker", "The leased line change waits for the carrier's date; ticket with the carrier is open."),
        ),
    ),
    Customer(
        name="Our own IT",
        short_code="OWN",
        domain_name="msp.example",
        notes="The firm's own systems.",
        projects=(Project("monitoring", "Monitoring", "Checks and alerts for all clients.", "/srv/own/monitoring"),),
        facts=(
            Fact("preference", "Scripts for clients are PowerShell 7 with -WhatIf support; no batch files."),
            Fact("fact", "Alerts of severity 1 go to the on-call phone, all others to the queue only.", ("alerts",)),
        ),
    ),
)

SESSIONS = (
    Session(
        key="demo-mail-move",
        machine="workshop-01",
        folder="/srv/harbour/mail",
        days_ago=12,
        steps=(
            Step(
                "prompt",
                "Since the mail move, MFP-Reception at Harbour Dental cannot send scans. Find out why.",
            ),
            Step(
                "command",
                "swaks --server smtp.office365.com:587 --tls --from scan@harbour-dental.example --to test@msp.example",
                "Exit code 28\n535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
                failed=True,
            ),
            Step(
                "command",
                "swaks --server harbourdental-example.mail.protection.outlook.com:25 "
                "--from scan@harbour-dental.example --to test@msp.example",
                "250 2.6.0 Queued mail for delivery",
            ),
            Step(
                "answer",
                "MFP-Reception failed because Microsoft 365 has basic authentication switched off: smtp.office365.com "
                "on port 587 refuses the printer. Sending through the tenant's MX host on port 25 works, with a "
                "connector that trusts the practice's address 203.0.113.24. The printer now uses that host.",
            ),
            Step("prompt", "Good. Note what has to change if the practice gets a new internet line."),
            Step(
                "answer",
                "When Harbour Dental gets a new internet line, change the address 203.0.113.24 in the connector "
                "'MFP relay' and in the SPF record of harbour-dental.example, else the printer's scans are refused.",
            ),
        ),
    ),
    Session(
        key="demo-backup-restore",
        machine="laptop-field",
        folder="/srv/northwind/backup",
        days_ago=3,
        steps=(
            Step("prompt", "Northwind's nightly backup of nw-sql-02 has failed three times. Look into it and fix it."),
            Step(
                "command",
                "restic -r sftp:backup@vault-nw:/repo snapshots --latest 1",
                "Exit code 1\nFatal: unable to open repository: sftp: host key of vault-nw has changed",
                failed=True,
            ),
            Step(
                "command",
                "ssh-keygen -R vault-nw && restic -r sftp:backup@vault-nw:/repo snapshots --latest 1",
                "1 snapshots\nnw-sql-02  /var/backups/sql",
            ),
            Step("edit", "/srv/northwind/backup/exclude.txt", "tempdb files left out"),
            Step(
                "answer",
                "The backup of nw-sql-02 failed because vault-nw was reinstalled and has a new host key. The old key "
                "is removed, the new fingerprint was checked with the carrier's console, and tonight's run is set. "
                "The tempdb files are left out now: they made the backup 40 GB larger than needed.",
            ),
        ),
    ),
)

PROOF_CLIENT = "Harbour Dental Practice"
PROOF_QUESTION = "the reception printer cannot send scans"
