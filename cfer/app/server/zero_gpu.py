"""Functions that ask for a GPU where Hugging Face lends one for moments (ZeroGPU). Elsewhere nothing changes.

Such a function runs in another process: it gets copies, returns tensors and changes nothing.
"""

from collections.abc import Callable
from typing import Any


def lent_gpu(function: Callable[..., Any]) -> Callable[..., Any]:
    """Ask for a GPU while a function runs, where the package `spaces` is installed; otherwise the function itself."""
    spaces = _spaces()
    return function if spaces is None else spaces.GPU(duration=15)(function)


def is_lent() -> bool:
    """True if a function that asks for a GPU gets one."""
    return _spaces() is not None


def _spaces() -> Any:
    try:
        import spaces
    except ImportError:
        return None
    return spaces
