"""Patch matching between the holes of a picture and its known pixels, and voting with the matches.

Barnes et al. 2009 (PatchMatch): a good match of one pixel, shifted along, is mostly a good match of its
neighbour, so a few passes of taking over and trying at random find near-best matches for all pixels.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Bool, Float32, Int64
from numba import njit

RADIUS = 3
"""Patches are 7x7."""

NEARER, FARTHER = np.float32(np.log(1.35)), np.float32(np.log(2.5))
"""Largest ratio of inverse depth, as a logarithm, by which a source patch may be nearer (in any of its
pixels) or farther (at its centre) than the place it is copied to, at no cost."""

DEPTH_WEIGHT = np.float32(0.3)
"""Price of a patch e times nearer or farther than that, or of sky instead of matter, if depth is trusted."""

SKY_DEPTH = np.float32(-100.0)
"""What stands for the sky's ``depth``."""

ACROSS_WEIGHT, DOWN_WEIGHT = np.float32(0.02), np.float32(1.0)
"""Weights of the distance over the picture's width, squared: of equal matches the nearest is taken, and
rather one at the same height, where in most pictures the same kind of thing is found."""

MIRROR_WEIGHT = np.float32(0.08)
"""Price of a mirrored patch far from known pixels: beside them a mirror image joins best, farther away it
shows the same things once more."""

SKYLINE_WEIGHT = np.float32(0.05)
"""Price of sky where the fill has matter beyond the rim, or of matter where it has sky, if depth is trusted:
skylines may go another way than the fill's, but none begins along the rim."""

LIGHT_WEIGHT = np.float32(0.1)
"""Weight of the difference in light, squared: of patches that join equally well the one that is as bright and
of the same hue as the fill needs no other light."""

NO_MATCH = np.float32(1e9)


class Canvas(NamedTuple):
    """One size of a picture that is being completed, and what patches may be taken from.

    ``picture``, ``light``, ``depth``, ``nearest`` and ``source`` hold the picture at the top left, below it
    another one to take from (if there is one), and to their right the mirror image of all that. The other
    arrays are as large as the picture.

    Attributes:
        picture: Known pixels, and the current state of the holes: RGB, and a weighted flag for sky.
        light: RGB as a wide blur leaves it, of the first guess in the holes.
        depth: Logarithm of inverse depth, complete; ``SKY_DEPTH`` for sky.
        nearest: Largest ``depth`` within the patch around every pixel.
        source: True at pixels around which a whole patch may be taken.
        trust: How far the depth of holes is to be believed, 0 to 1.
        open: True at holes beyond the rim: where there is sky in them nobody knows.
        certainty: How much a pixel, or the patch around it, has to say, 0 to 1; known ones all.
        holes: Row and column of the pixels to complete, in reading order.
        horizon: The lowest row in which sky is known, or the last one if none is: below there is no sky.
    """

    picture: Float32[np.ndarray, "rows columns 4"]
    light: Float32[np.ndarray, "rows columns 3"]
    depth: Float32[np.ndarray, "rows columns"]
    nearest: Float32[np.ndarray, "rows columns"]
    source: Bool[np.ndarray, "rows columns"]
    trust: Float32[np.ndarray, "h w"]
    open: Bool[np.ndarray, "h w"]
    certainty: Float32[np.ndarray, "h w"]
    holes: Int64[np.ndarray, "hole 2"]
    horizon: int


@njit(cache=True, nogil=True)
@no_type_check
def _random(state, below):
    """A number in [0, below) and the next state (a linear congruential generator, Knuth's constants)."""
    state = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
    return np.int64((state >> np.uint64(33)) % np.uint64(below)), state


@njit(cache=True, nogil=True)
@no_type_check
def _difference(canvas, y, x, v, u, limit):
    """Mean squared difference between the patch at (y, x) and the source patch at (v, u), and its price.

    Pixels of the patch at (y, x) count by their certainty, so that what is known decides; those that belong
    to something in front do not count. ``NO_MATCH`` where (v, u) is no source, or as soon as ``limit`` is
    passed.
    """
    picture = canvas.picture
    height, width = canvas.certainty.shape
    if v < 0 or u < 0 or v >= canvas.source.shape[0] or u >= canvas.source.shape[1]:
        return NO_MATCH
    if not canvas.source[v, u]:
        return NO_MATCH
    price = _price(canvas, y, x, v, u)
    if price >= limit:
        return NO_MATCH
    depth = canvas.depth[y, x]
    unsure = canvas.open[y, x] and (depth == SKY_DEPTH or canvas.depth[v, u] == SKY_DEPTH)
    total, count = np.float32(0.0), np.float32(0.0)
    most = (limit - price) * np.float32((2 * RADIUS + 1) ** 2)
    for dy in range(max(-RADIUS, -y), min(RADIUS + 1, height - y)):
        for dx in range(max(-RADIUS, -x), min(RADIUS + 1, width - x)):
            if unsure or canvas.depth[y + dy, x + dx] - depth <= NEARER:
                certainty = canvas.certainty[y + dy, x + dx]
                count += certainty
                for c in range(4):
                    step = picture[y + dy, x + dx, c] - picture[v + dy, u + dx, c]
                    total += certainty * step * step
        if total > most:
            return NO_MATCH
    return price + total / count


@njit(cache=True, nogil=True)
@no_type_check
def _price(canvas, y, x, v, u):
    """What the source patch at (v, u) costs at (y, x) before it is looked at.

    For its place, for other light and the wrong depth, and for being a mirror image, which shows only beyond
    the rim: a thing's own would continue it over what is behind it. There is no sky below the horizon.
    """
    height, width = canvas.certainty.shape
    depth, its_depth, its_nearest = canvas.depth[y, x], canvas.depth[v, u], canvas.nearest[v, u]
    price = np.float32(0.0)
    if its_depth == SKY_DEPTH and y > canvas.horizon:
        return NO_MATCH
    for c in range(3):
        step = canvas.light[y, x, c] - canvas.light[v, u, c]
        price += LIGHT_WEIGHT * step * step
    if u >= width:
        if not canvas.open[y, x]:
            return NO_MATCH
        u = 2 * width - 1 - u
        price += MIRROR_WEIGHT * (np.float32(1.0) - canvas.certainty[y, x])
    above = v - height if v >= height else v
    across, down = np.float32(u - x) / np.float32(width), np.float32(above - y) / np.float32(width)
    price += ACROSS_WEIGHT * across * across + DOWN_WEIGHT * down * down
    if canvas.open[y, x] and (depth == SKY_DEPTH or its_depth == SKY_DEPTH):
        wrong = np.float32(0.0) if depth == its_depth else SKYLINE_WEIGHT
        return price + wrong * canvas.trust[y, x]
    wrong = max(its_nearest - depth - NEARER, depth - its_depth - FARTHER, np.float32(0.0))
    return price + DEPTH_WEIGHT * canvas.trust[y, x] * min(wrong, np.float32(1.0))


@njit(cache=True, nogil=True)
@no_type_check
def search(canvas, match, error, passes, reach, seed):
    """Improve ``match`` (height, width, 2) and ``error`` (height, width) in place.

    Args:
        canvas: The picture.
        match: Row and column of each hole pixel's source; negative where there is none yet.
        error: The matches' differences.
        passes: How often all pixels are visited, forwards and backwards in turn.
        reach: Radius of the widest random try, halved from try to try.
        seed: Of the random tries.
    """
    state = np.uint64(seed * 2 + 1)
    height, width = error.shape
    for turn in range(passes):
        forwards = turn % 2 == 0
        back = 1 if forwards else -1
        for row in range(len(canvas.holes)):
            y, x = canvas.holes[row if forwards else len(canvas.holes) - 1 - row]
            best = error[y, x]
            for dy, dx in ((back, 0), (0, back)):
                py, px = y - dy, x - dx
                if 0 <= py < height and 0 <= px < width and match[py, px, 0] >= 0:
                    v, u = match[py, px, 0] + dy, match[py, px, 1] + dx
                    tried = _difference(canvas, y, x, v, u, best)
                    if tried < best:
                        best, match[y, x, 0], match[y, x, 1] = tried, v, u
            radius = reach
            while radius >= 1:
                center_y = match[y, x, 0] if match[y, x, 0] >= 0 else y
                center_x = match[y, x, 1] if match[y, x, 0] >= 0 else x
                dv, state = _random(state, 2 * radius + 1)
                du, state = _random(state, 2 * radius + 1)
                v, u = center_y + dv - radius, center_x + du - radius
                tried = _difference(canvas, y, x, v, u, best)
                if tried < best:
                    best, match[y, x, 0], match[y, x, 1] = tried, v, u
                radius //= 2
            error[y, x] = best


@njit(cache=True, nogil=True)
@no_type_check
def measure(canvas, match, error):
    """Set ``error`` to the differences of the matches as the picture stands now, in place."""
    for row in range(len(canvas.holes)):
        y, x = canvas.holes[row]
        error[y, x] = NO_MATCH
        if match[y, x, 0] >= 0:
            error[y, x] = _difference(canvas, y, x, match[y, x, 0], match[y, x, 1], NO_MATCH)
            if error[y, x] >= NO_MATCH:
                match[y, x, 0] = -1


@njit(cache=True, nogil=True)
@no_type_check
def vote(canvas, match, error, places, radius, sharpness):
    """What the matched patches around each place show there, on average: (place, 4), and whether any does.

    Args:
        canvas: The picture.
        match: Sources of the hole pixels, negative where there is none.
        error: Their differences; the better matches count more.
        places: Row and column of the pixels to tell of.
        radius: Patches this far around a pixel have a vote.
        sharpness: How steeply a patch's vote falls with its difference.
    """
    height, width = error.shape
    shown, answered = np.zeros((len(places), 4), np.float32), np.zeros(len(places), np.bool_)
    for row in range(len(places)):
        y, x = places[row]
        weights = np.float32(0.0)
        for py in range(max(y - radius, 0), min(y + radius + 1, height)):
            for px in range(max(x - radius, 0), min(x + radius + 1, width)):
                if match[py, px, 0] < 0:
                    continue
                v, u = match[py, px]
                weight = np.exp(-error[py, px] * np.float32(sharpness)) * canvas.certainty[py, px]
                weights += weight
                for c in range(4):
                    shown[row, c] += weight * canvas.picture[v + y - py, u + x - px, c]
        if weights > 0:
            shown[row] /= weights
            answered[row] = True
    return shown, answered
