"""One timeline for each call: what was heard, pressed and decided, and why; who was rung, and what came of it."""

from storage.timeline.caller import caller_entries
from storage.timeline.entries import CALLER, SERVER, Entry, Kind, Timeline, Tried
from storage.timeline.paged import PageEvent, page_entries
from storage.timeline.reading import PlanLookup, Reader, find_call, newest_call, read_timeline

__all__ = [
    "CALLER",
    "SERVER",
    "Entry",
    "Kind",
    "PageEvent",
    "PlanLookup",
    "Reader",
    "Timeline",
    "Tried",
    "caller_entries",
    "find_call",
    "newest_call",
    "page_entries",
    "read_timeline",
]
