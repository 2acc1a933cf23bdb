"""uses of credentials by programs

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

from claudetools.kit.db.types import Instant

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "credential_use_requests",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.Uuid(), nullable=False),
        sa.Column(
            "credential_name",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column("field", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("user_name", sa.String(length=200), nullable=False),
        sa.Column("token_id", sa.Uuid(), nullable=False),
        sa.Column("machine_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("command", sa.String(length=200), nullable=True),
        sa.Column("host", sa.String(length=200), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "approved",
                "denied",
                "used",
                "expired",
                name="usestate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_credential_use_requests_client_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["credential_id"],
            ["credentials.id"],
            name=op.f("fk_credential_use_requests_credential_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"],
            ["api_users.id"],
            name=op.f("fk_credential_use_requests_decided_by_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api_users.id"], name=op.f("fk_credential_use_requests_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential_use_requests")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("credential_use_requests", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_credential_use_requests_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_credential_use_requests_credential_id"), ["credential_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_credential_use_requests_decided_by_id"), ["decided_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_credential_use_requests_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_credential_use_requests_machine_id"), ["machine_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_credential_use_requests_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_credential_use_requests_token_id"), ["token_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_credential_use_requests_user_id"), ["user_id"], unique=False)

    # As it is in the end, with a default for the rows that there are.
    op.add_column("credentials", sa.Column("agent_approval", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("credentials", "agent_approval")
    op.drop_table("credential_use_requests")
