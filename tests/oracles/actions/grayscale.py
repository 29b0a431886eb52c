import numpy as np


def run(picture, p):
    weights = {"rec601": [0.299, 0.587, 0.114], "rec709": [0.2126, 0.7152, 0.0722]}[p.get("standard", "rec709")]
    return picture[..., :3] @ np.array(weights)
