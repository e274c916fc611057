"""What the report counts by: when on the practice's clock, in which hours, how long; and the step that took a page.

Calls that ended before this are counted by UTC, since their practice's zone is in its plan, which SQL cannot read.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_COUNTED = ("hour", "outcome", "category", "served", "waited")
_PAGED = ("category", "accepted_at", "accepted_step", "accepted_by", "state")


def upgrade() -> None:
    # A migration must not queue behind a call: give up on a lock after 3 s, to be run again.
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.add_column("calls", sa.Column("day", sa.Date(), nullable=True))
    op.add_column("calls", sa.Column("hour", sa.SmallInteger(), nullable=True))
    op.add_column("calls", sa.Column("served", sa.Text(), nullable=True))
    op.add_column("calls", sa.Column("waited", sa.Integer(), nullable=True))
    op.add_column("pages", sa.Column("accepted_step", sa.SmallInteger(), nullable=True))
    op.execute("""
        UPDATE calls SET day = (started_at AT TIME ZONE 'UTC')::date,
            hour = extract(hour FROM started_at AT TIME ZONE 'UTC'), served = 'open',
            waited = greatest(0, extract(epoch FROM coalesce(answered_at, ended_at) - started_at)::int)
        WHERE ended_at IS NOT NULL
    """)
    op.execute("""
        UPDATE pages SET accepted_step = CASE WHEN accepted_by = '' THEN 0 ELSE (body ->> 'step')::int + 1 END
        WHERE accepted_by IS NOT NULL
    """)
    op.create_index("ix_calls_report", "calls", ["practice", "day"], postgresql_include=_COUNTED)
    op.create_index("ix_pages_report", "pages", ["practice", "opened_at"], postgresql_include=_PAGED)
    op.drop_index("ix_pages_practice_opened_at", "pages")


def downgrade() -> None:
    op.create_index("ix_pages_practice_opened_at", "pages", ["practice", "opened_at"])
    op.drop_index("ix_pages_report", "pages")
    op.drop_index("ix_calls_report", "calls")
    op.drop_column("pages", "accepted_step")
    for column in ("waited", "served", "hour", "day"):
        op.drop_column("calls", column)
