"""Letters by Pillow, which shapes with HarfBuzz and fills with FreeType, at a multiple of the size, so that hinting and whole
pixels do not matter. Lines, places and layers by the action's definition."""

import pathlib

import numpy as np
from PIL import Image, ImageDraw, ImageFont

ROOT = pathlib.Path(__file__).parents[3]
FONT = ROOT / "src" / "lettering" / "roboto" / "Roboto-Regular.ttf"
FINE = 64
PLACES = ["northwest", "north", "northeast", "west", "center", "east", "southwest", "south", "southeast"]


# The font of the text that is set.
current = FONT


def font(size):
    return ImageFont.truetype(str(current), size * FINE, layout_engine=ImageFont.Layout.RAQM)


def above_and_below():
    """Ascent and descent in font sizes."""
    ascent, descent = ImageFont.truetype(str(current), 4096).getmetrics()
    return ascent / 4096, descent / 4096


def width(text, size):
    return font(size).getlength(text) / FINE


def wrapped(text, size, most):
    """Greedy: a word that does not fit starts a line."""
    lines = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if line and width(longer, size) > most:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines


def start(place, outer, inner, margin):
    room = outer - inner
    if room < 0:
        return room // 2
    return [min(margin, room), room // 2, max(room - margin, 0)][place]


def colour(text):
    digits = text[1:] if len(text) == 9 else text[1:] + "ff"
    return np.array([int(digits[i : i + 2], 16) for i in range(0, 8, 2)], float)


def run(picture, p):
    global current
    current = ROOT / "tests" / "data" / "fonts" / f"{p['font']}.ttf" if "font" in p else FONT
    height, columns = picture.shape[:2]
    short = min(columns, height)
    size = p["size"] * (1 if p.get("unit") == "px" else short)
    margin = int(np.floor(p.get("margin", 0.03) * short + 0.5))
    padding = p.get("padding", 0.3) * size if "background" in p else 0
    line_height = p.get("lineHeight", 1.2)
    text = p["text"].replace("{width}", str(columns)).replace("{height}", str(height))
    most = min(p.get("box", 1) * columns, columns - 2 * margin - 2 * padding)
    if p.get("shrinkToFit"):
        # One line whose width decides.
        shrunk = min(1, most / width(text, size))
        size, padding = size * shrunk, padding * shrunk
        lines = [text]
    else:
        lines = wrapped(text, size, most)
    widths = [width(line, size) for line in lines]
    ascent, descent = above_and_below()
    block = (int(np.ceil(max(widths) - 1e-3)), int(np.ceil(len(lines) * line_height * size - 1e-3)))
    padding = int(np.floor(padding + 0.5))
    place = PLACES.index(p.get("gravity", "south"))
    left = start(place % 3, columns, block[0] + 2 * padding, margin)
    top = start(place // 3, height, block[1] + 2 * padding, margin)

    layer = np.zeros((height, columns, 4))

    def over(text, coverage):
        nonlocal layer
        red_green_blue_alpha = colour(text)
        alpha = coverage[..., None] * red_green_blue_alpha[3] / 255
        layer = layer * (1 - alpha) + np.append(red_green_blue_alpha[:3], 1) * alpha

    def letters(stroke):
        fine = Image.new("L", (columns * FINE, height * FINE))
        draw = ImageDraw.Draw(fine)
        for index, (line, wide) in enumerate(zip(lines, widths)):
            shift = {"left": 0, "center": 0.5, "right": 1}[p.get("align", "center")] * (max(widths) - wide)
            baseline = (index + 0.5) * line_height * size + (ascent - descent) / 2 * size
            at = [(left + padding + shift) * FINE, (top + padding + baseline) * FINE]
            draw.text(at, line, 255, font(size), anchor="ls", stroke_width=stroke * FINE)
        return np.asarray(fine, float).reshape(height, FINE, columns, FINE).mean((1, 3)) / 255

    if "background" in p:
        box = np.zeros((height, columns))
        box[max(top, 0) : top + block[1] + 2 * padding, max(left, 0) : left + block[0] + 2 * padding] = 1
        over(p["background"], box)
    if p.get("stroke", 0):
        over(p.get("strokeColor", "#000000"), letters(p["stroke"] * size))
    over(p.get("color", "#ffffff"), letters(0))

    layer *= p.get("opacity", 1)
    alpha = layer[..., 3:]
    if picture.shape[2] == 3:
        return picture * (1 - alpha) + layer[..., :3]
    under = picture[..., 3:] / 255 * (1 - alpha)
    total = alpha + under
    mixed = np.divide(layer[..., :3] + picture[..., :3] * under, total, out=picture[..., :3].copy(), where=total > 0)
    return np.concatenate([mixed, total * 255], axis=2)
