"""Which landmark readout is measured: one that came with the backbone, or one fitted to rendered people."""

import json
from dataclasses import replace

from cfer.checkpoint import load_checkpoint
from cfer.checkpoint.landmarks import FILE
from cfer.measure.checkpoint import ERRORS, learned_readout


def test_a_readout_that_an_earlier_measuring_fitted_is_not_taken_for_a_learned_one() -> None:
    checkpoint = load_checkpoint()
    fitted = replace(checkpoint, measured={**checkpoint.measured, ERRORS: json.dumps({"fitted_on": 3520}).encode()})
    learned = replace(checkpoint, measured={FILE: checkpoint.measured[FILE]})

    assert learned_readout(fitted) is None
    assert learned_readout(learned) is not None
