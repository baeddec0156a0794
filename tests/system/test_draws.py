import itertools

import numpy as np
import torch

from cfer.emotions import COMPOUNDS
from cfer.system.draws import generator_of, seed_of


def first(*keys):
    return tuple(np.random.default_rng(seed_of(*keys)).permutation(1000)[:20])


def test_every_class_has_a_draw_of_its_own():
    assert len({first(0, 2, 0, 0, name) for name in COMPOUNDS}) == len(COMPOUNDS) == 15


def test_anagrams_names_of_one_ending_and_other_numbers_draw_differently():
    names = ("tea", "eat", "ate", "aaaa tea", "bbbb tea", "")
    keys = [(*numbers, name) for numbers in itertools.product(range(3), repeat=2) for name in names]
    assert len({first(*key) for key in keys}) == len(keys)
    assert len({int(torch.randint(2**40, (), generator=generator_of(*key))) for key in keys}) == len(keys)


def test_numbers_alone_are_numpys_own_seeds():
    assert first(3, 1, 4) == tuple(np.random.default_rng([3, 1, 4]).permutation(1000)[:20])
