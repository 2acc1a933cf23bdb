"""audit chain

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

from claudetools.kit.audit.chain import GENESIS, row_hash
from claudetools.kit.db.types import Instant

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

LANES = {"sqlite": 1, "mysql": 16, "mariadb": 16}
OLD_LANE = -1
BATCH = 500

events = sa.table(
    "audit_events",
    *(sa.column(name, sa.Uuid()) for name in ("id", "user_id", "token_id", "machine_id", "login_session_id")),
    *(sa.column(name, sa.Uuid()) for name in ("record_id", "client_id")),
    *(sa.column(name, sa.String()) for name in ("user_name", "request_id", "action", "resource", "message", "key_id")),
    *(sa.column(name, sa.JSON()) for name in ("before", "after")),
    *(sa.column(name, sa.LargeBinary()) for name in ("prev_hash", "row_hash")),
    *(sa.column(name, sa.Integer()) for name in ("lane", "seq")),
    sa.column("at", Instant()),
    sa.column("is_clock_behind", sa.Boolean()),
)
lanes = sa.table(
    "audit_lanes",
    sa.column("lane", sa.Integer()),
    sa.column("seq", sa.BigInteger()),
    sa.column("head_hash", sa.LargeBinary()),
    sa.column("at", Instant()),
)


def upgrade() -> None:
    op.create_table(
        "audit_lanes",
        sa.Column("lane", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("head_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", Instant(), nullable=True),
        sa.Column("mac", sa.LargeBinary(length=32), nullable=True),
        sa.Column("key_id", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("lane", name=op.f("pk_audit_lanes")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "audit_checkpoints",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("lanes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("merkle_root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("public_key_id", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.LargeBinary(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_checkpoints")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.add_column(sa.Column("message", sa.String(length=500), nullable=True))
        batch_op.add_column(sa.Column("is_clock_behind", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("lane", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("seq", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("prev_hash", sa.LargeBinary(length=32), nullable=True))
        batch_op.add_column(sa.Column("row_hash", sa.LargeBinary(length=32), nullable=True))
        batch_op.add_column(sa.Column("mac", sa.LargeBinary(length=32), nullable=True))
        batch_op.add_column(sa.Column("key_id", sa.String(length=64), nullable=True))
    chain_old_events()
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.alter_column("is_clock_behind", existing_type=sa.Boolean(), nullable=False)
        batch_op.alter_column("lane", existing_type=sa.Integer(), nullable=False)
        batch_op.alter_column("seq", existing_type=sa.BigInteger(), nullable=False)
        batch_op.alter_column("prev_hash", existing_type=sa.LargeBinary(length=32), nullable=False)
        batch_op.alter_column("row_hash", existing_type=sa.LargeBinary(length=32), nullable=False)
        batch_op.create_unique_constraint(batch_op.f("uq_audit_events_lane_seq"), ["lane", "seq"])


def chain_old_events() -> None:
    """Give the events that are there hashes in a lane of their own. They have no MACs: nobody made any in time."""
    bind = op.get_bind()
    last, at, count, head = None, None, 0, GENESIS
    fill = (
        sa.update(events)
        .where(events.c.id == sa.bindparam("p_id"))
        .values(
            {name: sa.bindparam(f"p_{name}") for name in ("lane", "seq", "prev_hash", "row_hash", "is_clock_behind")}
        )
    )
    while True:
        query = sa.select(events).order_by(events.c.id).limit(BATCH)
        found = bind.execute(query if last is None else query.where(events.c.id > last)).mappings().all()
        filled = []
        for row in found:
            last, at, count, previous = row["id"], row["at"], count + 1, head
            place = {"lane": OLD_LANE, "seq": count, "prev_hash": previous, "is_clock_behind": False}
            head = row_hash(dict(row) | place | {"key_id": None})
            filled.append({f"p_{name}": value for name, value in place.items()} | {"p_id": last, "p_row_hash": head})
        if filled:
            bind.execute(fill, filled)
        if len(found) < BATCH:
            break
    rows = [{"lane": lane, "seq": 0, "head_hash": GENESIS, "at": None} for lane in range(LANES[bind.dialect.name])]
    if count:
        rows.append({"lane": OLD_LANE, "seq": count, "head_hash": head, "at": at})
    op.bulk_insert(lanes, rows)


def downgrade() -> None:
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_audit_events_lane_seq"), type_="unique")
        for name in ("key_id", "mac", "row_hash", "prev_hash", "seq", "lane", "is_clock_behind", "message"):
            batch_op.drop_column(name)
    op.drop_table("audit_checkpoints")
    op.drop_table("audit_lanes")
