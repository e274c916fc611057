"""The schema of what belongs to the staff: time off, swaps, calendars from elsewhere, feeds, numbers, and PINs."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from storage.tables import Instant_, metadata

PRACTICE: Final = "practices.id"

time_off = Table(
    "time_off",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("practice", Text, ForeignKey(PRACTICE), nullable=False, index=True),
    Column("member", Text, nullable=False),
    Column("starts_at", Instant_, nullable=False),
    Column("ends_at", Instant_, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ended_at", Instant_),
    Column("ended_by", Text),
    CheckConstraint("starts_at < ends_at", name="window"),
)

swaps = Table(
    "swaps",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("practice", Text, ForeignKey(PRACTICE), nullable=False, index=True),
    Column("schedule", Text, nullable=False),
    Column("member", Text, nullable=False),
    Column("starts_at", Instant_, nullable=False),
    Column("ends_at", Instant_, nullable=False),
    Column("state", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("offered_at", Instant_, nullable=False),
    Column("taken_by", Text),
    Column("taken_at", Instant_),
    Column("ended_at", Instant_),
    Column("ended_by", Text),
    Column("override", BigInteger, ForeignKey("overrides.id")),
    Column("exchange_schedule", Text),
    Column("exchange_starts_at", Instant_),
    Column("exchange_ends_at", Instant_),
    Column("told_at", Instant_),
    CheckConstraint("starts_at < ends_at", name="window"),
    Index("ix_swaps_open", "starts_at", postgresql_where=text("state IN ('offered', 'taken')")),
    Index(
        "ix_swaps_untold",
        "id",
        postgresql_where=text("told_at IS NULL AND state IN ('done', 'declined', 'expired')"),
    ),
)
"""`member` offers their time on the schedule, or wants that of `exchange_` for it. `state`: of `escalation.swap`.
`override`: the first of those that the swap came to. `told_at`: when the two were told how it ended."""

calendar_copies = Table(
    "calendar_copies",
    metadata,
    Column("practice", Text, ForeignKey(PRACTICE), nullable=False),
    Column("calendar", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("shifts", JSONB, nullable=False),
    Column("digest", Text, nullable=False),
    Column("etag", Text, nullable=False),
    Column("modified", Text, nullable=False),
    Column("fetched_at", Instant_),
    Column("tried_at", Instant_, nullable=False),
    Column("failure", Text, nullable=False),
    Column("told_at", Instant_),
    Column("content", Text, nullable=False, server_default=""),
    Column("read_at", Instant_),
    Column("failing_since", Instant_),
    Column("told_names", JSONB, nullable=False, server_default="[]"),
    PrimaryKeyConstraint("practice", "calendar"),
)
"""The last good copy of each calendar from elsewhere, and how the last try to fetch it went ("": well).

`url`: which the copy is of. `shifts`: start and end as epoch seconds, and the event's words; `digest` is theirs.
`content`: the zone in which it was read, and a digest of what was read, last at `read_at`. `fetched_at`: when it was
last seen to be right; NULL: never fetched. `told_at`: when the operators were told that it is stale; `told_names`: the
unknown names that they have heard of."""

feeds = Table(
    "feeds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("practice", Text, ForeignKey(PRACTICE), nullable=False, index=True),
    Column("member", Text),
    Column("schedule", Text),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("created_at", Instant_, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("revoked_at", Instant_),
    Column("revoked_by", Text),
    Column("last_used_at", Instant_),
    Column("digest", Text, nullable=False, server_default=""),
    Column("changed_at", Instant_),
    CheckConstraint("(member IS NULL) <> (schedule IS NULL)", name="subject"),
)
"""Secret links to a person's or a schedule's calendar. `digest`: of what it last said, and since `changed_at` says."""

number_facts = Table(
    "number_facts",
    metadata,
    Column("practice", Text, ForeignKey(PRACTICE), nullable=False),
    Column("number", Text, nullable=False),
    Column("verified_at", Instant_),
    Column("unreachable_at", Instant_),
    Column("stopped_at", Instant_),
    Column("landline_at", Instant_),
    PrimaryKeyConstraint("practice", "number"),
)
"""What is known of the staff's numbers, and since when; NULL: not so. See `escalation.roster.Facts`."""

shift_notices = Table(
    "shift_notices",
    metadata,
    Column("practice", Text, ForeignKey(PRACTICE), nullable=False),
    Column("schedule", Text, nullable=False),
    Column("member", Text, nullable=False),
    Column("starts_at", Instant_, nullable=False),
    Column("kind", Text, nullable=False),
    Column("ends_at", Instant_, nullable=False),
    Column("state", Text, nullable=False),
    Column("due_at", Instant_),
    Column("made_at", Instant_, nullable=False),
    Column("changed_at", Instant_, nullable=False),
    Column("previous", Text),
    Column("override", BigInteger, ForeignKey("overrides.id")),
    Column("sid", Text),
    Column("id", BigInteger, Identity(), nullable=False, unique=True),
    Column("answer_by", Instant_),
    PrimaryKeyConstraint("practice", "schedule", "member", "starts_at", "kind"),
    Index("ix_shift_notices_open", "due_at", postgresql_where=text("due_at IS NOT NULL")),
)
"""What somebody was told or asked about a shift of theirs: once for each kind. `state`: of `escalation.shift_start`.

`due_at`: when a test page goes on. `previous`: who was on call before, staff ids with commas between them. `sid`: not
written; the answer to a test page names the notice."""

coverage_checks = Table(
    "coverage_checks",
    metadata,
    Column("practice", Text, ForeignKey(PRACTICE), primary_key=True),
    Column("checked_at", Instant_, nullable=False),
    Column("day", Date, nullable=False),
    Column("told", JSONB, nullable=False),
)
"""When each practice's calendar was last proved, and which holes the operators have been told of."""

pins = Table(
    "pins",
    metadata,
    Column("practice", Text, ForeignKey(PRACTICE), nullable=False),
    Column("member", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("set_at", Instant_, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("failed_at", Instant_),
    PrimaryKeyConstraint("practice", "member"),
)
"""With which the staff take pages by calling the practice. `failures`: wrong ones in a row, the last at `failed_at`."""

notices = Table(
    "notices",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("practice", Text, ForeignKey(PRACTICE), nullable=False),
    Column("member", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("latest", Instant_, nullable=False),
    Column("made_at", Instant_, nullable=False),
    Column("claimed_until", Instant_, nullable=False, server_default=text("'-infinity'")),
    Column("told_at", Instant_),
    Index("ix_notices_practice", "practice", "member", "told_at"),
    Index("ix_notices_untold", "claimed_until", postgresql_where=text("told_at IS NULL")),
)
"""What one of the staff is to be texted about their shifts, by `latest`. `claimed_until`: somebody is sending it."""
