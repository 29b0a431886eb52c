"""Makes the expected pictures of tests/data/actions, by the definitions of the actions in double precision. Shares no code
with the program: NumPy for arithmetic, SciPy for filters and curves, Pillow for PNG; actions that another library has are
compared with that library, as the action's own file says.

    pip install numpy scipy pillow
    python tests/oracles/actions                        writes every expected picture
    python tests/oracles/actions resize flip            only those of these actions
    python tests/oracles/actions --input chelsea.png    regenerates photo.png, logo.png and framed.png from a photograph

An action `some-name` has its definition in `some_name.py`, a function `run(picture, parameters, *other_pictures)` that gets and
returns arrays of floats (height, width, channels), and its cases in `tests/data/actions/some-name/cases.json`.
"""

import importlib
import json
import sys

import numpy as np
from PIL import Image

from common import FOLDER, blur, read, resample, write, write_deep


def make_inputs(path):
    photo = Image.open(path).convert("RGB").crop((90, 30, 380, 225)).resize((97, 65), Image.Resampling.BOX)
    photo.save(FOLDER / "photo.png", optimize=True)
    noisy = np.asarray(photo) + np.random.default_rng(9).normal(0, 12, (65, 97, 3))
    write("denoise/noisy.png", noisy)
    # A soft disc on a wedge of alpha, with colour hidden where it is transparent.
    y, x = np.mgrid[0:60, 0:80]
    alpha = np.clip((28 - np.hypot(x - 40, y - 30)) * 40, 0, 255) * (0.4 + 0.6 * x / 79)
    write("logo.png", np.dstack([x * 3, 255 - y * 4, (x * y) % 256, alpha]))
    # The photograph on a noisy, slightly graded backdrop with specks.
    random = np.random.default_rng(7)
    framed = 236 + random.normal(0, 1.5, (100, 140, 3)) + np.linspace(0, 3, 140)[None, :, None]
    framed[random.integers(0, 100, 25), random.integers(0, 140, 25)] = 40
    framed[17:82, 21:118] = np.asarray(photo)
    write("framed.png", framed)
    # The photograph between the levels of 8 bits, and the same with alpha.
    deep = resample(blur(np.asarray(photo).astype(np.float64), 0.6), 48, 32, "bicubic")
    y, x = np.mgrid[0:32, 0:48]
    write_deep("deep.png", np.clip(deep + x[..., None] / 97, 0, 255))
    write_deep("deep-alpha.png", np.dstack([deep, np.clip((18 - np.hypot(x - 23, y - 15)) * 21.7, 0, 255)]))
    # All hues and both extremes, as large as the photograph.
    y, x = np.mgrid[0:65, 0:97]
    write("blend/texture.png", np.dstack([128 + 140 * np.sin(x / 9), 128 + 140 * np.cos(x / 13 + y / 7), y * 5 % 256]))
    # A dark red subject with hard edges, off the middle of an even, slightly noisy backdrop.
    y, x = np.mgrid[0:120, 0:160]
    inside = (np.abs(x - 60) / 21 + np.abs(y - 50) / 34 < 1) | ((np.abs(x - 60) <= 14) & (np.abs(y - 50) <= 24))
    backdrop = 238 + np.random.default_rng(8).normal(0, 0.6, (120, 160, 3))
    write("subject-crop/packshot.png", np.where(inside[..., None], [150, 30, 40], backdrop))
    # The same in front of faint stripes.
    stripes = 230 + 8 * (x[..., None] // 3 % 2) + np.zeros(3)
    write("blur-background/striped.png", np.where(inside[..., None], [150, 30, 40], stripes))


def main(arguments):
    if arguments[:1] == ["--input"]:
        make_inputs(arguments[1])
        arguments = arguments[2:]
    for cases in sorted(FOLDER.glob("*/cases.json")):
        action = cases.parent.name
        if arguments and action not in arguments:
            continue
        run = importlib.import_module(action.replace("-", "_")).run
        for case in json.loads(cases.read_text())["cases"]:
            inputs = [read(name) for name in case["inputs"]]
            save = write_deep if case["inputs"][0].startswith("deep") else write
            save(f"{action}/{case['name']}.png", run(inputs[0], case["parameters"], *inputs[1:]))


if __name__ == "__main__":
    main(sys.argv[1:])
