"""Notices to the staff are kept until they are told, several in one text."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    # A migration must not queue behind a call: give up on a lock after 3 s, to be run again.
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.create_table(
        "notices",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("practice", sa.Text, sa.ForeignKey("practices.id"), nullable=False),
        sa.Column("member", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("latest", _AT, nullable=False),
        sa.Column("made_at", _AT, nullable=False),
        sa.Column("claimed_until", _AT, nullable=False, server_default=sa.text("'-infinity'")),
        sa.Column("told_at", _AT),
    )
    op.create_index("ix_notices_practice", "notices", ["practice", "member", "told_at"])
    op.create_index("ix_notices_untold", "notices", ["claimed_until"], postgresql_where=sa.text("told_at IS NULL"))


def downgrade() -> None:
    op.drop_table("notices")
