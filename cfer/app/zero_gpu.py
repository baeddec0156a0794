"""Where Hugging Face lends a GPU for moments (ZeroGPU): which functions ask for one.

Such a function runs in another process: it gets copies, returns tensors and changes nothing.
"""

from collections.abc import Callable
from typing import Any


def lent_gpu(function: Callable[..., Any]) -> Callable[..., Any]:
    """Ask for a GPU while a function runs, where the package `spaces` is installed; otherwise the function itself."""
    try:
        import spaces
    except ImportError:
        return function
    return spaces.GPU(duration=15)(function)
