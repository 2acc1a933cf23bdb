"""secrets of credentials

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

from claudetools.kit.crypto.envelope import Sealed

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SECRETS = (
    "password",
    "api_key",
    "oauth_client_id",
    "client_secret",
    "token",
    "connection_string",
    "private_key",
    "totp_seed",
    "secret_note",
)


def upgrade() -> None:
    op.create_table(
        "secret_fingerprints",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column(
            "weakness",
            sa.Enum("short", "guessable", name="weakness", native_enum=False, create_constraint=True, length=40),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_secret_fingerprints_client_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credentials.id"], name=op.f("fk_secret_fingerprints_credential_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_secret_fingerprints")),
        sa.UniqueConstraint("credential_id", "field", name=op.f("uq_secret_fingerprints_credential_id_field")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("secret_fingerprints", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_secret_fingerprints_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_secret_fingerprints_credential_id"), ["credential_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_secret_fingerprints_digest"), ["digest"], unique=False)

    # Columns are added as they are in the end, with a default for the rows that there are: SQLite would otherwise make
    # the tables anew, without their checks.
    op.add_column("credentials", sa.Column("secret_version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("credentials", sa.Column("secret_fields", sa.JSON(), nullable=False, server_default=sa.text("'[]'")))
    for name in SECRETS:
        op.add_column("credentials", sa.Column(f"{name}_encrypted", Sealed(), nullable=True))
    op.add_column("integration_credentials", sa.Column("secret_encrypted", Sealed(), nullable=True))
    op.add_column(
        "integration_credentials", sa.Column("secret_version", sa.Integer(), nullable=False, server_default="1")
    )
    op.add_column(
        "integration_credentials", sa.Column("has_secret", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("share_links", sa.Column("version_number", sa.Integer(), nullable=False, server_default="1"))
    op.add_column(
        "share_links", sa.Column("fields", sa.JSON(none_as_null=True), nullable=False, server_default=sa.text("'[]'"))
    )
    op.add_column("share_links", sa.Column("reason", sa.String(length=500), nullable=True))

    op.add_column("credential_versions", sa.Column("secrets_encrypted", Sealed(), nullable=True))
    op.add_column("credential_versions", sa.Column("client_id", sa.Uuid(), nullable=True))
    op.execute(
        sa.text(
            "UPDATE credential_versions SET client_id ="
            " (SELECT c.client_id FROM credentials c WHERE c.id = credential_versions.credential_id)"
        )
    )
    with op.batch_alter_table("credential_versions", schema=None) as batch_op:
        batch_op.alter_column("client_id", existing_type=sa.Uuid(), nullable=False)
        batch_op.create_index(batch_op.f("ix_credential_versions_client_id"), ["client_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_credential_versions_client_id"), "clients", ["client_id"], ["id"], ondelete="CASCADE"
        )


def downgrade() -> None:
    with op.batch_alter_table("credential_versions", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_credential_versions_client_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_credential_versions_client_id"))
        batch_op.drop_column("client_id")
        batch_op.drop_column("secrets_encrypted")
    for name in ("reason", "fields", "version_number"):
        op.drop_column("share_links", name)
    for name in ("has_secret", "secret_version", "secret_encrypted"):
        op.drop_column("integration_credentials", name)
    for name in (*(f"{name}_encrypted" for name in SECRETS), "secret_fields", "secret_version"):
        op.drop_column("credentials", name)
    op.drop_table("secret_fingerprints")
