"""Operations: background jobs, settings changed at run time, and the state of the schema."""

from claudetools.domains.ops.jobs import Job, JobState
from claudetools.domains.ops.schema_migrations import SchemaMigration, SchemaMigrationRead, schema_migrations
from claudetools.domains.ops.settings_overrides import SettingsOverride

__all__ = ["Job", "JobState", "SchemaMigration", "SchemaMigrationRead", "SettingsOverride", "schema_migrations"]
