"""Makes the `.rgba16` files of tests/data/codecs: the samples that pictures of more than 8 bits must give, as 16-bit little
endian RGBA after width and height. ImageMagick reads them with 16 bits a sample, OpenCV AVIF (libavif) and TIFF (libtiff),
and tifffile floating-point TIFF.

    pip install numpy opencv-python tifffile
    apt-get install imagemagick
    python tests/oracles/deep.py
"""

import pathlib
import struct
import subprocess

import cv2
import numpy as np
import tifffile

FOLDER = pathlib.Path(__file__).parent.parent / "data" / "codecs"
NAMES = [
    "gray-16.png", "rgb-16.png", "rgba-16-interlaced.png", "gray-12.tif", "rgb-16-big.tif", "rgb-16-little.tif",
    "raw-10-bits.ppm", "raw-16.pgm",
    "deep.heic",
]


def by_imagemagick(path):
    width, height = map(int, subprocess.check_output(["identify", "-format", "%w %h", path]).split())
    # Samples as stored: no conversion of grays with a gamma of their own.
    command = ["convert", path, "-auto-orient", "-depth", "16", "-endian", "LSB", "rgba:-"]
    samples = np.frombuffer(subprocess.check_output(command), "<u2")
    return samples.reshape(height, width, 4)


def by_opencv(path, bits):
    # It returns samples as libavif and libtiff have them, in the order blue, green, red.
    colors = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[..., ::-1].astype(np.float64)
    samples = np.floor(colors * 65535 / (2**bits - 1) + 0.5).astype("<u2")
    return np.dstack([samples, np.full(samples.shape[:2], 65535, "<u2")])


def by_tifffile(path):
    light = np.atleast_3d(tifffile.imread(path).astype(np.float64))
    samples = np.clip(np.floor(light * 65535 + 0.5), 0, 65535).astype("<u2")
    colors = np.repeat(samples, 3, axis=2) if samples.shape[2] == 1 else samples[..., :3]
    return np.dstack([colors, np.full(colors.shape[:2], 65535, "<u2")])


def write(name, samples):
    height, width = samples.shape[:2]
    (FOLDER / f"{name}.rgba16").write_bytes(struct.pack("<II", width, height) + samples.astype("<u2").tobytes())


for name in NAMES:
    write(name, by_imagemagick(FOLDER / name))
for bits in [10, 12]:
    write(f"{bits}-bits.avif", by_opencv(FOLDER / f"{bits}-bits.avif", bits))
# ImageMagick reduces these to 8 bits.
for name in ["rgb-16-predicted-big.tif", "rgb-16-predicted-little.tif"]:
    write(name, by_opencv(FOLDER / name, 16))
for name in ["float-16.tif"]:
    write(name, by_tifffile(FOLDER / name))
