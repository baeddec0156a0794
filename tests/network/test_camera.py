"""What a camera does to pictures is found from unlabelled ones and taken back."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from cfer.network.camera import STRONGEST, CameraCorrection, Look, correction, look_of

SIDE = 64


def crops(count: int, seed: int) -> torch.Tensor:
    """Crops (N, 1, d, d) of smooth random shapes: coarse detail is strong, fine detail weak, as in faces."""
    cycles = SIDE * torch.hypot(torch.fft.fftfreq(SIDE)[:, None], torch.fft.rfftfreq(SIDE)[None])
    noise = torch.fft.rfft2(torch.randn(count, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(seed)))
    pictures = torch.fft.irfft2(noise / (1 + cycles) ** 1.2, s=(SIDE, SIDE))
    return (0.5 + 0.1 * pictures / pictures.std()).clamp(0, 1)


def seen_by_a_bad_camera(pixels: torch.Tensor) -> torch.Tensor:
    """Blurred by Pillow, a third of the contrast, darker."""
    found = []
    for each in (pixels[:, 0] * 255).byte().numpy():
        blurred = np.asarray(Image.fromarray(each).filter(ImageFilter.GaussianBlur(1)))
        found.append(torch.from_numpy(blurred.copy()).float() / 255)
    return (torch.stack(found)[:, None] - 0.5) / 3 + 0.35


def test_the_look_of_stripes_has_their_brightness_and_lies_in_their_band():
    wave = torch.cos(2 * torch.pi * 8 * torch.arange(SIDE) / SIDE).expand(1, 1, SIDE, SIDE)
    look = look_of(0.4 + 0.2 * wave)
    assert look.brightness == pytest.approx(0.4, abs=1e-6)
    assert len(look.contrasts) == SIDE // 2 + 1
    assert np.argmax(look.contrasts) == 8
    assert look.contrasts[20] < 0.01 * look.contrasts[8]
    half = look_of(0.4 + 0.1 * wave)
    assert half.contrasts[8] == pytest.approx(look.contrasts[8] / 2, rel=1e-4)


def test_pictures_that_look_right_are_left_as_they_are():
    pixels = crops(30, 0)
    look = look_of(pixels)
    same = correction(look, look)
    torch.testing.assert_close(torch.tensor(same.gains), torch.ones(len(same.gains)))
    torch.testing.assert_close(same(pixels), pixels, atol=1e-5, rtol=0)


def test_other_pictures_of_a_bad_camera_come_back_close_to_what_they_were():
    learned, mine, tested = crops(200, 1), crops(20, 2), crops(20, 3)
    camera = correction(look_of(seen_by_a_bad_camera(mine)), look_of(learned))
    spoiled = seen_by_a_bad_camera(tested)
    before, after = ((each - tested).square().mean().sqrt() for each in (spoiled, camera(spoiled)))
    assert after < 0.35 * before
    assert camera(spoiled).shape == tested.shape
    assert 0 <= float(camera(spoiled).min()) <= float(camera(spoiled).max()) <= 1


def test_detail_that_is_gone_is_not_raised_without_end():
    flat = Look(0.5, (1.0, 1.0, 1.0, 1.0, 1e-6, 0.0))
    wanted = Look(0.5, (2.0, 2.0, 2.0, 2.0, 2.0, 2.0))
    assert max(correction(flat, wanted).gains) == pytest.approx(STRONGEST * 2)


def test_colour_is_corrected_channel_by_channel():
    pixels = crops(3, 4).expand(3, 3, SIDE, SIDE)
    camera = CameraCorrection(0.5, 0.4, (1.0, 0.5, 0.5, 0.5))
    whole = camera(pixels)
    torch.testing.assert_close(whole[:, 1:2], camera(pixels[:, 1:2]))


def test_looks_of_other_sides_and_senseless_numbers_are_refused():
    with pytest.raises(ValueError, match="different sides"):
        correction(look_of(crops(1, 0)), look_of(crops(1, 0)[..., :32, :32]))
    for numbers in ((), (1.0,), (1.0, -1.0), (1.0, float("nan")), (float("inf"), 1.0)):
        with pytest.raises(ValueError, match="two bands or more"):
            CameraCorrection(0.5, 0.5, numbers)
        with pytest.raises(ValueError, match="two bands or more"):
            Look(0.5, numbers)
