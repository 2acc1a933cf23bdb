"""The exceptions to the rules: each names a module and says why. One that is no longer needed is itself a finding."""

from typing import Final

COMMITTING_MODULES: Final = {
    "src/claudetools/kit/db/session.py": "the unit of work",
    "src/claudetools/migrations/env.py": "migrations run outside of any request",
}

UNSCOPED_MODULES: Final = {
    "src/claudetools/domains/memory/learning_from_use/learning_counts.py": "the service's own work, for nobody",
    "src/claudetools/domains/memory/capturing/assignment.py": "moves the rows of a session already found",
    "src/claudetools/domains/memory/engine.py": "fills the index of all clients; a search names the ones it may see",
    "src/claudetools/domains/memory/recall_index/stamp.py": "compares ids and numbers; nothing is shown to anybody",
    "src/claudetools/domains/memory/records/indexed_records.py": "follows rows that their writer has just written",
    "src/claudetools/domains/memory/records/record_indexing.py": "the service's own work, on behalf of nobody",
    "src/claudetools/domains/memory/taking_out/kept_texts.py": "the service's own work, on behalf of nobody",
    "src/claudetools/domains/memory/items.py": "deletes items that the caller has already found",
    "src/claudetools/domains/memory/recalling/lookup.py": "reads by primary key, checks each row's partition",
    "src/claudetools/domains/memory/capturing/recording.py": "ids derive from the person: only their own rows are met",
    "src/claudetools/domains/ops/deletions.py": "a restore, by whoever runs the server, on behalf of nobody",
    "src/claudetools/domains/ops/backup_jobs.py": "the service's own work, on behalf of nobody",
    "src/claudetools/domains/memory/capturing/transcripts.py": "stores and forgets what belongs to a row already found",
    "src/claudetools/domains/memory/writing.py": "ids are derived from rows that the caller has already found",
    "src/claudetools/domains/accounts/logins.py": "who holds a refresh token of a session is its person",
    "src/claudetools/domains/ops/restoring.py": "ends all sessions of a database that was restored",
    "src/claudetools/domains/vault/audit_log.py": "counts for a person what they themselves did with secrets",
    "src/claudetools/domains/vault/stored_secrets.py": "the service's own look at all secrets, on behalf of nobody",
    "src/claudetools/domains/vault/share_links.py": "whoever knows the text of a link may see what is behind it",
    "src/claudetools/domains/accounts/authentication.py": "finds out who is asking, so there is no actor yet",
}
