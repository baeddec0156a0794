"""What stands between a visitor and the code: limits, plain-words errors, temporary files, private lessons."""

import functools
import html
import inspect
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from cfer.adapt import AdaptError
from cfer.app.visitors import KEEP_SECONDS
from cfer.lessons.names import LessonError
from cfer.pictures import PictureError

log = logging.getLogger("cfer.app")

MAX_BODY = 64_000_000
MAX_FILE = "60mb"

Receive = Callable[[], Any]
Send = Callable[[dict[str, Any]], Any]


def plain_image(**settings: Any) -> gr.Image:
    """A `gr.Image` that hands on the upload's path as it is, for `read_picture` to judge.

    Its own `preprocess` would decode the file first and answer a broken one with a server path. (A subclass would do
    the same, but Gradio writes a stub file beside the module of every subclass.)
    """
    settings = {"sources": ["upload", "webcam", "clipboard"], "buttons": []} | settings
    image = gr.Image(type="filepath", image_mode=None, **settings)
    decode = image.preprocess

    def preprocess(payload: Any) -> Any:
        if payload is None or payload.path:  # Gradio has checked that the path lies in its own upload folder
            return payload and payload.path
        try:
            return decode(payload)
        except Exception:  # a door: whatever a decoder raises, the visitor gets a sentence and the log the rest
            log.info("an upload could not be opened", exc_info=True)
            raise complaint("This is not a picture that can be read.") from None

    setattr(image, "preprocess", preprocess)  # noqa: B010 - a method of the instance, not of the class
    return image


def picture_files(**settings: Any) -> gr.File:
    """Where several pictures are brought at once."""
    return gr.File(file_count="multiple", file_types=["image"], type="filepath", **settings)


def consent_box(elem_id: str) -> gr.Checkbox:
    """The question whether pictures of people may be used."""
    return gr.Checkbox(False, label="I may use these pictures (myself, or with permission)", elem_id=elem_id)


def complaint(message: str) -> gr.Error:
    """An error for the visitor; the text is data, so it is escaped."""
    return gr.Error(html.escape(message), title="Please try another way", print_exception=False)


def guarded(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Let only messages meant for people out of a handler or a generator; everything else goes to the log."""

    @functools.wraps(handler)
    def safe(*args: Any, **kwargs: Any) -> Any:
        try:
            return handler(*args, **kwargs)
        except Exception as error:  # the outermost door of every handler: nothing of it may reach a visitor
            raise _for_visitors(error, handler) from None

    @functools.wraps(handler)
    def safely(*args: Any, **kwargs: Any) -> Iterator[Any]:
        try:
            yield from handler(*args, **kwargs)
        except Exception as error:  # likewise
            raise _for_visitors(error, handler) from None

    return safely if inspect.isgeneratorfunction(handler) else safe


def _for_visitors(error: Exception, handler: Callable[..., Any]) -> gr.Error:
    if isinstance(error, gr.Error):
        return error
    if isinstance(error, PictureError | LessonError | AdaptError):
        return complaint(str(error))
    log.error("%s failed", getattr(handler, "__name__", handler), exc_info=error)
    return complaint("Something went wrong on our side. Your picture was not kept; please try again.")


def sweep_files(folder: Path, seconds: float = KEEP_SECONDS) -> None:
    """Delete old temporary files, half-finished uploads among them; runs for as long as the program does."""

    def loop() -> None:
        while True:
            limit = time.time() - seconds
            for path in folder.rglob("*"):
                try:
                    if path.is_file() and path.stat().st_mtime < limit:
                        path.unlink()
                except OSError:
                    continue
            time.sleep(seconds / 6)

    threading.Thread(target=loop, daemon=True, name="sweep").start()


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
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": 413, "headers": headers})
            await send({"type": "http.response.body", "body": b'{"detail":"The request is too large."}'})
            return
        seen = 0

        async def counted() -> dict[str, Any]:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            return {"type": "http.disconnect"} if seen > self.limit else message

        await self.app(scope, counted, send)


class Headers:
    """ASGI middleware: headers that Gradio does not send, and no proxying of other hosts' files."""

    def __init__(self, app: Callable[..., Any]) -> None:
        """Wrap an app."""
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Add the headers."""
        if scope["type"] == "http" and "/file=http" in scope["path"]:
            await send({"type": "http.response.start", "status": 403, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return

        async def with_headers(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                extra = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin")]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        await self.app(scope, receive, with_headers)
