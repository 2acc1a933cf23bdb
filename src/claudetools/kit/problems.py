"""Errors that callers see, rendered as `application/problem+json` (RFC 9457)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault in the input. `pointer` is a JSON pointer (RFC 6901) or `?name` for a query parameter."""

    pointer: str
    code: str
    message: str


class Problem(Exception):
    """Base of every error that a caller may see.

    Subclasses fix `status`, `code` and `title`; `detail` says what to do about it. `members` are further ones of the
    document, for protocols that ask for them.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong on the server"
    members: ClassVar[Mapping[str, str]] = {}

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


class BadRequest(Problem):
    """The request cannot be parsed."""

    status = 400
    code = "bad_request"
    title = "The request cannot be understood"


class Unauthenticated(Problem):
    """There is no valid sign-in or token."""

    status = 401
    code = "unauthenticated"
    title = "Sign in or send a valid token"

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(Problem):
    """The caller is known and may not do this."""

    status = 403
    code = "forbidden"
    title = "Your account or token may not do this"


class NotFound(Problem):
    """The record does not exist, or is not the caller's to see."""

    status = 404
    code = "not_found"
    title = "There is no such record"


class Conflict(Problem):
    """The change clashes with an existing record."""

    status = 409
    code = "conflict"
    title = "This clashes with an existing record"


class PreconditionFailed(Problem):
    """The record is not at the version that the caller named."""

    status = 412
    code = "precondition_failed"
    title = "The record has changed since you read it"


class TooLarge(Problem):
    """The body is over the limit."""

    status = 413
    code = "too_large"
    title = "The request body is too large"


class UnsupportedMediaType(Problem):
    """The body is of a type that the operation does not take."""

    status = 415
    code = "unsupported_media_type"
    title = "The body is of a type that this operation does not take"


class Invalid(Problem):
    """The request was understood and some values are not valid."""

    status = 422
    code = "invalid"
    title = "Some values are not valid"


class TooManyRequests(Problem):
    """The caller must wait."""

    status = 429
    code = "too_many_requests"
    title = "Too many requests"


class Unavailable(Problem):
    """Something that the service needs is away; try again later."""

    status = 503
    code = "unavailable"
    title = "The service cannot answer right now"

    def __init__(self, detail: str | None = None, *, retry_after_seconds: int = 5) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_seconds)})


def invalid(pointer: str, message: str, code: str = "invalid") -> Invalid:
    """Return an `Invalid` problem about a single field."""
    return Invalid(message, errors=[FieldError(pointer, code, message)])
