"""Makes JPEG XL pictures with inks in `tests/data/color`, by libjxl: black is an extra channel, and 0 is full ink (ISO/IEC 18181-1). Beside each
are the pixels that it must give: its colours by littleCMS or, where no profile says what the inks are, as browsers show them, and its
opacity. Run it with Pillow 13 (littleCMS), numpy and libjxl 0.7 (`libjxl.so.0.7`): python tests/oracles/jxl_inks.py
"""
import ctypes
import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

FOLDER = Path(__file__).parent.parent / "data" / "color"
WIDTH, HEIGHT = 40, 30
RGB_CHANNELS, BLACK, ALPHA, BYTES, WORDS = 3, 4, 0, 2, 3
jxl = ctypes.CDLL("libjxl.so.0.7")
jxl.JxlEncoderCreate.restype = ctypes.c_void_p
jxl.JxlEncoderFrameSettingsCreate.restype = ctypes.c_void_p


class Format(ctypes.Structure):
    _fields_ = [("channels", ctypes.c_uint32), ("type", ctypes.c_int), ("endianness", ctypes.c_int), ("align", ctypes.c_size_t)]


def done(status):
    assert status == 0, status


def written(inks, alpha, icc, bits):
    """A file without loss of samples that count light: rows of cyan, magenta, yellow and black, and perhaps opacity."""
    kind = (BYTES, "u1") if bits == 8 else (WORDS, "<u2")
    encoder = ctypes.c_void_p(jxl.JxlEncoderCreate(None))
    info = (ctypes.c_uint32 * 64)()
    jxl.JxlEncoderInitBasicInfo(info)
    # struct JxlBasicInfo of 0.7: have_container, xsize, ysize, bits_per_sample, exponent_bits, intensity_target, min_nits,
    # relative_to_max_display, linear_below, uses_original_profile, have_preview, have_animation, orientation, num_color_channels,
    # num_extra_channels, alpha_bits, …
    info[1], info[2], info[3], info[9], info[13] = WIDTH, HEIGHT, bits, 1, RGB_CHANNELS
    info[14] = 1 if alpha is None else 2
    info[15] = 0 if alpha is None else bits
    done(jxl.JxlEncoderSetBasicInfo(encoder, info))
    for index, channel in enumerate([BLACK] if alpha is None else [BLACK, ALPHA]):
        extra = (ctypes.c_uint32 * 32)()
        jxl.JxlEncoderInitExtraChannelInfo(channel, extra)
        extra[1] = bits
        done(jxl.JxlEncoderSetExtraChannelInfo(encoder, ctypes.c_size_t(index), extra))
    if icc:
        done(jxl.JxlEncoderSetICCProfile(encoder, icc, ctypes.c_size_t(len(icc))))
    else:
        color = (ctypes.c_uint32 * 64)()
        jxl.JxlColorEncodingSetToSRGB(color, 0)
        done(jxl.JxlEncoderSetColorEncoding(encoder, color))
    settings = ctypes.c_void_p(jxl.JxlEncoderFrameSettingsCreate(encoder, None))
    done(jxl.JxlEncoderSetFrameLossless(settings, 1))

    def put(planes, call, *more):
        data = np.ascontiguousarray(planes.astype(kind[1])).tobytes()
        layout = Format(planes.shape[2] if planes.ndim == 3 else 1, kind[0], 1, 0)
        done(call(settings, ctypes.byref(layout), data, ctypes.c_size_t(len(data)), *more))
    put(inks[..., :3], jxl.JxlEncoderAddImageFrame)
    put(inks[..., 3], jxl.JxlEncoderSetExtraChannelBuffer, ctypes.c_uint32(0))
    if alpha is not None:
        put(alpha, jxl.JxlEncoderSetExtraChannelBuffer, ctypes.c_uint32(1))
    jxl.JxlEncoderCloseInput(encoder)
    out = ctypes.create_string_buffer(1 << 20)
    place, left = ctypes.c_void_p(ctypes.addressof(out)), ctypes.c_size_t(len(out))
    done(jxl.JxlEncoderProcessOutput(encoder, ctypes.byref(place), ctypes.byref(left)))
    jxl.JxlEncoderDestroy(encoder)
    return out.raw[:len(out) - left.value]


def by_profile(ink, icc):
    picture = Image.frombytes("CMYK", (WIDTH, HEIGHT), ink.tobytes())
    profile, srgb = ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB")
    flags = ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.NOOPTIMIZE | ImageCms.Flags.HIGHRESPRECALC
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    return np.asarray(ImageCms.profileToProfile(picture, profile, srgb, intent, outputMode="RGB", flags=flags))


y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
ink = np.dstack([x * 6, y * 8, (x + y) * 3, (WIDTH - x) * 2 + (y % 7) * 9]).astype("u1")
alpha = np.clip(255 - x * 5, 0, 255).astype("u1")
icc = (FOLDER / "cmyk-mft2.icc").read_bytes()
light = 255 - ink
plain = (light[..., :3].astype(int) * light[..., 3:] + 127) // 255
for name, data, colors, opacity in [
    ("inks.jxl", written(light, None, icc, 8), by_profile(ink, icc), None),
    ("inks-16.jxl", written(light.astype("u2") * 257, None, icc, 16), by_profile(ink, icc), None),
    ("inks-alpha.jxl", written(light, alpha, icc, 8), by_profile(ink, icc), alpha),
    ("inks-plain.jxl", written(light, None, None, 8), plain.astype("u1"), None),
]:
    (FOLDER / name).write_bytes(data)
    pixels = np.dstack([colors, np.full((HEIGHT, WIDTH), 255, "u1") if opacity is None else opacity])
    (FOLDER / f"{name}.rgba").write_bytes(np.array([WIDTH, HEIGHT], "<u4").tobytes() + pixels.tobytes())
    print(name, len(data))
