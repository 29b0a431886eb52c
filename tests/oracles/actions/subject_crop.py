"""The box around what is at least half opaque, or, without alpha, around what is not the even backdrop (here: farther than
half way from its colour to the subject's); then the margin, and the ratio by growing one side, written down anew."""

import numpy as np

from common import half_up


def subject(picture):
    if picture.shape[2] == 4:
        return picture[..., 3] >= 128
    far = np.abs(picture - np.median(picture[0], axis=0)).sum(axis=2)
    return far > np.percentile(far, 99) / 2


def widened(inside, room, side):
    at = np.flatnonzero(inside)
    return max(at[0] - room, 0), min(at[-1] + 1 + room, side)


def grown(start, end, length, place, side):
    more = length - (end - start)
    ahead = {0: 0, 1: more // 2 if more >= 0 else -(-more // 2), 2: more}[place]
    start = min(max(start - ahead, 0), side - length)
    return start, start + length


def run(picture, p):
    found = subject(picture)
    height, width = found.shape
    rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
    margin, longer = p.get("margin", 0.1), max(np.ptp(rows), np.ptp(columns)) + 1
    room = int(np.floor(longer * margin + 0.5))
    top, bottom = widened(found.any(axis=1), room, height)
    left, right = widened(found.any(axis=0), room, width)
    if "ratio" in p:
        across, down = (float(part) for part in p["ratio"].split(":"))
        places = ["northwest", "north", "northeast", "west", "center", "east", "southwest", "south", "southeast"]
        row, column = divmod(places.index(p.get("align", "center")), 3)
        # The largest size with the ratio that the picture holds limits both sides.
        most_across = min(width, half_up(height * across / down))
        most_down = min(height, half_up(width * down / across))
        new_width = min(max(right - left, half_up((bottom - top) * across / down)), most_across)
        new_height = min(max(bottom - top, half_up((right - left) * down / across)), most_down)
        left, right = grown(left, right, new_width, column, width)
        top, bottom = grown(top, bottom, new_height, row, height)
    return picture[top:bottom, left:right]
