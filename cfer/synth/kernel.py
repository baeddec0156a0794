"""Compilation of this package's inner loops."""

from numba import njit

kernel = njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
"""Decorator: compiled on first use, kept on disk, single-threaded, because many pictures run one process a core."""
