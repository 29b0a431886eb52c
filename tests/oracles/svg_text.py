"""Makes drawings with text in `tests/data/drawings`, and beside each how much of every pixel its letters cover: by Pillow, which
shapes with HarfBuzz and fills with FreeType, at a multiple of the size, so that hinting and whole pixels do not matter. Where
letters lie is worked out here by the definitions of SVG. Run in that folder with Pillow 13.0 (with Raqm) and numpy.

A drawing has three pixels for each unit, so that edges, which renderers measure in different ways, are a small part of it.
"""

import pathlib

import numpy as np
from PIL import Image, ImageDraw, ImageFont

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROBOTO = ROOT / "src" / "lettering" / "roboto" / "Roboto-Regular.ttf"
OWN = ROOT / "tests" / "data" / "fonts"
SVG = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
# Pixels of a unit, and parts of a pixel.
PIXELS = 3
PARTS = 16
FINE = PIXELS * PARTS


def font(size, file=ROBOTO):
    return ImageFont.truetype(str(file), size * FINE, layout_engine=ImageFont.Layout.RAQM)


def length(text, size, file=ROBOTO):
    return font(size, file).getlength(text) / FINE


class Paper:
    """What letters cover, measured in units."""

    def __init__(self, width, height):
        self.size = (width, height)
        self.fine = Image.new("L", (width * FINE, height * FINE))

    def write(self, x, y, text, size, file=ROBOTO):
        """With the beginning of the baseline at a place; returns where it ends."""
        draw = ImageDraw.Draw(self.fine)
        draw.text((x * FINE, y * FINE), text, 255, font(size, file), anchor="ls")
        return x + length(text, size, file)

    def covered(self):
        width, height = self.size
        parts = np.asarray(self.fine, float).reshape(height * PIXELS, PARTS, width * PIXELS, PARTS)
        return parts.mean((1, 3))


def save(name, width, height, content, covered):
    size = f'width="{width * PIXELS}" height="{height * PIXELS}" viewBox="0 0 {width} {height}"'
    pathlib.Path(f"{name}.svg").write_text(f"<svg {SVG} {size}>\n{content}\n</svg>\n")
    assert covered.shape == (height * PIXELS, width * PIXELS)
    Image.fromarray(np.floor(covered + 0.5).astype(np.uint8)).save(f"{name}.png", optimize=True)


def line():
    paper = Paper(400, 60)
    paper.write(10, 42, "Hamburgefonstiv AVATAR 17", 30)
    save("line", 400, 60, '<text x="10" y="42" font-size="30">Hamburgefonstiv AVATAR 17</text>', paper.covered())


def scripts():
    paper = Paper(400, 60)
    paper.write(10.5, 42.25, "Ελληνικά Привет Việt", 36)
    content = '<text x="10.5" y="42.25" style="font: 36px Roboto">\n  Ελληνικά   Привет\n  Việt\n</text>'
    save("scripts", 400, 60, content, paper.covered())


def anchored():
    paper = Paper(300, 120)
    paper.write(150 - length("in the middle", 24) / 2, 30, "in the middle", 24)
    paper.write(290 - length("at the end", 24), 60, "at the end", 24)
    # A chunk of two sizes, whose letters are one after the other.
    wide = length("small ", 20) + length("large", 40)
    paper.write(paper.write(150 - wide / 2, 110, "small ", 20), 110, "large", 40)
    content = """<g text-anchor="middle" font-size="24">
  <text x="150" y="30">in the middle</text>
  <text x="290" y="60" text-anchor="end">at the end</text>
  <text x="150" y="110" font-size="20">small <tspan font-size="200%">large</tspan></text>
</g>"""
    save("anchored", 300, 120, content, paper.covered())


def placed():
    """Letters with places of their own, and parts that are moved."""
    paper = Paper(300, 100)
    for x, y, letter in [(10, 40, "A"), (60, 50, "b"), (110, 40, "C")]:
        paper.write(x, y, letter, 30)
    end = paper.write(160, 40, "up", 30)
    paper.write(end + 4, 34, "down", 30)
    paper.write(10, 90, "next line", 30)
    content = """<text font-size="30"><tspan x="10 60 110" y="40 50 40">AbC</tspan>
  <tspan x="160" y="40">up</tspan><tspan dx="4" dy="-6">down</tspan><tspan x="10" y="90">next line</tspan></text>"""
    save("placed", 300, 100, content, paper.covered())


def turned():
    """Upwards, at twice the size."""
    paper = Paper(200, 60)
    paper.write(20, 44, "Quarter turn", 28)
    covered = np.rot90(paper.covered())
    content = '<g transform="translate(0 200) rotate(-90) scale(2)"><text x="10" y="22" font-size="14">Quarter turn</text></g>'
    save("turned", 60, 200, content, covered)


def along():
    """On a path that is straight, from an offset on."""
    paper = Paper(360, 60)
    paper.write(30, 44, "along a path", 32)
    content = """<defs><path id="p" d="M10 44 H340"/></defs>
<text font-size="32"><textPath xlink:href="#p" startOffset="20">along a path</textPath></text>"""
    save("along", 360, 60, content, paper.covered())


def own():
    """The user's own fonts: from right to left, and joined letters. What they lack is taken from Roboto."""
    paper = Paper(400, 140)
    paper.write(10, 50, "שלום עולם", 40, OWN / "hebrew.ttf")
    paper.write(10, 110, "السلام عليكم", 40, OWN / "arabic.ttf")
    paper.write(260, 50, "Latin", 40)
    content = """<g font-size="40">
  <text x="10" y="50" font-family="Noto Sans Hebrew Thin, serif">שלום עולם</text>
  <text x="10" y="110" style="font-family: 'noto naskh arabic'">السلام عليكم</text>
  <text x="260" y="50" font-family="NotoSansHebrewThin-Regular">Latin</text>
</g>"""
    save("own", 400, 140, content, paper.covered())


for make in [line, scripts, anchored, placed, turned, along, own]:
    make()
