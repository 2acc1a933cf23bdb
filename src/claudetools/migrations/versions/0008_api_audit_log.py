"""api audit log

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

from claudetools.kit.db.types import Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_audit_log",
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("token_id", sa.Uuid(), nullable=True),
        sa.Column("machine_id", sa.Uuid(), nullable=True),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("route", sa.String(length=200), nullable=True),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.Column("ip_address", sa.String(length=64), nullable=True),
        sa.Column("user_agent", sa.String(length=500), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_audit_log")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("api_audit_log", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_audit_log_created_at_id"), ["created_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_api_audit_log_ip_address"), ["ip_address"], unique=False)
        batch_op.create_index(batch_op.f("ix_api_audit_log_request_id"), ["request_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_api_audit_log_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_api_audit_log_user_id"), ["user_id"], unique=False)


def downgrade() -> None:
    # A table takes its indexes along; MariaDB refuses to drop one that a foreign key leans on.
    op.drop_table("api_audit_log")
