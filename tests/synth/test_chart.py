import numpy as np
import pytest

from cfer.synth import paint
from cfer.synth.chart import SIZE, load_chart, to_chart
from cfer.synth.head import Part, load_head
from cfer.synth.landmarks import LANDMARKS
from cfer.synth.wrinkles import WRINKLES, load_wrinkles


def at(values, uv):
    rows = ((1 - uv[:, 1]) * SIZE).astype(int).clip(0, SIZE - 1)
    columns = (uv[:, 0] * SIZE).astype(int).clip(0, SIZE - 1)
    return values[rows, columns]


def test_the_chart_knows_where_the_face_is():
    head, chart = load_head(), load_chart()
    face = head.vertices_of(Part.SKIN)
    face = face[(head.template[face, 2] > 0.5) & (np.abs(head.template[face, 1]) < 9)]
    miss = np.linalg.norm(at(chart.position, chart.uv[face]) - head.template[face], axis=1)
    assert np.median(miss) < 0.06  # cm: about two pixels of the chart
    assert np.quantile(miss, 0.9) < 0.5  # nostrils and lids fold over themselves


def test_the_chart_is_symmetric_and_unfolded():
    points = np.random.default_rng(0).normal(size=(200, 3)) * [5, 5, 1] + [0, 0, 2]
    uv, mirrored = to_chart(points), to_chart(points * [-1, 1, 1])
    np.testing.assert_allclose(uv[:, 0], 1 - mirrored[:, 0], atol=1e-6)
    order = np.argsort(np.arctan2(points[:, 0], points[:, 2] + 6.9))
    assert (np.diff(uv[order, 0]) >= 0).all()


@pytest.mark.parametrize("direction", [(1.0, 0, 0), (0, 1.0, 0), (0.5, -0.3, 0.8)])
def test_gradients_are_the_surfaces(direction):
    """The gradient of a plane wave of height along d is d without its part along the surface's normal."""
    chart = load_chart()
    slope = chart.gradient((chart.position @ np.array(direction)).astype(np.float32))
    normal = np.cross(chart.tangent_u, chart.tangent_v)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True) + 1e-12
    expected = direction - (normal @ np.array(direction))[..., None] * normal
    x, y = chart.position[..., 0], chart.position[..., 1]
    forehead = (np.abs(x) < 3) & (y > 2.5) & (y < 6) & (chart.position[..., 2] > 0)
    np.testing.assert_allclose(slope[forehead], expected[forehead], atol=0.03)


def test_paint_is_where_it_belongs():
    points = load_head().template[LANDMARKS]
    brows, eyes, lips, jaw = points[17:27], points[36:48], points[48:60], points[3:14]
    assert paint.brow(brows).mean() > 0.6
    assert paint.brow(np.concatenate([eyes, lips, jaw])).max() < 0.05
    assert paint.scalp(points).max() == 0  # no hair in the face
    crown = np.array([[0.0, 9.5, -5.0]])
    assert paint.scalp(crown)[0] == 1
    assert paint.beard(jaw[3:8], np.zeros(5)).min() > 0.5
    assert paint.beard(np.concatenate([eyes, brows]), np.zeros(22)).max() == 0


def test_wrinkles_are_furrows_in_their_places():
    charts, position = load_wrinkles(), load_chart().position
    assert charts.shape == (len(WRINKLES), SIZE, SIZE, 4)
    heights = {"forehead": (2, 6), "crow": (-2, 2), "nasolabial": (-8, -3), "chin": (-11, -8), "glabella": (0, 3)}
    for name, (low, high) in heights.items():
        depth = -charts[WRINKLES.index(name), ..., 3]
        deep = depth > 0.5 * depth.max()
        assert low < np.median(position[deep][:, 1]) < high, name
        assert 0.3 < depth.max() < 2.5, name
