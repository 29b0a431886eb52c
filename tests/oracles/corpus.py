"""What Pillow reads of a folder of pictures from elsewhere, for `tests/corpus.rs`: `corpus.py FOLDER OUT`.

`FOLDER/expect.tsv` has a row for each file: its path (relative to the folder's parent), and what is expected of it, of which `decode` is
looked at here. For each that Pillow reads, OUT gets its pixels as RGBA, upright, in a file like those of `formats.py`, and `index.tsv` with the
path, the name of that file, and the mode in which Pillow read it. Run with Pillow 13.0 and pillow-heif.
"""

import struct
import sys
import warnings
from pathlib import Path

import pillow_heif
from PIL import Image, ImageFile, ImageOps

pillow_heif.register_heif_opener()
ImageFile.LOAD_TRUNCATED_IMAGES = True
warnings.simplefilter("ignore")


def pixels(path):
    with Image.open(path) as stored:
        mode = stored.mode
        if getattr(stored, "is_animated", False):
            stored.seek(0)
        shown = ImageOps.exif_transpose(stored)
        if mode.startswith("I;16") or mode == "I":
            # As 8 bits: Pillow itself cuts off what is more.
            shown = shown.point(lambda value: value / 257).convert("L") if mode == "I" else shown.convert("I").point(lambda value: value / 257).convert("L")
        return mode, shown.convert("RGBA")


def main(folder, out):
    folder, out = Path(folder), Path(out)
    out.mkdir(parents=True, exist_ok=True)
    rows = [line.split("\t") for line in (folder / "expect.tsv").read_text().splitlines()[1:]]
    with open(out / "index.tsv", "w") as index:
        for number, row in enumerate(rows):
            if row[1] != "decode":
                continue
            try:
                mode, shown = pixels(folder.parent / row[0])
            except Exception:
                continue
            (out / f"{number}.rgba").write_bytes(struct.pack("<II", *shown.size) + shown.tobytes())
            index.write(f"{row[0]}\t{number}.rgba\t{mode}\n")


main(*sys.argv[1:])
