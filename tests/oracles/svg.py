"""Makes drawings in `tests/data/codecs`, and beside each the pixels that librsvg draws. Run in that folder with Pillow 13.0 and
the program `rsvg-convert` of librsvg 2.54.

Each drawing is about one thing: shapes and strokes, gradients, clips and masks, style sheets, repeated parts, pictures in the file,
units and proportions. Sizes in pixels are whole, because renderers place a picture of a fraction of a pixel differently.
"""

import base64
import gzip
import io
import struct
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image

SVG = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def picture():
    y, x = np.mgrid[0:16, 0:24]
    pixels = np.dstack([x * 10, y * 15, (x + y) * 6, np.where(x < 18, 255, 96)]).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


DRAWINGS = {
    "shapes.svg": f"""<svg {SVG} width="64" height="48">
  <rect x="4" y="4" width="20" height="12" rx="3" fill="#c33" stroke="#222" stroke-width="2"/>
  <circle cx="40" cy="12" r="8" fill="seagreen" fill-opacity="0.6"/>
  <ellipse cx="50" cy="14" rx="10" ry="6" fill="none" stroke="rgb(20,40,200)" stroke-width="1.5" stroke-dasharray="4 2"/>
  <path d="M6 26 C 14 18, 22 44, 30 30 S 44 24 46 40 z" fill="orange" fill-rule="evenodd" transform="rotate(-5 20 30)"/>
  <polygon points="50,26 62,44 38,44 62,32 40,30" fill="purple" fill-rule="evenodd"/>
  <polyline points="4,44 12,38 20,44 28,38" fill="none" stroke="#0a0" stroke-width="3" stroke-linejoin="round" stroke-linecap="round"/>
  <g opacity="0.5"><rect x="20" y="8" width="12" height="12"/><rect x="26" y="12" width="12" height="12" fill="red"/></g>
</svg>""",
    "gradients.svg": f"""<svg {SVG} width="60" height="60">
  <defs>
    <linearGradient id="a" x1="0" x2="1" y1="0" y2="0.5"><stop offset="0" stop-color="#fc0"/><stop offset="1" stop-color="#04a" stop-opacity="0.3"/></linearGradient>
    <radialGradient id="b" cx="0.4" cy="0.4" r="0.6" fx="0.3" fy="0.3"><stop offset="0" stop-color="white"/><stop offset="0.5" stop-color="#e36"/><stop offset="1" stop-color="#102"/></radialGradient>
    <linearGradient id="c" xlink:href="#a" gradientUnits="userSpaceOnUse" x1="0" y1="30" x2="10" y2="30" spreadMethod="reflect"/>
  </defs>
  <rect width="30" height="30" fill="url(#a)"/>
  <rect x="30" width="30" height="30" fill="url(#b)"/>
  <rect y="30" width="60" height="30" fill="url(#c)"/>
</svg>""",
    "masked.svg": f"""<svg {SVG} width="56" height="40">
  <clipPath id="clip"><circle cx="14" cy="20" r="12"/></clipPath>
  <mask id="mask"><rect x="28" width="28" height="40" fill="#888"/><circle cx="42" cy="20" r="8" fill="white"/></mask>
  <rect width="28" height="40" fill="#247" clip-path="url(#clip)"/>
  <g mask="url(#mask)"><rect x="30" y="4" width="24" height="32" fill="#d60"/></g>
</svg>""",
    "styled.svg": f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- Between declaration and root: a comment with <html>, and a document type. -->
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd" [
  <!ENTITY own "http://example.com/own">
]>
<svg {SVG} xmlns:own="&own;" width="48" height="40">
  <style>rect {{ fill: #bada55 }} .dark {{ fill: #333; stroke: gold; stroke-width: 2 }} #last {{ fill: teal }}</style>
  <rect width="48" height="40"/>
  <rect class="dark" x="4" y="4" width="16" height="16"/>
  <rect id="last" own:note="not drawn" x="24" y="20" width="20" height="16" style="fill-opacity: 0.5"/>
</svg>""",
    "repeated.svg": f"""<svg {SVG} width="64" height="40">
  <defs>
    <symbol id="s" viewBox="0 0 10 10"><rect x="1" y="1" width="8" height="8" fill="#06c"/><circle cx="5" cy="5" r="3" fill="white"/></symbol>
    <pattern id="p" width="8" height="8" patternUnits="userSpaceOnUse"><rect width="4" height="4" fill="#a00"/><rect x="4" y="4" width="4" height="4" fill="#0a0"/></pattern>
    <marker id="m" markerWidth="4" markerHeight="4" refX="2" refY="2" markerUnits="userSpaceOnUse"><rect width="4" height="4" fill="black"/></marker>
  </defs>
  <use xlink:href="#s" width="20" height="20"/>
  <use href="#s" x="20" y="4" width="12" height="12"/>
  <rect x="32" width="32" height="24" fill="url(#p)"/>
  <path d="M4 32 H24 V36 H60" fill="none" stroke="#999" stroke-width="2" marker-start="url(#m)" marker-mid="url(#m)" marker-end="url(#m)"/>
</svg>""",
    "pictured.svg": f"""<svg {SVG} width="40" height="32">
  <rect width="40" height="32" fill="#eef"/>
  <image x="8" y="8" width="24" height="16" xlink:href="data:image/png;base64,{picture()}"/>
</svg>""",
    "measured.svg": f"""<svg {SVG} width="0.5in" height="1cm" viewBox="-10 -10 20 40" preserveAspectRatio="xMaxYMid slice">
  <rect x="-10" y="-10" width="20" height="40" fill="#ddd"/>
  <rect width="10" height="10" fill="#800"/>
  <svg x="-10" y="0" width="10" height="10" viewBox="0 0 2 2"><rect width="1" height="1" fill="#080"/><rect x="1" y="1" width="4" height="4" fill="#008"/></svg>
</svg>""",
}


def expect(name):
    with tempfile.NamedTemporaryFile(suffix=".png") as png:
        subprocess.run(["rsvg-convert", name, "-o", png.name], check=True)
        with Image.open(png.name) as drawn:
            pixels = np.asarray(drawn.convert("RGBA"))
    with open(f"{name}.rgba", "wb") as file:
        file.write(struct.pack("<II", pixels.shape[1], pixels.shape[0]) + pixels.tobytes())
    sys.stdout.write(f"{name}: {pixels.shape}\n")


for name, text in DRAWINGS.items():
    with open(name, "w") as file:
        file.write(text + "\n")
    expect(name)
with open("compressed.svgz", "wb") as file:
    file.write(gzip.compress(DRAWINGS["masked.svg"].encode(), mtime=0))
expect("compressed.svgz")
