"""Writes TIFF files entry by entry, for pictures of kinds that libraries do not write."""

import struct

CODES = {1: "B", 3: "H", 4: "I", 7: "B", 13: "I"}


def write(name, order, entries, parts):
    """Writes a TIFF of one page. `entries` are (tag, type, numbers or bytes) apart from those of the parts, which are
    strips or tiles; `order` is a struct prefix, with which all numbers are packed."""
    tiled = any(tag == 322 for tag, _, _ in entries)
    at, places, data = 8, [], b""
    for part in parts:
        places.append(at + len(data))
        data += part
    entries = entries + [(324 if tiled else 273, 4, places), (325 if tiled else 279, 4, [len(part) for part in parts])]
    start = 8 + len(data)
    directory, values, after = b"", b"", start + 2 + 12 * len(entries) + 4
    for tag, kind, numbers in sorted(entries):
        packed = struct.pack(f"{order}{len(numbers)}{CODES[kind]}", *numbers)
        if len(packed) > 4:
            packed, values = struct.pack(f"{order}I", after + len(values)), values + packed
        directory += struct.pack(f"{order}HHI", tag, kind, len(numbers)) + packed.ljust(4, b"\0")
    with open(name, "wb") as file:
        file.write((b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", start) + data)
        file.write(struct.pack(f"{order}H", len(entries)) + directory + bytes(4) + values)


def kind(size, bits, photometric, compression=1, *more):
    """The entries that say what kind of picture it is: columns and rows, bits of each sample, and how to read them."""
    required = [(256, 3, [size[0]]), (257, 3, [size[1]]), (258, 3, bits), (277, 3, [len(bits)])]
    return required + [(262, 3, [photometric]), (259, 3, [compression]), *more]
