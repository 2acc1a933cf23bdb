"""Operations of the service itself: backups, background jobs, settings changed at run time, the state of the schema."""

from claudetools.domains.ops.backup_jobs import BackupJobs, queue_backup
from claudetools.domains.ops.backup_keys import keep_data_keys
from claudetools.domains.ops.backup_logs import BACKUP_LOGS, BackupLog, BackupMethod, BackupType, BackupVerification
from claudetools.domains.ops.backup_schedules import BACKUP_SCHEDULES, BackupSchedule
from claudetools.domains.ops.jobs import JOBS, JobRead, retry_job
from claudetools.domains.ops.key_jobs import REWRAP, KeyJobs, keys_of, rotate_keys
from claudetools.domains.ops.schema_migrations import SchemaMigration, SchemaMigrationRead, schema_migrations
from claudetools.domains.ops.settings_overrides import SettingsOverride

__all__ = [
    "BACKUP_LOGS",
    "BACKUP_SCHEDULES",
    "JOBS",
    "REWRAP",
    "BackupJobs",
    "BackupLog",
    "BackupMethod",
    "BackupSchedule",
    "BackupType",
    "BackupVerification",
    "JobRead",
    "KeyJobs",
    "SchemaMigration",
    "SchemaMigrationRead",
    "SettingsOverride",
    "keep_data_keys",
    "keys_of",
    "queue_backup",
    "retry_job",
    "rotate_keys",
    "schema_migrations",
]
