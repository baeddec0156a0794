"""Shading kernels: what light the drawn surfaces send back.

Deferred: the rasteriser leaves, for each pixel, what part it shows and a row of `CHANNELS` interpolated values; the
kernels here turn them into reflectance, irradiance and gloss. Lights are few and distant.
"""

import numpy as np

from cfer.synth.kernel import kernel

# Columns of the pixel values: position (camera frame), normal, chart coordinates, coordinates on eye or tooth.
POSITION, NORMAL, CHART, LOCAL, CHANNELS = 0, 3, 6, 8, 11
IRIS = 0.46  # radius of the iris in radii of the eyeball

_SKIN, _MOUTH, _TONGUE, _UPPER, _LOWER, _EYE = 0, 2, 3, 4, 5, 6  # as in cfer.synth.head.Part
NOTHING = 255


@kernel
def _clamp(x, low, high):
    return min(max(x, low), high)


@kernel
def _look_up(chart, u, v, out):
    # bilinear look-up of all channels
    size = chart.shape[0]
    x, y = u * size - 0.5, (1 - v) * size - 0.5
    ix, iy = int(np.floor(x)), int(np.floor(y))
    fx, fy = x - ix, y - iy
    x0, x1 = min(max(ix, 0), size - 1), min(max(ix + 1, 0), size - 1)
    y0, y1 = min(max(iy, 0), size - 1), min(max(iy + 1, 0), size - 1)
    for k in range(chart.shape[2]):
        top = chart[y0, x0, k] * (1 - fx) + chart[y0, x1, k] * fx
        out[k] = top * (1 - fy) + (chart[y1, x0, k] * (1 - fx) + chart[y1, x1, k] * fx) * fy


@kernel
def _bend(normal, slope):
    # tilt a normal by a surface gradient
    along = slope[0] * normal[0] + slope[1] * normal[1] + slope[2] * normal[2]
    length = 0.0
    for k in range(3):
        slope[k] -= along * normal[k]
        length += slope[k] * slope[k]
    scale = min(1.0, 0.8 / (np.sqrt(length) + 1e-9))
    length = 0.0
    for k in range(3):
        normal[k] -= slope[k] * scale
        length += normal[k] * normal[k]
    for k in range(3):
        normal[k] /= np.sqrt(length) + 1e-9


@kernel
def _eye(x, y, z, iris, pupil, shade, colour):
    # procedural iris and sclera; x, y, z on the unit eyeball, z out of the pupil
    radius = np.sqrt(x * x + y * y)
    angle = np.arctan2(y, x)
    q = radius / IRIS if z > 0 else 9.0
    fibre = 0.5 + 0.5 * np.sin(angle * 41 + 3 * np.sin(angle * 7) + 5 * q)
    coarse = 0.5 + 0.5 * np.sin(angle * 23 + 1.7 + 4 * np.sin(angle * 5))
    ring = 1 + 0.6 * max(0.0, 1 - abs(q - 0.55) / 0.35)
    rim = 1 - 0.65 * _clamp((q - 0.78) / 0.22, 0.0, 1.0)
    hole = _clamp((q - pupil) / 0.06, 0.0, 1.0)
    white = _clamp((q - 0.95) / 0.12, 0.0, 1.0)
    corner = _clamp((radius - 0.55) / 0.4, 0.0, 1.0)
    sclera = (0.66 * (1 - 0.08 * corner), 0.61 * (1 - 0.20 * corner), 0.575 * (1 - 0.22 * corner))
    for k in range(3):
        stroma = iris[k] * (0.55 + 0.33 * fibre + 0.25 * coarse) * ring * rim * hole + 0.002
        colour[k] = (stroma * (1 - white) + sclera[k] * white) * shade


@kernel
def _tooth(across, height, normal, turn, colour):
    # single teeth on the denture's band: across is the arc from the middle, height the way from the biting edge (cm)
    out = abs(across)
    left = 0.0
    right = 0.0
    for edge in (0.86, 1.54, 2.28, 2.98, 3.66, 99.0):
        right = edge
        if out < edge:
            break
        left = edge
    at = 2 * (out - left) / (right - left) - 1  # -1..1 over the tooth
    bulge = 0.55 * at**3 * (1.0 if across > 0 else -1.0)
    length = 0.0
    for k in range(3):
        normal[k] += bulge * turn[k, 0]
        length += normal[k] * normal[k]
    for k in range(3):
        normal[k] /= np.sqrt(length)
    gap = np.exp(-(((1 - abs(at)) * (right - left) / 0.07) ** 2))
    notch = _clamp(1 - height / 0.16, 0.0, 1.0) * _clamp((abs(at) - 0.72) / 0.28, 0.0, 1.0)
    dark = (1 - 0.5 * gap) * (1 - 0.7 * notch)
    gum = _clamp((height - 0.95 + 0.16 * at * at) / 0.08, 0.0, 1.0)
    colour[0] = (0.72 * (1 - gum) + 0.40 * gum) * dark
    colour[1] = (0.66 * (1 - gum) + 0.16 * gum) * dark
    colour[2] = (0.55 * (1 - gum) + 0.15 * gum) * dark


@kernel
def shade(
    parts,
    values,
    skin,
    wrinkles,
    active,
    turn,
    shadow,
    occlusion,
    lights,
    ambient,
    camera,
    lip_z,
    lid_shade,
    iris,
    pupil,
):
    """Light every drawn pixel.

    Args:
        parts: (H, W) uint8 part shown, 255 for none.
        values: (H, W, 11) float32 pixel values, see the module; normals are brought to length 1.
        skin: (S, S, 8) float32 chart: reflectance, pores' gradient, gloss, lips.
        wrinkles: (N, S, S, 4) float32 charts: gradient, height.
        active: (N,) float32 depth of each wrinkle, cm.
        turn: (3, 3) float32 rotation of the head.
        shadow: (H, W) float32 share of the key light that arrives.
        occlusion: (H, W) float32 share of the ambient light that arrives.
        lights: (3, 6) float32 direction and colour of key, fill and rim.
        ambient: (2, 3) float32 light from above and below.
        camera: Distance of the camera (cm).
        lip_z: How far out the lips are (camera frame, cm): the mouth's inside darkens behind them.
        lid_shade: (H, W) float32 light that the lids leave on the eyes.
        iris: (3,) float32 colour.
        pupil: Radius of the pupil in iris radii.

    Returns:
        Reflectance, irradiance and gloss, each (H, W, 3) float32.
    """
    height, width = parts.shape
    reflectance = np.zeros((height, width, 3), np.float32)
    irradiance = np.zeros((height, width, 3), np.float32)
    gloss = np.zeros((height, width, 3), np.float32)
    surface = np.zeros(8, np.float32)
    fold = np.zeros(4, np.float32)
    colour = np.zeros(3, np.float32)
    normal = np.zeros(3, np.float32)
    slope = np.zeros(3, np.float32)
    view = np.zeros(3, np.float32)
    for row in range(height):
        for column in range(width):
            part = parts[row, column]
            if part == NOTHING:
                continue
            pixel = values[row, column]
            length = 0.0
            for k in range(3):
                length += pixel[NORMAL + k] ** 2
            for k in range(3):  # interpolation shortens normals
                pixel[NORMAL + k] /= np.sqrt(length) + 1e-9
                normal[k] = pixel[NORMAL + k]
            oil, lips, open_air = 0.0, 0.0, 1.0
            if part == _SKIN:
                _look_up(skin, pixel[CHART], pixel[CHART + 1], surface)
                gx, gy, gz, cavity = surface[3], surface[4], surface[5], 0.0
                for n in range(len(active)):
                    if active[n] > 0:
                        _look_up(wrinkles[n], pixel[CHART], pixel[CHART + 1], fold)
                        gx += active[n] * fold[0]
                        gy += active[n] * fold[1]
                        gz += active[n] * fold[2]
                        cavity += active[n] * fold[3]
                hollow = _clamp(1 + 4.2 * cavity, 0.62, 1.05)
                for k in range(3):
                    colour[k] = surface[k] * hollow
                    slope[k] = turn[k, 0] * gx + turn[k, 1] * gy + turn[k, 2] * gz
                _bend(normal, slope)
                oil, lips = surface[6], surface[7]
            elif part == _EYE:
                _eye(pixel[LOCAL], pixel[LOCAL + 1], pixel[LOCAL + 2], iris, pupil, lid_shade[row, column], colour)
            elif part == _TONGUE:
                colour[0], colour[1], colour[2] = 0.50, 0.19, 0.18
            elif part in (_UPPER, _LOWER):
                _tooth(pixel[LOCAL], pixel[LOCAL + 1], normal, turn, colour)
            else:
                colour[0], colour[1], colour[2] = 0.36, 0.11, 0.105
            if part in (_MOUTH, _TONGUE, _UPPER, _LOWER):
                deep = _clamp((lip_z - pixel[POSITION + 2] - 0.5) / 4.2, 0.0, 1.0)
                open_air = 0.07 + 0.85 * (1 - deep) ** 1.5
            length = 0.0
            for k in range(3):
                view[k] = (camera if k == 2 else 0.0) - pixel[POSITION + k]
                length += view[k] * view[k]
            for k in range(3):
                view[k] /= np.sqrt(length)
            arrives, direct = occlusion[row, column], shadow[row, column]
            if part in (_UPPER, _LOWER):  # enamel scatters light from one tooth to the next
                arrives, direct = 0.55 + 0.45 * arrives, 0.5 + 0.5 * direct
            up = 0.5 * normal[1] + 0.5
            facing = max(0.0, normal[0] * view[0] + normal[1] * view[1] + normal[2] * view[2])
            for k in range(3):
                around = ambient[0, k] * up + ambient[1, k] * (1 - up)
                irradiance[row, column, k] = around * (arrives**0.85 if k == 0 else arrives)
                if part == _SKIN:
                    gloss[row, column, k] = 0.05 * (1 - facing) ** 4 * around * arrives
            for j in range(3):
                towards = lights[j]
                lambert = normal[0] * towards[0] + normal[1] * towards[1] + normal[2] * towards[2]
                seen = direct * (0.35 + 0.65 * arrives) if j == 0 else arrives
                for k in range(3):
                    # light bleeds past the terminator in skin, red furthest; the rim light stays hard
                    wrap = 0.0 if j == 2 else (0.25 if j == 1 else (0.30 if k == 0 else (0.14 if k == 1 else 0.10)))
                    irradiance[row, column, k] += max(0.0, (lambert + wrap) / (1 + wrap)) * towards[3 + k] * seen
                hx, hy, hz = view[0] + towards[0], view[1] + towards[1], view[2] + towards[2]
                scale = 1 / (np.sqrt(hx * hx + hy * hy + hz * hz) + 1e-9)
                if part == _SKIN:
                    if lambert <= 0:
                        continue
                    half = max(0.0, normal[0] * hx + normal[1] * hy + normal[2] * hz) * scale
                    toward = max(0.0, view[0] * hx + view[1] * hy + view[2] * hz) * scale
                    fresnel = 0.028 + 0.97 * (1 - toward) ** 5
                    lobes = 0.75 * 0.88 * half**14 + (0.25 + 0.5 * oil + 0.9 * lips) * 2.24 * half**48
                    shine = lobes * fresnel * lambert * (direct * arrives if j == 0 else arrives)
                else:
                    nx, ny, nz = pixel[NORMAL], pixel[NORMAL + 1], pixel[NORMAL + 2]
                    half = (nx * hx + ny * hy + nz * hz) * scale
                    lambert = nx * towards[0] + ny * towards[1] + nz * towards[2]
                    if half <= 0 or lambert <= 0:
                        continue
                    shine = lambert * (direct if j == 0 else 1.0)
                    if part == _EYE:
                        shine *= min(3.2 * half**900, 3.0) + 0.014 * half**60
                    else:
                        shine *= 0.16 * half**90 * open_air
                for k in range(3):
                    gloss[row, column, k] += shine * towards[3 + k]
            for k in range(3):
                reflectance[row, column, k] = colour[k]
                irradiance[row, column, k] *= open_air
    return reflectance, irradiance, gloss
