"""What a device keeps of a good sign-in: in a cookie, or where there are no cookies in a header of its own."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

COOKIE = "claudetools_device"
HEADER = "X-Device-Token"


def device_of(request: Request) -> str | None:
    """Return what the device of a request has kept, if anything."""
    return request.headers.get(HEADER) or request.cookies.get(COOKIE)


def keep_device(request: Request, response: Response, text: str, lifetime: timedelta) -> None:
    """Let the device keep `text`, out of reach of scripts and of requests that other sites bring about."""
    response.set_cookie(
        COOKIE,
        text,
        max_age=int(lifetime.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    response.headers[HEADER] = text
