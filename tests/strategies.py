"""Random geometry for law tests, with the inputs on which formulas break drawn on purpose."""

import math

import numpy as np
import torch
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from geometry.rigid import rigid_from

UNIT = st.floats(-1, 1, allow_nan=False)
# Nothing, next to nothing, quarter, nearly half and exactly half turns, beside anything between.
ANGLES = st.one_of(
    st.sampled_from([0.0, 1e-12, 1e-8, 1e-4, math.pi / 2, math.pi - 1e-6, math.pi - 1e-12, math.pi]),
    st.floats(0, math.pi),
)


@st.composite
def axes(draw):
    """A direction, (3,)."""
    vector = np.array([draw(UNIT), draw(UNIT), draw(UNIT)])
    length = np.linalg.norm(vector)
    return vector / length if length > 1e-3 else np.array([0.0, 0.0, 1.0])


@st.composite
def rotations(draw):
    """A rotation matrix made by scipy, (3, 3)."""
    matrix = Rotation.from_rotvec(draw(axes()) * draw(ANGLES)).as_matrix()
    return torch.from_numpy(matrix)


@st.composite
def points(draw, reach=10.0):
    """A place, (3,)."""
    return torch.tensor([draw(UNIT), draw(UNIT), draw(UNIT)], dtype=torch.float64) * reach


@st.composite
def rigid_motions(draw):
    """A rotation and a translation, (4, 4)."""
    return rigid_from(draw(rotations()), draw(points()))


@st.composite
def cameras(draw):
    """What ``Camera`` takes for a camera anywhere, with pixels not square and the lens off the centre.

    The test makes the camera: its checks may ask beartype, whose dice hypothesis forbids while drawing.
    """
    height, width = draw(st.integers(1, 2000)), draw(st.integers(1, 2000))
    focal = draw(st.floats(0.2, 5)) * width
    K = torch.tensor(
        [
            [focal, 0.0, width * draw(st.floats(0.2, 0.8))],
            [0.0, focal * draw(st.floats(0.5, 2)), height * draw(st.floats(0.2, 0.8))],
            [0.0, 0.0, 1.0],
        ],
        dtype=torch.float64,
    )
    return {"K": K, "world_to_camera": draw(rigid_motions()), "height": height, "width": width}
