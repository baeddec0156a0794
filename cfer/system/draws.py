"""Seeds of draws that are independent of each other: a hash of all that tells one draw from another."""

import hashlib

import numpy as np
import torch


def seed_of(*keys: int | str) -> np.random.SeedSequence:
    """A seed that no other keys share: numbers stand for themselves, names for 128 bits of their SHA-256.

    Args:
        keys: Such as the run's seed, the purpose, the fold and the class's name; numbers are not negative.
    """
    return np.random.SeedSequence([word for key in keys for word in _words(key)])


def generator_of(*keys: int | str) -> torch.Generator:
    """Torch's generator of `seed_of` some keys."""
    state = seed_of(*keys).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state >> np.uint64(1)))


def _words(key: int | str) -> list[int]:
    if isinstance(key, int):
        return [key]
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
    return [int.from_bytes(digest[place : place + 4], "big") for place in range(0, 16, 4)]
