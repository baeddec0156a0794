"""Wiring of the page's events: which queue they wait in, and handlers that give values by name."""

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from cfer.app.server.safety import guarded

BUSY: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 1, "api_visibility": "private"}
"""Of every event that asks the model: one at a time, whoever asks."""


def by_name(handler: Callable[..., Any], parts: dict[str, Any]) -> Callable[..., Any]:
    """A handler that gives values by name, for Gradio, which wants them by component.

    One that gives nothing changes nothing: Gradio would empty all outputs.
    """
    safe = guarded(handler)

    def placed(stage: dict[str, Any]) -> dict[Any, Any]:
        return {parts[name]: value for name, value in stage.items()}

    @functools.wraps(handler)
    def once(*args: Any) -> dict[Any, Any]:
        return placed(safe(*args)) or gr.skip()

    @functools.wraps(handler)
    def stages(*args: Any) -> Iterator[dict[Any, Any]]:
        given = False
        for stage in safe(*args):
            given = True
            yield placed(stage)
        if not given:
            yield gr.skip()

    return stages if inspect.isgeneratorfunction(handler) else once
