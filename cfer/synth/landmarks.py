"""The 68 landmarks of the iBUG 300-W scheme as vertices of the rendered mesh.

Picked on the average head, symmetric about its middle: the jaw's outline as it looks from the front, brows on the
brow ridge, lid margins, nose, and the vermilion border and inner border of the lips.
Scheme: Sagonas et al., "300 Faces In-the-Wild Challenge", ICCV Workshops 2013. Subject's right comes first.
"""

import numpy as np

_JAW = (17300, 17328, 9054, 9099, 17457, 9132, 1773, 17321, 9041, 19581, 4010, 13528, 19713, 13500, 13457, 19588, 19560)
_BROWS = (15947, 5787, 5783, 15950, 5792, 10507, 18220, 10498, 10502, 18217)
_NOSE = (132, 5683, 5757, 1603, 320, 16025, 6130, 18294, 2646)
_EYES = (1062, 5349, 5483, 10055, 7864, 7855, 14425, 10224, 10090, 3318, 12304, 12313)
_OUTER_LIPS = (6566, 17597, 6227, 455, 10893, 19852, 11191, 19822, 11180, 6550, 6536, 17566)
_INNER_LIPS = (6399, 6500, 6505, 11149, 11061, 18427, 6601, 16158)

_EYE_PARTNERS = (45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40)
_LIP_PARTNERS = (*range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), *range(67, 64, -1))

MIRRORED = np.array(
    (*range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1), *_EYE_PARTNERS, *_LIP_PARTNERS)
)
"""(68,) number of each landmark's partner on the other side of the face."""

LANDMARKS = np.array([*_JAW, *_BROWS, *_NOSE, *_EYES, *_OUTER_LIPS, *_INNER_LIPS])
"""(68,) vertex numbers: jaw 0-16, brows 17-26, nose 27-35, eyes 36-47, outer lips 48-59, inner lips 60-67."""
