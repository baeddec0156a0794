"""Rasterisation kernels: triangles and hair strands into pixel buffers, on one core.

Pixels are (row, column) with y downwards; depth is 1 / distance, larger is nearer. See `cfer.synth.kernel`
for how they are compiled.
"""

import numpy as np

from cfer.synth.kernel import kernel


@kernel
def rasterise(x, y, near, triangles, two_sided, depth, index, bary):
    """Draw triangles into the buffers, nearest first; perspective-correct barycentric coordinates.

    Args:
        x: (V,) float32 pixel columns of the vertices.
        y: (V,) float32 pixel rows.
        near: (V,) float32 1 / distance.
        triangles: (F, 3) int32; those facing away are left out unless `two_sided`.
        two_sided: Whether to draw triangles that face away.
        depth: (H, W) float32, updated.
        index: (H, W) int32 triangle number, updated.
        bary: (H, W, 2) float32 weights of the first two corners, updated.
    """
    height, width = depth.shape
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        x0, y0, x1, y1, x2, y2 = x[a], y[a], x[b], y[b], x[c], y[c]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if (area >= 0 and not two_sided) or abs(area) < 1e-9:
            continue
        left = int(max(0, np.floor(min(x0, min(x1, x2)))))
        right = int(min(width - 1, np.ceil(max(x0, max(x1, x2)))))
        top = int(max(0, np.floor(min(y0, min(y1, y2)))))
        bottom = int(min(height - 1, np.ceil(max(y0, max(y1, y2)))))
        scale = 1.0 / area
        n0, n1, n2 = near[a], near[b], near[c]
        for row in range(top, bottom + 1):
            py = row + 0.5
            for column in range(left, right + 1):
                px = column + 0.5
                e0 = ((x1 - px) * (y2 - py) - (x2 - px) * (y1 - py)) * scale
                e1 = ((x2 - px) * (y0 - py) - (x0 - px) * (y2 - py)) * scale
                e2 = 1.0 - e0 - e1
                if e0 < 0 or e1 < 0 or e2 < 0:
                    continue
                q = e0 * n0 + e1 * n1 + e2 * n2
                if q > depth[row, column]:
                    depth[row, column] = q
                    index[row, column] = t
                    bary[row, column, 0] = e0 * n0 / q
                    bary[row, column, 1] = e1 * n1 / q


@kernel
def interpolate(index, bary, triangles, values):
    """Interpolate (V, C) vertex values at the pixels: (H, W, C) float32, 0 where nothing was drawn."""
    height, width = index.shape
    channels = values.shape[1]
    out = np.zeros((height, width, channels), np.float32)
    for row in range(height):
        for column in range(width):
            t = index[row, column]
            if t < 0:
                continue
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            u, v = bary[row, column, 0], bary[row, column, 1]
            w = 1 - u - v
            for k in range(channels):
                out[row, column, k] = values[a, k] * u + values[b, k] * v + values[c, k] * w
    return out


@kernel
def vertex_normals(vertices, triangles):
    """Area-weighted unit normals, (V, 3) float32."""
    normals = np.zeros_like(vertices)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux, uy, uz = vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2]
        vx, vy, vz = vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for corner in (a, b, c):
            normals[corner, 0] += nx
            normals[corner, 1] += ny
            normals[corner, 2] += nz
    for i in range(len(normals)):
        length = np.sqrt(normals[i, 0] ** 2 + normals[i, 1] ** 2 + normals[i, 2] ** 2) + 1e-12
        for k in range(3):
            normals[i, k] /= length
    return normals


@kernel
def height_map(x, y, z, triangles, heights):
    """Draw the largest z of all triangles into `heights`, (S, S) float32: a shadow map."""
    size_y, size_x = heights.shape
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        x0, y0, x1, y1, x2, y2 = x[a], y[a], x[b], y[b], x[c], y[c]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if abs(area) < 1e-9:
            continue
        scale = 1.0 / area
        left = int(max(0, np.floor(min(x0, min(x1, x2)))))
        right = int(min(size_x - 1, np.ceil(max(x0, max(x1, x2)))))
        top = int(max(0, np.floor(min(y0, min(y1, y2)))))
        bottom = int(min(size_y - 1, np.ceil(max(y0, max(y1, y2)))))
        for row in range(top, bottom + 1):
            py = row + 0.5
            for column in range(left, right + 1):
                px = column + 0.5
                e0 = ((x1 - px) * (y2 - py) - (x2 - px) * (y1 - py)) * scale
                e1 = ((x2 - px) * (y0 - py) - (x0 - px) * (y2 - py)) * scale
                e2 = 1.0 - e0 - e1
                if e0 < 0 or e1 < 0 or e2 < 0:
                    continue
                q = e0 * z[a] + e1 * z[b] + e2 * z[c]
                if q > heights[row, column]:
                    heights[row, column] = q


@kernel
def draw_strands(x, y, near, colour, opacity, width, bias, opaque, depth, picture, cover):
    """Blend polylines over the picture where nothing nearer was drawn.

    Args:
        x: (N, K) float32 pixel columns of the strands' points.
        y: (N, K) float32 pixel rows.
        near: (N, K) float32 1 / distance.
        colour: (N, K, 3) float32 linear light.
        opacity: (N, K) float32 in 0..1.
        width: Width in pixels, about 1 to 2.
        bias: How much nearer (as a share) a strand counts, so that it is not lost in the skin under it.
        opaque: Whether strands hide later ones that lie behind.
        depth: (H, W) float32, updated if `opaque`.
        picture: (H, W, 3) float32 linear light, updated.
        cover: (H, W) float32 share of the pixel under strands, updated.
    """
    rows, columns = depth.shape
    for n in range(x.shape[0]):
        for k in range(x.shape[1] - 1):
            dx, dy = x[n, k + 1] - x[n, k], y[n, k + 1] - y[n, k]
            steep = abs(dy) >= abs(dx)
            steps = int(max(abs(dx), abs(dy))) + 1
            if max(x[n, k], x[n, k + 1]) < -1 or min(x[n, k], x[n, k + 1]) > columns:
                continue
            if max(y[n, k], y[n, k + 1]) < -1 or min(y[n, k], y[n, k + 1]) > rows:
                continue
            red, green, blue = colour[n, k, 0], colour[n, k, 1], colour[n, k, 2]
            red_step, green_step, blue_step = (
                colour[n, k + 1, 0] - red,
                colour[n, k + 1, 1] - green,
                colour[n, k + 1, 2] - blue,
            )
            for i in range(steps):
                f = (i + 0.5) / steps
                q = (near[n, k] * (1 - f) + near[n, k + 1] * f) * (1 + bias)
                px, py = x[n, k] + dx * f, y[n, k] + dy * f
                a = opacity[n, k] * (1 - f) + opacity[n, k + 1] * f
                across = (px if steep else py) - 0.5
                first = int(np.floor(across))
                part = across - first
                for j in range(2):
                    share = min(1.0, (part if j else 1 - part) * width)
                    row = int(np.floor(py)) if steep else first + j
                    column = first + j if steep else int(np.floor(px))
                    if row < 0 or column < 0 or row >= rows or column >= columns or q < depth[row, column]:
                        continue
                    blend = a * share
                    if blend < 0.02:
                        continue
                    pixel = picture[row, column]
                    pixel[0] += (red + red_step * f - pixel[0]) * blend
                    pixel[1] += (green + green_step * f - pixel[1]) * blend
                    pixel[2] += (blue + blue_step * f - pixel[2]) * blend
                    cover[row, column] = cover[row, column] * (1 - blend) + blend
                    if opaque and blend > 0.4:
                        depth[row, column] = max(depth[row, column], q)
