"""Structured logs: one JSON object a line on standard error, each with the request id."""

import logging
import sys

import structlog


def configure_logging(level: str) -> None:
    """Send the program's and the libraries' logs through structlog at `level` (debug, info, warning, error)."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("uvicorn.access", "mcp", "aiosqlite", "httpx2", "markdown_it"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def log(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger called `name`."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger


def current_request_id() -> str | None:
    """Return the id of the request that is being answered, or None outside of any."""
    id: str | None = structlog.contextvars.get_contextvars().get("request_id")
    return id
