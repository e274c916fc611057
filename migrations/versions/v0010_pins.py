"""PINs of the staff, with which they take pages by calling the practice themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A migration must not queue behind a call: give up on a lock after 3 s, to be run again.
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.create_table(
        "pins",
        sa.Column("practice", sa.Text(), sa.ForeignKey("practices.id"), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("failed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("practice", "member"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.drop_table("pins")
