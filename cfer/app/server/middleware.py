"""Middleware that every request passes before Gradio sees it: limits, headers, no fetching from elsewhere."""

import json
import re
from collections.abc import Callable
from typing import Any

MAX_BODY = 64_000_000

Receive = Callable[[], Any]
Send = Callable[[dict[str, Any]], Any]

_ADDRESS = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)


class BodyLimit:
    """ASGI middleware: refuse request bodies over a limit, announced or not."""

    def __init__(self, app: Callable[..., Any], limit: int = MAX_BODY) -> None:
        """Wrap an app."""
        self.app, self.limit = app, limit

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Pass on or answer 413."""
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD"}:
            await self.app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or int(announced) > self.limit:
            await _answer(send, 413, "The request is too large.")
            return
        seen = 0

        async def counted() -> dict[str, Any]:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            return {"type": "http.disconnect"} if seen > self.limit else message

        await self.app(scope, counted, send)


class OwnFilesOnly:
    """ASGI middleware: refuse requests that name a file by an address elsewhere, which Gradio would fetch.

    A program that was handed a picture's address must fetch it itself: this server asks nobody for anything.
    """

    def __init__(self, app: Callable[..., Any]) -> None:
        """Wrap an app whose bodies are limited already."""
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Pass on or answer 400."""
        if scope["type"] != "http" or scope["method"] != "POST" or _is_form(scope):
            await self.app(scope, receive, send)
            return
        parts, more, message = list[bytes](), True, dict[str, Any]()
        while more:
            message = await receive()
            if message["type"] != "http.request":  # the visitor is gone, or the body was over the limit
                await _answer(send, 413, "The request is too large.")
                return
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        body = b"".join(parts)
        if _names_an_address(body):
            await _answer(send, 400, "Bring the picture itself: addresses are not fetched.")
            return
        given = False

        async def again() -> dict[str, Any]:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, again, send)


def _is_form(scope: dict[str, Any]) -> bool:
    """True if a body is an upload's, by the first header that says so, which is the one that Gradio goes by."""
    kinds = [value for name, value in scope["headers"] if name == b"content-type"]
    return bool(kinds) and kinds[0].lower().startswith(b"multipart/form-data")


def _names_an_address(body: bytes) -> bool:
    """True if JSON holds a file, anywhere in it, whose path is an address; what is no JSON is for others to refuse."""
    try:
        waiting = [json.loads(body)]
    except (ValueError, RecursionError):
        return False
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            path = node.get("path")
            if isinstance(path, str) and _ADDRESS.match(path):
                return True
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return False


async def _answer(send: Send, status: int, words: str = "") -> None:
    body = json.dumps({"detail": words}).encode() if words else b""
    headers = [(b"content-type", b"application/json")] if words else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Headers:
    """ASGI middleware: headers that Gradio does not send, and no proxying of other hosts' files."""

    def __init__(self, app: Callable[..., Any]) -> None:
        """Wrap an app."""
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Add the headers."""
        if scope["type"] == "http" and "/file=http" in scope["path"]:
            await _answer(send, 403)
            return

        async def with_headers(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                extra = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin")]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        await self.app(scope, receive, with_headers)
