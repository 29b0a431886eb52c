import numpy as np


def run(picture, p):
    """The matrix as https://www.w3.org/TR/filter-effects-1/#sepiaEquivalent writes it, by the amount."""
    rest = 1 - p.get("strength", 1)
    matrix = np.array(
        [
            [0.393 + 0.607 * rest, 0.769 - 0.769 * rest, 0.189 - 0.189 * rest],
            [0.349 - 0.349 * rest, 0.686 + 0.314 * rest, 0.168 - 0.168 * rest],
            [0.272 - 0.272 * rest, 0.534 - 0.534 * rest, 0.131 + 0.869 * rest],
        ]
    )
    return np.concatenate([picture[..., :3] @ matrix.T, picture[..., 3:]], axis=2)
