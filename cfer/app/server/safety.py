"""Barriers between a visitor and the code: limits, plain-words errors, temporary files, private lessons."""

import functools
import html
import inspect
import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from cfer.app.server.visitors import KEEP_SECONDS
from cfer.app.texts import labels
from cfer.lessons.names import LessonError
from cfer.pictures import PictureError
from cfer.reading.adapt import AdaptError

log = logging.getLogger("cfer.app")

MAX_FILE = "60mb"


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


def optional(component: Any) -> Any:
    """A component that hands on nothing where nothing was given, whatever it makes of a value."""
    checked = component.preprocess
    setattr(component, "preprocess", lambda value: None if value is None else checked(value))  # noqa: B010 - as above
    return component


def picture_files(**settings: Any) -> gr.File:
    """Area for bringing several pictures at once, of one height at all times (`.cfer-files` in the style sheet)."""
    kind: dict[str, Any] = {"file_count": "multiple", "file_types": ["image"], "type": "filepath"}
    return gr.File(height=140, elem_classes="cfer-files", **kind, **settings)


def consent_box(elem_id: str) -> gr.Checkbox:
    """The question whether pictures of people may be used."""
    return gr.Checkbox(False, label=labels("consent"), elem_id=elem_id)


def complaint(message: str, *, for_page: bool = True) -> gr.Error:
    """An error for whoever asked; the text is data, so a page gets it escaped, and a program as it is."""
    text = html.escape(message) if for_page else message
    return gr.Error(text, title="Please try another way", print_exception=False)


def guarded(handler: Callable[..., Any], *, for_page: bool = True) -> Callable[..., Any]:
    """Let only messages meant for people out of a handler or a generator; everything else goes to the log.

    Args:
        handler: What answers.
        for_page: Whether a page shows the messages, or a program takes them.
    """

    @functools.wraps(handler)
    def safe(*args: Any, **kwargs: Any) -> Any:
        try:
            return handler(*args, **kwargs)
        except Exception as error:  # the outermost door of every handler: nothing of it may reach a visitor
            raise _for_visitors(error, handler, for_page) from None

    @functools.wraps(handler)
    def safely(*args: Any, **kwargs: Any) -> Iterator[Any]:
        try:
            yield from handler(*args, **kwargs)
        except Exception as error:  # likewise
            raise _for_visitors(error, handler, for_page) from None

    return safely if inspect.isgeneratorfunction(handler) else safe


def _for_visitors(error: Exception, handler: Callable[..., Any], for_page: bool) -> gr.Error:
    if isinstance(error, gr.Error):
        return error
    if isinstance(error, PictureError | LessonError | AdaptError):
        return complaint(str(error), for_page=for_page)
    log.error("%s failed", getattr(handler, "__name__", handler), exc_info=error)
    return complaint("Something went wrong on our side. Your picture was not kept; please try again.")


def taking_folder() -> Path:
    """A new folder for what a visitor may take; its files are swept by age."""
    return Path(tempfile.mkdtemp(prefix="taken-", dir=os.environ.get("GRADIO_TEMP_DIR")))


def handed_out(name: str, data: bytes) -> str:
    """Write a file that a visitor may take; its path."""
    path = taking_folder() / name
    path.write_bytes(data)
    return str(path)


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
