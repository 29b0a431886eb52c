import numpy as np

import adjust
import auto_tone
import clarity
import curves
import temperature
import vibrance
import white_balance

LOOKS = {
    "auto": [(white_balance, {"strength": 0.5}), (auto_tone, {}), (vibrance, {"amount": 15})],
    "warm-golden": [
        (temperature, {"temperature": 28, "tint": 4}),
        (curves, {"rgb": [[0, 6], [96, 104], [192, 204], [255, 255]]}),
        (vibrance, {"amount": 18}),
    ],
    "bright-airy": [
        (adjust, {"exposure": 0.35, "contrast": -8, "saturation": -6}),
        (curves, {"rgb": [[0, 14], [64, 84], [160, 184], [255, 255]]}),
    ],
    "moody-cinematic": [
        (adjust, {"exposure": -0.25, "contrast": 14, "saturation": -16}),
        (curves, {"red": [[0, 0], [96, 88], [255, 255]], "blue": [[0, 18], [128, 128], [255, 236]]}),
    ],
    "cool-fresh": [
        (temperature, {"temperature": -20, "tint": -2}),
        (adjust, {"exposure": 0.12, "contrast": 6}),
        (vibrance, {"amount": 16}),
    ],
    "vibrant-punchy": [(clarity, {"amount": 24}), (adjust, {"contrast": 14}), (vibrance, {"amount": 45})],
    "muted-film": [
        (adjust, {"contrast": -6, "saturation": -24}),
        (curves, {"rgb": [[0, 20], [64, 66], [192, 194], [255, 242]]}),
    ],
}


def run(picture, p):
    """The definitions of its steps, each rounded to samples as the steps of a workflow are."""
    done, parts = picture, 257 if (picture % 1).any() else 1
    for step, parameters in LOOKS[p.get("look", "auto")]:
        done = np.clip(np.floor(step.run(done, parameters) * parts + 0.5) / parts, 0, 255)
    return picture + (done - picture) * p.get("strength", 1)
