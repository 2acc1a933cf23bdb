"""Operations of the service itself: its backups."""

from claudetools.domains.ops.backup_logs import BACKUP_LOGS, BackupLog, BackupMethod, BackupType, BackupVerification
from claudetools.domains.ops.backup_schedules import BACKUP_SCHEDULES, BackupSchedule

__all__ = [
    "BACKUP_LOGS",
    "BACKUP_SCHEDULES",
    "BackupLog",
    "BackupMethod",
    "BackupSchedule",
    "BackupType",
    "BackupVerification",
]
