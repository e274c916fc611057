"""The schema. Patient data is in `LargeBinary` columns named `*_sealed` (`storage.seal`) and nowhere else."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Instant_ = DateTime(timezone=True)

practices = Table(
    "practices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("current_version", Integer),
    Column("created_at", Instant_, nullable=False),
)

plan_versions = Table(
    "plan_versions",
    metadata,
    Column("practice", Text, ForeignKey("practices.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("document", Text, nullable=False),
    Column("waived", JSONB, nullable=False),
    Column("published_at", Instant_, nullable=False),
    Column("published_by", Text, nullable=False),
    PrimaryKeyConstraint("practice", "version"),
)

plan_drafts = Table(
    "plan_drafts",
    metadata,
    Column("practice", Text, primary_key=True),
    Column("document", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("saved_at", Instant_, nullable=False),
    Column("saved_by", Text, nullable=False),
)
"""What is being written, faults and all. Its practice may not be published yet, so that it is no foreign key."""

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("practice", Text, ForeignKey("practices.id")),
    Column("read_only", Boolean, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("created_at", Instant_, nullable=False),
    Column("expires_at", Instant_),
    Column("revoked_at", Instant_),
    Column("last_used_at", Instant_),
)
"""`practice` NULL: the key is for all of them."""

numbers = Table(
    "numbers",
    metadata,
    Column("number", Text, primary_key=True),
    Column("practice", Text, ForeignKey("practices.id"), nullable=False, index=True),
)

closures = Table(
    "closures",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("practice", Text, ForeignKey("practices.id"), nullable=False, index=True),
    Column("starts_at", Instant_, nullable=False),
    Column("ends_at", Instant_, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ended_at", Instant_),
    Column("ended_by", Text),
    CheckConstraint("starts_at < ends_at", name="window"),
)

overrides = Table(
    "overrides",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("practice", Text, ForeignKey("practices.id"), nullable=False, index=True),
    Column("schedule", Text, nullable=False),
    Column("member", Text, nullable=False),
    Column("starts_at", Instant_, nullable=False),
    Column("ends_at", Instant_, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ended_at", Instant_),
    Column("ended_by", Text),
    Column("kind", Text, nullable=False, server_default="replace"),
    Column("instead_of", Text, nullable=False, server_default=""),
    Column("origin", Text, nullable=False, server_default=""),
    CheckConstraint("starts_at < ends_at", name="window"),
)
"""`kind`: of `escalation.roster.OverrideKind`. `origin`: what it came of, "swap 3" or "time off 7"; "": of itself."""

calls = Table(
    "calls",
    metadata,
    Column("sid", Text, primary_key=True),
    Column("practice", Text, ForeignKey("practices.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("dialled", Text, nullable=False),
    Column("caller_sealed", LargeBinary),
    Column("caller_index", LargeBinary),
    Column("callback_sealed", LargeBinary),
    Column("route", Integer, nullable=False),
    Column("decided", Text, nullable=False),
    Column("reasons", JSONB, nullable=False),
    Column("node", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("category", Text),
    Column("last_turn", Integer, nullable=False),
    Column("ringing", Text),
    Column("page", Text),
    Column("started_at", Instant_, nullable=False),
    Column("answered_at", Instant_),
    Column("answered_by", Text),
    Column("ended_at", Instant_),
    Column("seconds", Integer),
    Column("outcome", Text),
    Column("day", Date),
    Column("waited", Integer),
    Column("counted", SmallInteger),
    Index("ix_calls_practice_started_at", "practice", "started_at"),
    Index("ix_calls_caller_index", "caller_index"),
    Index(
        "ix_calls_busy_lines", "practice", "ringing", postgresql_where=text("ended_at IS NULL AND ringing IS NOT NULL")
    ),
    Index("ix_calls_open", "started_at", postgresql_where=text("ended_at IS NULL")),
    Index("ix_calls_report", "practice", "day", postgresql_include=["counted", "category"]),
    Index(
        "ix_calls_waits",
        "practice",
        "day",
        postgresql_include=["outcome", "waited"],
        postgresql_where=text("outcome IN ('connected', 'transferred', 'abandoned')"),
    ),
)
"""`day`, `waited` and `counted` (`routing.counted`) are for the report, and are known when a call has ended."""

call_events = Table(
    "call_events",
    metadata,
    Column("call", Text, ForeignKey("calls.sid"), nullable=False),
    Column("key", Text, nullable=False),
    Column("at", Instant_, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("private_sealed", LargeBinary),
    PrimaryKeyConstraint("call", "key"),
)

pages = Table(
    "pages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("practice", Text, nullable=False),
    Column("plan_version", Integer, nullable=False),
    Column("category", Text, nullable=False),
    Column("call", Text, nullable=False),
    Column("caller_leg", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("callback_sealed", LargeBinary),
    Column("caller_index", LargeBinary),
    Column("state", Text, nullable=False),
    Column("due", Instant_),
    Column("version", Integer, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("opened_at", Instant_, nullable=False),
    Column("accepted_by", Text),
    Column("accepted_at", Instant_),
    Column("resolved_at", Instant_),
    Column("accepted_step", SmallInteger),
    ForeignKeyConstraint(["practice", "plan_version"], ["plan_versions.practice", "plan_versions.version"]),
    Index("ix_pages_due", "due", postgresql_where=text("due IS NOT NULL")),
    Index("ix_pages_taken", "practice", postgresql_where=text("state IN ('accepted', 'bridged')")),
    Index("ix_pages_open", "practice", postgresql_where=text("state <> 'resolved'")),
    Index("ix_pages_caller_index", "caller_index", "opened_at"),
    Index(
        "ix_pages_report",
        "practice",
        "opened_at",
        postgresql_include=["category", "accepted_at", "accepted_step", "accepted_by", "state"],
    ),
)
"""`accepted_step` counts from 1; 0: the last resort took the page."""

page_events = Table(
    "page_events",
    metadata,
    Column("page", Text, ForeignKey("pages.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", Instant_, nullable=False),
    Column("event", Text, nullable=False),
    Column("trail", JSONB, nullable=False),
    PrimaryKeyConstraint("page", "version"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("page", Text, ForeignKey("pages.id"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("means", Text, nullable=False),
    Column("member", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("sid", Text, unique=True),
    Column("why", Text, nullable=False),
    Column("intended_at", Instant_, nullable=False),
    Column("changed_at", Instant_, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("claimed_until", Instant_),
    Column("provider", Text, nullable=False, server_default="first"),
    Column("unsure", SmallInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("page", "attempt"),
    Index("ix_deliveries_address", "address", "intended_at"),
    Index(
        "ix_deliveries_under_way",
        "changed_at",
        postgresql_where=text("means = 'call' AND state IN ('placed', 'ringing', 'answered')"),
    ),
)
"""`provider`: who is to carry it out, and whose its SID is: "first" or "second". `tries`: how often it was begun there.

`unsure`: how many of the tries at the first provider may have been carried out without its having said so.
"""

messages = Table(
    "messages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("practice", Text, ForeignKey("practices.id"), nullable=False),
    Column("call", Text, ForeignKey("calls.sid"), nullable=False, index=True),
    Column("category", Text, nullable=False),
    Column("callback_sealed", LargeBinary),
    Column("fields_sealed", LargeBinary),
    Column("taken_at", Instant_, nullable=False),
    Column("due_at", Instant_),
    Column("done_at", Instant_),
    Column("done_by", Text),
    Column("page", Text),
    Index("ix_messages_practice_taken_at", "practice", "taken_at"),
    Index("ix_messages_overdue", "due_at", postgresql_where=text("done_at IS NULL AND page IS NULL")),
)

recordings = Table(
    "recordings",
    metadata,
    Column("sid", Text, primary_key=True),
    Column("call", Text, nullable=False, index=True),
    Column("key", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("page", Text, index=True),
    Column("url_sealed", LargeBinary, nullable=False),
    Column("seconds", Integer),
    Column("state", Text, nullable=False),
    Column("made_at", Instant_, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("practice", Text, index=True),
    Column("at", Instant_, nullable=False),
    Column("why", Text, nullable=False),
    Column("page", Text),
    Column("kind", Text, nullable=False, server_default=""),
    Column("key", Text, nullable=False, server_default=""),
    Column("times", Integer, nullable=False, server_default="1"),
    Column("last_at", Instant_),
    Column("told_at", Instant_),
    Column("confirmed_at", Instant_),
    Column("confirmed_by", Text),
    Column("not_before", Instant_),
    Column("over_at", Instant_),
    Index("ix_alerts_key", "key", "id"),
    Index("ix_alerts_kind", "kind", "at"),
)
"""`key`: the same for the same trouble, of which `times` came since `at`, the last at `last_at`.

`not_before`: nobody tells it before then, since somebody does just now, or it was tried in vain.
"""

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Instant_, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("mark", LargeBinary, nullable=False),
)

pace = Table(
    "pace",
    metadata,
    Column("account", Text, primary_key=True),
    Column("next_at", Instant_, nullable=False),
)

replies = Table(
    "replies",
    metadata,
    Column("message", Text, primary_key=True),
    Column("page", Text, nullable=False),
    Column("at", Instant_, nullable=False),
)
"""Which page a text answered, by its MessageSid: the same text, told again, answers the same page. "": none."""
