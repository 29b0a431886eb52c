import numpy as np

from common import cubic, half_up, premultiplied, resample, with_alpha


def start(place, outer, inner, margin):
    room = outer - inner
    if room < 0:
        return room // 2
    return [min(margin, room), room // 2, max(room - margin, 0)][place]


def rotate(picture, degrees):
    """Keys's cubic convolution with a = -0.5, around the middle; edges mixed by the covered share of a pixel."""
    angle = np.radians(degrees)
    cosine, sine = np.cos(angle), np.sin(angle)
    height, width = picture.shape[:2]
    to_width = int(np.ceil(width * abs(cosine) + height * abs(sine) - 1e-6))
    to_height = int(np.ceil(width * abs(sine) + height * abs(cosine) - 1e-6))
    y, x = np.mgrid[0:to_height, 0:to_width] + 0.5
    x, y = x - to_width / 2, y - to_height / 2
    left, top = cosine * x + sine * y + width / 2, cosine * y - sine * x + height / 2
    weight = np.vectorize(cubic(0, 0.5))

    def covered(at, side):
        return np.clip(np.minimum(at + 0.5, side) - np.maximum(at - 0.5, 0), 0, None)

    def work(values):
        total = np.zeros((to_height, to_width, values.shape[2]))
        column, row = np.floor(left - 0.5).astype(int), np.floor(top - 0.5).astype(int)
        for dy in range(-1, 3):
            for dx in range(-1, 3):
                share = weight(row + dy + 0.5 - top) * weight(column + dx + 0.5 - left)
                rows, columns = np.clip(row + dy, 0, height - 1), np.clip(column + dx, 0, width - 1)
                total += values[rows, columns] * share[..., None]
        return np.clip(total * (covered(left, width) * covered(top, height))[..., None], 0, 255)

    return premultiplied(with_alpha(picture), work)


def run(picture, p, logo):
    height, width = picture.shape[:2]
    short = min(width, height)
    longer = half_up(short * p.get("scale", 0.2))
    sides = [half_up(side * longer / max(logo.shape[:2])) for side in logo.shape[:2]]
    logo = resample(logo, sides[1], sides[0], "lanczos3")
    logo[..., 3] = np.clip(logo[..., 3], 0, 255)
    if p.get("angle", 0):
        logo = rotate(logo, p["angle"])
    margin = int(np.floor(short * p.get("margin", 0.03) + 0.5))
    column, row = {"southeast": (2, 2), "center": (1, 1), "northwest": (0, 0)}[p.get("position", "southeast")]
    x, y = start(column, width, logo.shape[1], margin), start(row, height, logo.shape[0], margin)
    places = [(x, y)]
    if p.get("tile", False):
        across, down = logo.shape[1] + margin, logo.shape[0] + margin
        places = [(x + i * across, y + j * down) for i in range(-99, 99) for j in range(-99, 99)]
    layer = np.zeros((3 * height, 3 * width, 4))
    for x, y in places:
        if -logo.shape[1] < x < width and -logo.shape[0] < y < height:
            layer[height + y : height + y + logo.shape[0], width + x : width + x + logo.shape[1]] = logo
    layer = layer[height : 2 * height, width : 2 * width]
    alpha = layer[..., 3:] / 255 * p.get("opacity", 1)
    return picture + (layer[..., :3] - picture) * alpha
