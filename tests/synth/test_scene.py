import numpy as np

from cfer.synth.scene import Scene


def test_a_seed_is_a_scene():
    assert Scene.sample(4) == Scene.sample(4)
    assert Scene.sample(4) != Scene.sample(5)


def test_lights_come_from_where_they_should():
    for seed in range(50):
        scene = Scene.sample(seed)
        for light in (scene.key, scene.fill, scene.rim):
            assert abs(np.linalg.norm(light.direction) - 1) < 1e-9
        assert scene.key.direction[2] > 0  # in front
        assert scene.rim.direction[2] < 0  # behind
        assert sum(scene.key.colour) > sum(scene.fill.colour)


def test_backdrops_repeat_and_differ():
    scene = next(s for s in map(Scene.sample, range(50)) if s.pattern)
    first, again = scene.draw_background(64), scene.draw_background(64)
    np.testing.assert_array_equal(first, again)
    assert first.shape == (64, 64, 3)
    assert first.min() >= 0
    plain = next(s for s in map(Scene.sample, range(50)) if not s.pattern)
    assert plain.draw_background(64).std((0, 1)).max() < 0.1 * plain.draw_background(64).mean()
