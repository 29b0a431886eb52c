"""The backdrop blurred by SciPy without the subject: the sum of the weighed colours over the sum of the weights. The subject is
what is farther than half way from the backdrop's colour to its own."""

import numpy as np

from common import blur
from subject_crop import subject


def run(picture, p):
    outside = (~subject(picture[..., :3]))[..., None].astype(float)
    sigma = p.get("sigma", 12)
    weights = blur(outside, sigma)
    behind = blur(picture[..., :3] * outside, sigma) / np.maximum(weights, 1e-9)
    return np.where(outside == 1, behind, picture[..., :3])
