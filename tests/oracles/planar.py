"""Makes the pictures of tests/data/planar: JPEG files with chroma at half size, and what they become when made smaller.

Every expected picture is the whole file decoded by Pillow (libjpeg-turbo, chroma brought to full size), then changed in
RGB by Pillow. libvips, with its block averaging switched off, has to give the same picture as far as its rounding of positions
allows, or the script fails.

    pip install pillow numpy "pyvips[binary]"
    python tests/oracles/planar.py
"""

import json
import pathlib

import numpy as np
import pyvips
from PIL import Image, ImageDraw

FOLDER = pathlib.Path(__file__).parent.parent / "data" / "planar"
PHOTOS = FOLDER.parent / "photos"


def labels():
    """Saturated letters and bars, one pixel thin and more: the hardest there is for chroma at half size."""
    picture = Image.new("RGB", (241, 101), (255, 255, 255))
    draw = ImageDraw.Draw(picture)
    colors = [(220, 0, 0), (0, 150, 0), (0, 0, 220), (200, 0, 200), (0, 160, 170), (240, 130, 0)]
    for i, color in enumerate(colors):
        top = 3 + 16 * i
        draw.text((4, top), "SALE 50% ONLY TODAY", fill=color)
        draw.rectangle((130, top, 175, top + 11), fill=color)
        draw.text((134, top), "NEW 19", fill=(255, 255, 255))
        for x in range(180, 238, 2 + i):
            draw.line((x, top, x, top + 11), fill=color)
    picture.save(FOLDER / "labels.jpg", quality=75, subsampling="4:2:0")


def scene():
    """A large picture in few bytes: soft colors and sharp discs. Both sides are odd."""
    width, height = 1331, 901
    y, x = np.mgrid[0:height, 0:width] / 200.0
    waves = [128 + 90 * np.sin(x * a + y * b + c) for a, b, c in [(1.1, 0.4, 0), (-0.5, 1.3, 1), (0.8, -0.9, 2)]]
    picture = Image.fromarray(np.stack(waves, -1).round().astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    for i in range(9):
        left, top = 37 + 141 * i, 60 + 331 * (i % 3)
        draw.ellipse((left, top, left + 90 + 9 * i, top + 150), fill=(40 + 20 * i, 180 - 15 * i, 70 + 40 * (i % 4)))
    picture.save(FOLDER / "scene.jpg", quality=50, subsampling="4:2:0", progressive=True)


# Name, file, size, and the part that is kept before.
CASES = [
    ("labels-120", "planar/labels.jpg", (120, 50), None),
    ("labels-60", "planar/labels.jpg", (60, 25), None),
    ("labels-31", "planar/labels.jpg", (31, 13), None),
    ("cat-90", "photos/cat.jpg", (90, 60), None),
    ("cat-45", "photos/cat.jpg", (45, 30), None),
    ("flowers-part", "photos/flowers.jpg", (90, 60), (33, 21, 333, 221)),
    ("scene-111", "planar/scene.jpg", (111, 75), None),
    ("scene-83", "planar/scene.jpg", (83, 56), None),
    ("scene-41", "planar/scene.jpg", (41, 28), None),
]


def by_libvips(path, size, part):
    picture = pyvips.Image.new_from_file(str(path)).colourspace("srgb")
    if part:
        picture = picture.crop(part[0], part[1], part[2] - part[0], part[3] - part[1])
    across, down = size[0] / picture.width, size[1] / picture.height
    return picture.resize(across, vscale=down, kernel="lanczos3", gap=0).numpy().astype(float)


def decibels(one, other):
    return 10 * np.log10(255**2 / np.mean((one - other) ** 2))


def main():
    FOLDER.mkdir(exist_ok=True)
    labels()
    scene()
    cases = []
    for name, file, size, part in CASES:
        path = FOLDER.parent / file
        picture = Image.open(path)
        assert picture.layer[0][1:3] == (2, 2) and picture.layer[1][1:3] == (1, 1), f"{file} is not 4:2:0"
        picture = picture.convert("RGB")
        expected = (picture.crop(part) if part else picture).resize(size, Image.Resampling.LANCZOS)
        expected.save(FOLDER / f"{name}.png", optimize=True)
        expected = np.asarray(expected).astype(float)
        other = by_libvips(path, size, part)
        assert other.shape == expected.shape, (name, other.shape, expected.shape)
        print(f"{name}: libvips {decibels(expected, other):.1f} dB, at most {np.abs(expected - other).max():.0f}")
        assert decibels(expected, other) > 40
        cases.append({"name": name, "file": file, "width": size[0], "height": size[1], "crop": part})
    text = ",\n  ".join(json.dumps(case) for case in cases)
    (FOLDER / "cases.json").write_text(f"[\n  {text}\n]\n")


if __name__ == "__main__":
    main()
