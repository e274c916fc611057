"""The on-call calendar's exceptions and what surrounds it: more kinds of overrides, time off, swaps, feeds, facts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    # A migration must not queue behind a call: give up on a lock after 3 s, to be run again.
    op.execute("SET LOCAL lock_timeout = '3s'")
    # With a default, so that a program of the version before goes on writing overrides meanwhile.
    op.add_column("overrides", sa.Column("kind", sa.Text(), nullable=False, server_default="replace"))
    op.add_column("overrides", sa.Column("instead_of", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "time_off",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("practice", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("starts_at", _AT, nullable=False),
        sa.Column("ends_at", _AT, nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ended_at", _AT),
        sa.Column("ended_by", sa.Text()),
        sa.CheckConstraint("starts_at < ends_at", name="window"),
        sa.ForeignKeyConstraint(["practice"], ["practices.id"], name="fk_time_off_practice_practices"),
        sa.PrimaryKeyConstraint("id", name="pk_time_off"),
    )
    op.create_index("ix_time_off_practice", "time_off", ["practice"])
    op.create_table(
        "swaps",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("practice", sa.Text(), nullable=False),
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("starts_at", _AT, nullable=False),
        sa.Column("ends_at", _AT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("offered_at", _AT, nullable=False),
        sa.Column("taken_by", sa.Text()),
        sa.Column("taken_at", _AT),
        sa.Column("ended_at", _AT),
        sa.Column("ended_by", sa.Text()),
        sa.Column("override", sa.BigInteger()),
        sa.CheckConstraint("starts_at < ends_at", name="window"),
        sa.ForeignKeyConstraint(["practice"], ["practices.id"], name="fk_swaps_practice_practices"),
        sa.ForeignKeyConstraint(["override"], ["overrides.id"], name="fk_swaps_override_overrides"),
        sa.PrimaryKeyConstraint("id", name="pk_swaps"),
    )
    op.create_index("ix_swaps_practice", "swaps", ["practice"])
    op.create_index("ix_swaps_open", "swaps", ["starts_at"], postgresql_where=sa.text("state IN ('offered', 'taken')"))
    op.create_table(
        "calendar_copies",
        sa.Column("practice", sa.Text(), nullable=False),
        sa.Column("calendar", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("shifts", JSONB(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("modified", sa.Text(), nullable=False),
        sa.Column("fetched_at", _AT),
        sa.Column("tried_at", _AT, nullable=False),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.Column("told_at", _AT),
        sa.ForeignKeyConstraint(["practice"], ["practices.id"], name="fk_calendar_copies_practice_practices"),
        sa.PrimaryKeyConstraint("practice", "calendar", name="pk_calendar_copies"),
    )
    op.create_table(
        "feeds",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("practice", sa.Text(), nullable=False),
        sa.Column("member", sa.Text()),
        sa.Column("schedule", sa.Text()),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("revoked_at", _AT),
        sa.Column("revoked_by", sa.Text()),
        sa.Column("last_used_at", _AT),
        sa.CheckConstraint("(member IS NULL) <> (schedule IS NULL)", name="subject"),
        sa.ForeignKeyConstraint(["practice"], ["practices.id"], name="fk_feeds_practice_practices"),
        sa.PrimaryKeyConstraint("id", name="pk_feeds"),
        sa.UniqueConstraint("hash", name="uq_feeds_hash"),
    )
    op.create_index("ix_feeds_practice", "feeds", ["practice"])
    op.create_table(
        "number_facts",
        sa.Column("practice", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("verified_at", _AT),
        sa.Column("unreachable_at", _AT),
        sa.Column("stopped_at", _AT),
        sa.Column("landline_at", _AT),
        sa.ForeignKeyConstraint(["practice"], ["practices.id"], name="fk_number_facts_practice_practices"),
        sa.PrimaryKeyConstraint("practice", "number", name="pk_number_facts"),
    )
    op.create_table(
        "shift_notices",
        sa.Column("practice", sa.Text(), nullable=False),
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("starts_at", _AT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ends_at", _AT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", _AT),
        sa.Column("made_at", _AT, nullable=False),
        sa.Column("changed_at", _AT, nullable=False),
        sa.Column("previous", sa.Text()),
        sa.Column("override", sa.BigInteger()),
        sa.Column("sid", sa.Text()),
        sa.ForeignKeyConstraint(["practice"], ["practices.id"], name="fk_shift_notices_practice_practices"),
        sa.ForeignKeyConstraint(["override"], ["overrides.id"], name="fk_shift_notices_override_overrides"),
        sa.PrimaryKeyConstraint("practice", "schedule", "member", "starts_at", "kind", name="pk_shift_notices"),
    )
    op.create_index(
        "ix_shift_notices_open", "shift_notices", ["due_at"], postgresql_where=sa.text("due_at IS NOT NULL")
    )
    op.create_table(
        "coverage_checks",
        sa.Column("practice", sa.Text(), nullable=False),
        sa.Column("checked_at", _AT, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("told", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["practice"], ["practices.id"], name="fk_coverage_checks_practice_practices"),
        sa.PrimaryKeyConstraint("practice", name="pk_coverage_checks"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    for table in ("coverage_checks", "shift_notices", "number_facts", "feeds", "calendar_copies", "swaps", "time_off"):
        op.drop_table(table)
    # The version before knows overrides of one kind only: those of another would put the wrong person on call.
    op.execute("DELETE FROM overrides WHERE kind <> 'replace' OR instead_of <> ''")
    op.drop_column("overrides", "instead_of")
    op.drop_column("overrides", "kind")
