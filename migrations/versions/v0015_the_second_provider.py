"""Which provider's an attempt's call or text is: the first one's, or the second one's when the first fails."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A migration must not queue behind a call: give up on a lock after 3 s, to be run again.
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.add_column("deliveries", sa.Column("provider", sa.Text(), nullable=False, server_default="first"))
    op.add_column("deliveries", sa.Column("unsure", sa.SmallInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.drop_column("deliveries", "unsure")
    op.drop_column("deliveries", "provider")
