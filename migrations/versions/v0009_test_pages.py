"""Test pages at the start of a shift: a number for their URLs, and until when they may be answered."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A migration must not queue behind a call: give up on a lock after 3 s, to be run again.
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.add_column("shift_notices", sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False))
    op.add_column("shift_notices", sa.Column("answer_by", sa.DateTime(timezone=True)))
    op.create_unique_constraint("uq_shift_notices_id", "shift_notices", ["id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.drop_constraint("uq_shift_notices_id", "shift_notices")
    op.drop_column("shift_notices", "answer_by")
    op.drop_column("shift_notices", "id")
