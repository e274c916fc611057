"""When a calendar from elsewhere was read, since when it fails, which names were told; and when a feed last changed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    # A migration must not queue behind a call: give up on a lock after 3 s, to be run again.
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.add_column("calendar_copies", sa.Column("content", sa.Text(), nullable=False, server_default=""))
    op.add_column("calendar_copies", sa.Column("read_at", _AT))
    op.add_column("calendar_copies", sa.Column("failing_since", _AT))
    op.add_column("calendar_copies", sa.Column("told_names", JSONB(), nullable=False, server_default="[]"))
    op.add_column("feeds", sa.Column("digest", sa.Text(), nullable=False, server_default=""))
    op.add_column("feeds", sa.Column("changed_at", _AT))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    for column in ("changed_at", "digest"):
        op.drop_column("feeds", column)
    for column in ("told_names", "failing_since", "read_at", "content"):
        op.drop_column("calendar_copies", column)
