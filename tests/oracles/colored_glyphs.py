"""Makes fonts whose glyphs have colours of their own, in `tests/data/fonts`, and what Skia draws of them, in `tests/data/colored`:
each `<font>-<name>.png` is a text in `SIZE` pixels in the lines of the program, on a transparent picture with `EDGE` pixels around.
Shares no code with the program. Run in `tests/data` with fontTools 4.68.0, Brotli 1.2.1, skia-python 144.1, uharfbuzz 0.57.0, NumPy and Pillow 13.0:

    python ../oracles/colored_glyphs.py

The fonts `layers`, `graph`, `strike` and `sbix` are made here from nothing. `emoji` is a part of the built-in font for emoji.
"""

import io
import pathlib

import numpy as np
import skia
import uharfbuzz
from fontTools import subset
from fontTools.colorLib.builder import buildCOLR, buildCPAL
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables import otTables
from fontTools.ttLib.tables.BitmapGlyphMetrics import SmallGlyphMetrics
from fontTools.ttLib.tables.C_B_D_T_ import cbdt_bitmap_format_17
from fontTools.ttLib.tables.E_B_L_C_ import BitmapSizeTable, SbitLineMetrics, Strike, eblc_index_sub_table_1
from fontTools.ttLib.tables.sbixGlyph import Glyph as SbixGlyph
from fontTools.ttLib.tables.sbixStrike import Strike as SbixStrike
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
EMOJI = ROOT / "src" / "lettering" / "noto-emoji" / "NotoColorEmoji.woff2"
SIZE = 96
LINE_HEIGHT = 1.2
EDGE = 24
# Of letters, which parts of glyphs may have.
FOREGROUND = 0xFF1E7832
PALETTE = [(0.9, 0.1, 0.1, 1), (0.1, 0.2, 0.9, 1), (1, 0.85, 0.1, 1), (0, 0.6, 0.3, 0.5), (1, 1, 1, 1)]
RED, BLUE, YELLOW, GREEN, WHITE, OWN = 0, 1, 2, 3, 4, 0xFFFF


def polygon(*points):
    pen = TTGlyphPen(None)
    pen.moveTo(points[0])
    for point in points[1:]:
        pen.lineTo(point)
    pen.closePath()
    return pen.glyph()


def box(left, bottom, right, top):
    return polygon((left, bottom), (left, top), (right, top), (right, bottom))


def disc(x, y, radius):
    """Of curves as TrueType has them."""
    pen = TTGlyphPen(None)
    angles = np.arange(8) * np.pi / 4
    on = [(x + radius * np.cos(a), y - radius * np.sin(a)) for a in angles]
    off = [(x + radius / np.cos(np.pi / 8) * np.cos(a + np.pi / 8), y - radius / np.cos(np.pi / 8) * np.sin(a + np.pi / 8)) for a in angles]
    pen.moveTo(on[0])
    for corner, end in zip(off, on[1:] + on[:1]):
        pen.qCurveTo(corner, end)
    pen.closePath()
    return pen.glyph()


SHAPES = {
    "disc": disc(500, 300, 450),
    "box": box(100, -100, 900, 700),
    "left": box(100, -50, 600, 450),
    "right": disc(600, 350, 300),
    "star": polygon((500, 780), (620, 430), (980, 420), (690, 200), (800, -150), (500, 70), (200, -150), (310, 200), (20, 420), (380, 430)),
}


def font(letters, family):
    """A font with the shapes, whose letters are boxes that colours replace."""
    names = [".notdef", "space", *SHAPES, *letters]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({32: "space"} | {ord(letter): letter for letter in letters})
    empty = TTGlyphPen(None).glyph()
    glyphs = {".notdef": box(0, 0, 500, 500), "space": empty} | SHAPES | {letter: box(0, -200, 1000, 800) for letter in letters}
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics({name: (1000, glyphs[name].xMin if hasattr(glyphs[name], "xMin") else 0) for name in names})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular", "psName": f"{family}-Regular"})
    builder.setupOS2(sTypoAscender=800, sTypoDescender=-200, usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    # 1970, so that the file is the same whenever it is made.
    builder.font["head"].created = builder.font["head"].modified = 2082844800
    builder.font.recalcTimestamp = False
    return builder.font


def colours(built, glyphs, version, clips=None):
    order = built.getReverseGlyphMap()
    built["COLR"] = buildCOLR(glyphs, version=version, glyphMap=order, clipBoxes=clips)
    built["CPAL"] = buildCPAL([PALETTE])


def line(*stops, extend="pad"):
    return {"Extend": extend, "ColorStop": [{"StopOffset": at, "PaletteIndex": colour, "Alpha": alpha} for at, colour, alpha in stops]}


def linear(points, *stops, extend="pad"):
    (x0, y0), (x1, y1), (x2, y2) = points
    return {"Format": 4, "ColorLine": line(*stops, extend=extend), "x0": x0, "y0": y0, "x1": x1, "y1": y1, "x2": x2, "y2": y2}


def radial(one, other, *stops, extend="pad"):
    (x0, y0, r0), (x1, y1, r1) = one, other
    return {"Format": 6, "ColorLine": line(*stops, extend=extend), "x0": x0, "y0": y0, "r0": r0, "x1": x1, "y1": y1, "r1": r1}


def sweep(centre, start, end, *stops, extend="pad"):
    return {"Format": 8, "ColorLine": line(*stops, extend=extend), "centerX": centre[0], "centerY": centre[1], "startAngle": start, "endAngle": end}


def solid(colour, alpha=1):
    return {"Format": 2, "PaletteIndex": colour, "Alpha": alpha}


def shape(name, paint):
    return {"Format": 10, "Glyph": name, "Paint": paint}


def layers(*paints):
    return {"Format": 1, "Layers": list(paints)}


def blended(mode, source, backdrop):
    return {"Format": 32, "SourcePaint": source, "CompositeMode": mode, "BackdropPaint": backdrop}


def graph():
    three = [(0, RED, 1), (0.4, YELLOW, 1), (1, BLUE, 1)]
    two = [(0.2, YELLOW, 1), (0.8, BLUE, 0.6)]
    pair = shape("left", solid(RED)), shape("right", solid(BLUE, 0.8))
    letters = {
        # Linear gradients: skewed by the third point, repeated, reflected.
        "A": shape("disc", linear([(100, 0), (900, 500), (100, 600)], *three)),
        "B": shape("box", linear([(300, 0), (500, 100), (200, 200)], *three, extend="repeat")),
        "C": shape("star", linear([(300, 0), (500, 0), (300, 100)], *two, extend="reflect")),
        # Radial ones: a focus within, two apart, rings.
        "D": shape("disc", radial((350, 450, 50), (500, 300, 450), *three)),
        "E": shape("box", radial((250, 300, 60), (700, 300, 200), *two)),
        "F": shape("box", radial((500, 300, 100), (500, 300, 200), *three, extend="reflect")),
        # Around a centre.
        "G": shape("disc", sweep((500, 300), 0, 360, *three)),
        "H": shape("disc", sweep((450, 350), 45, 200, *two)),
        "I": shape("disc", sweep((500, 300), 30, 90, *three, extend="repeat")),
        # Operators and blend modes.
        "J": blended("src_in", *pair),
        "K": blended("src_out", *pair),
        "L": blended("xor", *pair),
        "M": blended("multiply", *pair),
        "N": blended("hsl_color", shape("left", solid(YELLOW)), shape("right", solid(BLUE))),
        "O": layers(shape("star", solid(GREEN)), blended("dest_out", shape("disc", solid(OWN, 0.5)), shape("box", solid(RED)))),
        # Transformations around and within shapes.
        "P": {"Format": 26, "angle": 30, "centerX": 500, "centerY": 300, "Paint": {"Format": 18, "scaleX": 0.5, "scaleY": 0.9, "centerX": 500, "centerY": 300, "Paint": shape("box", linear([(100, 0), (900, 0), (100, 600)], *three))}},
        "Q": {"Format": 30, "xSkewAngle": 20, "ySkewAngle": 0, "centerX": 500, "centerY": 300, "Paint": shape("left", {"Format": 14, "dx": 0, "dy": 150, "Paint": radial((300, 100, 0), (300, 100, 250), *three)})},
        # Layers, one within another, the colour of the text, and another glyph.
        "R": layers(shape("box", solid(OWN)), shape("disc", shape("star", solid(WHITE, 0.75))), {"Format": 20, "scale": 0.4, "Paint": {"Format": 11, "Glyph": "A"}}),
    }
    built = font(letters, "Graph")
    colours(built, letters, 1, {letter: (0, -200, 1000, 800) for letter in letters if letter not in "AR"})
    return built, letters


def two_versions():
    built = font("A", "Layers")
    colours(built, {"A": [("disc", YELLOW), ("star", OWN), ("left", GREEN), ("right", BLUE)]}, 0)
    return built, "A"


def picture(side):
    """A disc in four colours that fades to one side, as a PNG."""
    y, x = np.mgrid[0:side, 0:side] + 0.5
    radius = np.hypot(x - side / 2, y - side / 2)
    alpha = np.clip(side / 2 - radius + 0.5, 0, 1) * (0.4 + 0.6 * x / side)
    colours = np.stack([np.where(x < side / 2, 230, 30), np.where(y < side / 2, 200, 60), np.where((x < side / 2) ^ (y < side / 2), 220, 40)], -1)
    file = io.BytesIO()
    Image.fromarray(np.dstack([colours, alpha * 255]).round().astype(np.uint8)).save(file, "png", optimize=True)
    return file.getvalue()


def strike():
    """Pictures for two sizes, of which the larger one is closer."""
    built = font("A", "Strike")
    data, places = newTable("CBDT"), newTable("CBLC")
    data.version = places.version = 3.0
    data.strikeData, places.strikes = [], []
    for ppem in (32, 128):
        glyph = cbdt_bitmap_format_17(b"", built)
        glyph.imageData = picture(ppem * 15 // 16)
        glyph.metrics = SmallGlyphMetrics()
        side = ppem * 15 // 16
        for name, value in {"height": side, "width": side, "BearingX": ppem // 16, "BearingY": ppem * 3 // 4, "Advance": ppem}.items():
            setattr(glyph.metrics, name, value)
        data.strikeData.append({"A": glyph})
        size = BitmapSizeTable()
        for at in ("hori", "vert"):
            measures = SbitLineMetrics()
            for name in ["ascender", "descender", "widthMax", "caretSlopeNumerator", "caretSlopeDenominator", "caretOffset", "minOriginSB", "minAdvanceSB", "maxBeforeBL", "minAfterBL", "pad1", "pad2"]:
                setattr(measures, name, 0)
            measures.ascender, measures.descender, measures.widthMax = ppem * 4 // 5, -(ppem // 5), side
            setattr(size, at, measures)
        size.colorRef, size.startGlyphIndex, size.endGlyphIndex = 0, built.getGlyphID("A"), built.getGlyphID("A")
        size.ppemX = size.ppemY = ppem
        size.bitDepth, size.flags = 32, 1
        index = eblc_index_sub_table_1(b"", built)
        index.names, index.indexFormat, index.imageFormat, index.imageDataOffset = ["A"], 1, 17, 0
        index.firstGlyphIndex = index.lastGlyphIndex = built.getGlyphID("A")
        one = Strike()
        one.bitmapSizeTable, one.indexSubTables = size, [index]
        places.strikes.append(one)
    built["CBDT"], built["CBLC"] = data, places
    # It has no outlines.
    for table in ("glyf", "loca"):
        del built[table]
    built["maxp"].tableVersion = 0x00005000
    return built, "A"


def sbix():
    built = font("A", "Sbix")
    table = newTable("sbix")
    table.version, table.flags, table.numStrikes = 1, 1, 1
    one = SbixStrike(ppem=64, resolution=72)
    for name in built.getGlyphOrder():
        glyph = SbixGlyph(glyphName=name)
        if name == "A":
            glyph.graphicType, glyph.imageData = "png ", picture(60)
            glyph.originOffsetX, glyph.originOffsetY = 3, 5
        one.glyphs[name] = glyph
    table.strikes = {64: one}
    built["sbix"] = table
    return built, "A"


def emoji():
    """The built-in font with a few emoji."""
    options = subset.Options(layout_features=["*"], recalc_timestamp=False, name_IDs=["*"])
    part = TTFont(EMOJI, recalcTimestamp=False)
    part.flavor = None
    texts = ["😀", "❤️", "👍🏽", "👩‍🚀", "🏳️‍🌈", "🏴‍☠️", "🇺🇳", "7️⃣"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(text="".join(texts))
    subsetter.subset(part)
    return part, texts


def draw(file, text, size=SIZE):
    """The text with the beginning of the baseline where the program has it."""
    typeface = skia.Typeface.MakeFromFile(str(file))
    used = skia.Font(typeface, size)
    used.setSubpixel(True)
    used.setBaselineSnap(False)
    used.setHinting(skia.FontHinting.kNone)
    used.setEdging(skia.Font.Edging.kAntiAlias)
    opened = TTFont(file)
    ascent, descent = (value / opened["head"].unitsPerEm for value in (opened["hhea"].ascent, -opened["hhea"].descent))
    shaped = shape_text(file, text)
    advance = sum(x for _, x in shaped) * size
    width, height = int(np.ceil(advance)) + 2 * EDGE, int(np.ceil(LINE_HEIGHT * size)) + 2 * EDGE
    surface = skia.Surface.MakeRasterN32Premul(width, height)
    paint = skia.Paint(Color=FOREGROUND, AntiAlias=True)
    baseline = (LINE_HEIGHT / 2 + (ascent - descent) / 2) * size
    x = EDGE
    with surface as canvas:
        for glyph, step in shaped:
            builder = skia.TextBlobBuilder()
            builder.allocRunPos(used, [glyph], [skia.Point(x, EDGE + baseline)])
            canvas.drawTextBlob(builder.make(), 0, 0, paint)
            x += step * size
    return surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType)


def shape_text(file, text):
    """Glyphs with their advances in sizes, by HarfBuzz."""
    face = uharfbuzz.Face(pathlib.Path(file).read_bytes())
    shaper = uharfbuzz.Font(face)
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    uharfbuzz.shape(shaper, buffer)
    return [(info.codepoint, position.x_advance / face.upem) for info, position in zip(buffer.glyph_infos, buffer.glyph_positions)]


def main():
    for name, make in {"layers": two_versions, "graph": graph, "strike": strike, "sbix": sbix, "emoji": emoji}.items():
        built, texts = make()
        file = pathlib.Path("fonts") / f"{name}.ttf"
        built.save(file)
        for at, text in enumerate(texts):
            label = text if text.isascii() else at
            Image.fromarray(draw(file, text)).save(pathlib.Path("colored") / f"{name}-{label}.png", optimize=True)


main()
