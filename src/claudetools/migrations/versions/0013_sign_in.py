"""sign-in: device grants, throttles, second factor

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

from claudetools.kit.crypto.envelope import Sealed
from claudetools.kit.db.types import Instant

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "throttles",
        sa.Column(
            "key_hash",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_bin"), "mysql"),
            nullable=False,
        ),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("blocked_until", Instant(), nullable=True),
        sa.Column("counted_from", Instant(), nullable=False),
        sa.Column("forgotten_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_throttles")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("throttles", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_throttles_forgotten_at"), ["forgotten_at"], unique=False)

    op.create_table(
        "device_grants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("device_code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("user_code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "approved",
                "denied",
                "used",
                name="grantstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("machine", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("scopes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("ip", sa.String(length=64), nullable=True),
        sa.Column("subscriber", sa.String(length=64), nullable=False),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("polled_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["api_users.id"], name=op.f("fk_device_grants_decided_by"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_grants")),
        sa.UniqueConstraint("device_code_hash", name=op.f("uq_device_grants_device_code_hash")),
        sa.UniqueConstraint("user_code_hash", name=op.f("uq_device_grants_user_code_hash")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("device_grants", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_device_grants_decided_by"), ["decided_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_device_grants_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_device_grants_subscriber"), ["subscriber"], unique=False)

    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api_users.id"], name=op.f("fk_recovery_codes_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_recovery_codes_code_hash")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("recovery_codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recovery_codes_user_id"), ["user_id"], unique=False)

    with op.batch_alter_table("api_tokens", schema=None) as batch_op:
        batch_op.add_column(sa.Column("allowed_ips", sa.JSON(none_as_null=True), nullable=True))

    with op.batch_alter_table("api_users", schema=None) as batch_op:
        batch_op.add_column(sa.Column("totp_secret", Sealed(), nullable=True))
        batch_op.add_column(sa.Column("secret_version", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("totp_confirmed_at", Instant(), nullable=True))
        batch_op.add_column(sa.Column("totp_last_step", sa.Integer(), nullable=True))

    with op.batch_alter_table("login_sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("last_used_at", Instant(), nullable=True))

    op.execute("UPDATE login_sessions SET last_used_at = created_at")
    with op.batch_alter_table("login_sessions", schema=None) as batch_op:
        batch_op.alter_column("last_used_at", existing_type=Instant(), nullable=False)

    op.execute("UPDATE api_users SET secret_version = 0")
    with op.batch_alter_table("api_users", schema=None) as batch_op:
        batch_op.alter_column("secret_version", existing_type=sa.Integer(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("login_sessions", schema=None) as batch_op:
        batch_op.drop_column("last_used_at")

    with op.batch_alter_table("api_users", schema=None) as batch_op:
        batch_op.drop_column("totp_last_step")
        batch_op.drop_column("totp_confirmed_at")
        batch_op.drop_column("secret_version")
        batch_op.drop_column("totp_secret")

    with op.batch_alter_table("api_tokens", schema=None) as batch_op:
        batch_op.drop_column("allowed_ips")

    op.drop_table("recovery_codes")
    op.drop_table("device_grants")
    op.drop_table("throttles")
