"""Operations of the service itself: backups, background jobs, settings changed at run time, the state of the schema."""

from claudetools.domains.ops.backup_logs import BACKUP_LOGS, BackupLog, BackupMethod, BackupType, BackupVerification
from claudetools.domains.ops.backup_schedules import BACKUP_SCHEDULES, BackupSchedule
from claudetools.domains.ops.jobs import Job, JobState
from claudetools.domains.ops.schema_migrations import SchemaMigration, SchemaMigrationRead, schema_migrations
from claudetools.domains.ops.settings_overrides import SettingsOverride

__all__ = [
    "BACKUP_LOGS",
    "BACKUP_SCHEDULES",
    "BackupLog",
    "BackupMethod",
    "BackupSchedule",
    "BackupType",
    "BackupVerification",
    "Job",
    "JobState",
    "SchemaMigration",
    "SchemaMigrationRead",
    "SettingsOverride",
    "schema_migrations",
]
