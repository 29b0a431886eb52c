"""Makes the files of tests/data/gain-maps from pictures in tests/data/codecs and tests/data/photos: what cameras write that add a gain map to a picture.
Each must show the picture that it was made of. Run it with Pillow 13 and pillow-heif 1.8 (libheif): python tests/oracles/gain_maps.py
"""
import io
import struct
from pathlib import Path

import pillow_heif
from PIL import Image

DATA = Path(__file__).parent.parent / "data"
FOLDER = DATA / "gain-maps"
APPLE = b"urn:com:apple:photo:2020:aux:hdrgainmap"
XMP = b"http://ns.adobe.com/xap/1.0/\0"


def packet(attributes):
    return XMP + b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description ' + attributes + b"/></rdf:RDF></x:xmpmeta>"


GOOGLE = packet(b'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0" hdrgm:GainMapMax="2"')
IPHONE = packet(b'xmlns:HDRGainMap="http://ns.apple.com/HDRGainMap/1.0/" HDRGainMap:HDRGainMapVersion="131072" '
                b'xmlns:apdi="http://ns.apple.com/pixeldatainfo/1.0/" apdi:AuxiliaryImageType="' + APPLE + b'"')
ISO = b"urn:iso:std:iso:ts:21496:-1\0" + bytes(8)


def segment(marker, body):
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def smaller(*segments):
    """Half the size, gray, with more segments."""
    out = io.BytesIO()
    Image.linear_gradient("L").resize((24, 16)).save(out, "JPEG")
    data = out.getvalue()
    return data[:2] + b"".join(segments) + data[2:]


def with_pictures(first, others, order=">"):
    """A file that lists the others as Multi-Picture Format does (CIPA DC-007, 5.2), behind its JFIF header."""
    head = 2 + 2 + struct.unpack_from(">H", first, 4)[0]
    entries = len(others) + 1
    length = 2 + 2 + 4 + 8 + 2 + 3 * 12 + 4 + 16 * entries
    base = head + 2 + 2 + 4
    lengths = [len(first) + length] + [len(other) for other in others]
    places = [0] + [sum(lengths[:at]) - base for at in range(1, entries)]
    body = (b"MM\0*" if order == ">" else b"II*\0") + struct.pack(order + "I", 8) + struct.pack(order + "H", 3)
    body += struct.pack(order + "HHI", 0xB000, 7, 4) + b"0100"
    body += struct.pack(order + "HHII", 0xB001, 4, 1, entries)
    body += struct.pack(order + "HHII", 0xB002, 7, 16 * entries, 8 + 2 + 36 + 4) + struct.pack(order + "I", 0)
    for at in range(entries):
        body += struct.pack(order + "IIIHH", 0x20030000 if at == 0 else 0, lengths[at], places[at], 0, 0)
    added = segment(0xE2, b"MPF\0" + body)
    assert len(added) == length, (len(added), length)
    return first[:head] + added + first[head:] + b"".join(others)


def boxes(data, start, end):
    while start < end:
        length, = struct.unpack_from(">I", data, start)
        yield data[start + 4:start + 8], start, start + length
        start += length


def renamed(data, old, new):
    """A HEIF file whose auxiliary picture is another: places that lie behind the name move."""
    by = len(new) - len(old)
    at = data.index(old)
    out = bytearray(data[:at] + new + data[at + len(old):])

    def grow(start, end):
        for kind, first, last in boxes(data, start, end):
            if first <= at < last:
                struct.pack_into(">I", out, first, last - first + by)
                inside = {b"meta": 12, b"iprp": 8, b"ipco": 8}.get(kind)
                if inside:
                    grow(first + inside, last)
    grow(0, len(data))
    place = out.index(b"iloc") + 4
    version = out[place]
    assert version in (0, 1) and out[place + 4] == 0x44, (version, out[place + 4:place + 6])
    base_length = out[place + 5] >> 4
    count, = struct.unpack_from(">H", out, place + 6)
    item = place + 8
    for _ in range(count):
        item += 2 + (2 if version else 0) + 2 + base_length
        extents, = struct.unpack_from(">H", out, item)
        item += 2
        for _ in range(extents):
            offset, = struct.unpack_from(">I", out, item)
            struct.pack_into(">I", out, item, offset + by)
            item += 8
    return bytes(out)


plain = (DATA / "codecs" / "baseline-420.jpg").read_bytes()
files = {
    "apple.jpg": with_pictures(plain, [smaller(segment(0xE1, IPHONE))]),
    "google.jpg": with_pictures(plain, [smaller(segment(0xE1, GOOGLE))], "<"),
    "iso.jpg": with_pictures(plain, [smaller(segment(0xE2, ISO))]),
    # The second of the pictures behind the first.
    "third.jpg": with_pictures(plain, [smaller(), smaller(segment(0xE1, IPHONE))]),
    # Two views of the same, as 3D cameras write them: no gain map.
    "views.jpg": with_pictures(plain, [plain]),
    "apple.heic": renamed((DATA / "codecs" / "alpha.heic").read_bytes(), b"urn:mpeg:hevc:2015:auxid:1", APPLE),
}
for name, data in files.items():
    (FOLDER / name).write_bytes(data)
    print(name, len(data))
for name in files:
    if name.endswith(".jpg"):
        with Image.open(FOLDER / name) as stored:
            print(name, stored.format, getattr(stored, "n_frames", 1))

# As libheif reads it: no opacity, and a picture of another kind.
stored = pillow_heif.open_heif(str(FOLDER / "apple.heic"))
assert stored.mode == "RGB" and list(stored.info["aux"]) == [APPLE.decode()], (stored.mode, stored.info["aux"])
pixels = stored.to_pillow().convert("RGBA")
(FOLDER / "apple.heic.rgba").write_bytes(struct.pack("<II", *pixels.size) + pixels.tobytes())
