"""Pairs of pictures and their MS-SSIM, for src/image/similarity.rs: NumPy and SciPy by the formulas of the paper, whose single
scale is checked against scikit-image first.

    python tests/oracles/similarity.py

needs numpy, scipy, scikit-image and pillow. Writes tests/data/similarity.
"""

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter
from scipy.signal import convolve2d
from skimage.metrics import structural_similarity

DATA = Path(__file__).parent.parent / "data"
WEIGHTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def kernel():
    line = np.exp(-((np.arange(11) - 5.0) ** 2) / (2 * 1.5**2))
    both = np.outer(line, line)
    return both / both.sum()


def terms(one, other):
    """The mean SSIM and the mean of its part for contrast and structure, over the windows that fit."""
    blur = lambda values: convolve2d(values, kernel(), mode="valid")
    a, b = blur(one), blur(other)
    va, vb, ab = blur(one * one) - a * a, blur(other * other) - b * b, blur(one * other) - a * b
    structure = (2 * ab + C2) / (va + vb + C2)
    whole = (2 * a * b + C1) / (a * a + b * b + C1) * structure
    return whole.mean(), structure.mean(), whole


def half(values):
    height, width = values.shape[0] // 2 * 2, values.shape[1] // 2 * 2
    values = values[:height, :width]
    return values.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))


def ms_ssim(one, other):
    scales = 1
    while scales < 5 and min(one.shape) >> scales >= 11:
        scales += 1
    weights = WEIGHTS[:scales] / WEIGHTS[:scales].sum()
    product = 1.0
    for scale, weight in enumerate(weights):
        whole, structure, _ = terms(one, other)
        product *= max(whole if scale == scales - 1 else structure, 0.0) ** weight
        one, other = half(one), half(other)
    return product


def check_against_scikit_image(one, other):
    _, full = structural_similarity(
        one, other, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True, truncate=3.34
    )
    assert np.abs(full[5:-5, 5:-5] - terms(one, other)[2]).max() < 1e-6


def again(picture, **options):
    file = io.BytesIO()
    picture.save(file, **options)
    return Image.open(file).convert("L")


def main():
    folder = DATA / "similarity"
    folder.mkdir(exist_ok=True)
    cases = []
    for name, box in [("cat", (60, 40, 252, 232)), ("tulips", (20, 20, 121, 220)), ("moon", (30, 60, 90, 105))]:
        original = Image.open(DATA / "photos" / f"{name}.jpg").convert("L").crop(box)
        noise = np.random.default_rng(7).normal(0, 12, (original.height, original.width))
        versions = {
            "jpeg-20": again(original, format="JPEG", quality=20),
            "jpeg-80": again(original, format="JPEG", quality=80),
            "blurred": original.filter(ImageFilter.GaussianBlur(1.5)),
            "brighter": original.point(lambda value: min(255, value + 20)),
            "noisy": Image.fromarray(np.clip(np.asarray(original) + noise, 0, 255).round().astype(np.uint8)),
        }
        original.save(folder / f"{name}.png", optimize=True)
        one = np.asarray(original, dtype=np.float64)
        for version, picture in versions.items():
            file = f"{name}-{version}.png"
            picture.save(folder / file, optimize=True)
            other = np.asarray(picture, dtype=np.float64)
            check_against_scikit_image(one, other)
            cases.append({"one": f"{name}.png", "other": file, "similarity": round(ms_ssim(one, other), 6)})
    (folder / "expected.json").write_text(json.dumps(cases, indent=1) + "\n")


main()
