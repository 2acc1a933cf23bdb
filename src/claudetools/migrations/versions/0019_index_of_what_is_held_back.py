"""the index on quarantine holds what is in quarantine only, where the database can do that

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

NAME = "ix_memory_items_quarantined_at"


def upgrade() -> None:
    op.drop_index(NAME, "memory_items")
    op.create_index(NAME, "memory_items", ["quarantined_at"], sqlite_where=sa.text("quarantined_at IS NOT NULL"))


def downgrade() -> None:
    op.drop_index(NAME, "memory_items")
    op.create_index(NAME, "memory_items", ["quarantined_at"])
