"""LUTs by colour-science, which reads the .cube files and interpolates in tetrahedra. As a script it makes these files, which are
dedicated to the public domain (CC0 1.0):

    pip install colour-science
    python tests/oracles/actions/lut.py
"""

import warnings

import numpy as np
from common import FOLDER

warnings.simplefilter("ignore")


def run(picture, p):
    import colour
    from colour.algebra import table_interpolation_tetrahedral

    path = FOLDER / "lut" / f"{p['lut']}.cube"
    reader = colour.io.read_LUT_ResolveCube if p["lut"] == "shaped" else colour.io.read_LUT_IridasCube
    found = reader(str(path))
    values = picture[..., :3] / 255
    for table in getattr(found, "sequence", [found]):
        # Outside of its domain a table has its first or its last entry.
        values = np.clip(values, table.domain[0], table.domain[-1])
        if isinstance(table, colour.LUT3D):
            values = table.apply(values, interpolator=table_interpolation_tetrahedral)
        else:
            values = table.apply(values)
    strength = p.get("strength", 1)
    out = picture.copy()
    out[..., :3] = np.clip(values, 0, 1) * 255 * strength + picture[..., :3] * (1 - strength)
    return out


def rows(colours):
    return "".join("{:.6f} {:.6f} {:.6f}\n".format(*colour) for colour in colours)


def cube(size, low=(0, 0, 0), high=(1, 1, 1)):
    """The colours at the places of a cube; red changes first."""
    axes = [np.linspace(a, b, size) for a, b in zip(low, high)]
    b, g, r = np.meshgrid(axes[2], axes[1], axes[0], indexing="ij")
    return np.stack([r, g, b], -1).reshape(-1, 3)


def film(colours):
    """More contrast, warm lights and cold shadows, colours that lean to their neighbours, and values beyond 0 and 1."""
    luma = colours @ [0.2126, 0.7152, 0.0722]
    saturated = luma[:, None] + (colours - luma[:, None]) * (1.5 - 0.6 * luma[:, None])
    mixed = saturated @ np.array([[0.92, 0.1, -0.02], [0.06, 0.9, 0.04], [-0.03, 0.15, 0.88]])
    curve = mixed + 0.18 * np.sin(2 * np.pi * (mixed - 0.5)) * (np.abs(mixed - 0.5) < 0.5)
    return curve + np.outer(luma - 0.45, [0.12, 0.02, -0.14])


def make():
    folder = FOLDER / "lut"
    title = "# Made by tests/oracles/actions/lut.py; CC0 1.0.\n"
    (folder / "film.cube").write_text(f'{title}TITLE "Film # 1"\n\nLUT_3D_SIZE 9\n{rows(film(cube(9)))}')
    low, high = (-0.1, 0.1, 0), (1.2, 0.8, 1)
    text = "DOMAIN_MIN -0.1 0.1 0\nDOMAIN_MAX 1.2 0.8 1\n"
    (folder / "domain.cube").write_text(f"{title}LUT_3D_SIZE 4\n{text}{rows(film(cube(4, low, high)))}")
    steps = np.linspace(0, 1, 12)[:, None]
    fade = 0.08 + 0.84 * steps ** [0.8, 1, 1.3]
    (folder / "fade.cube").write_text(f"{title}LUT_1D_SIZE 12\n\n{rows(fade)}")
    steps = np.linspace(0, 1, 16)[:, None] * [1, 1, 1]
    text = "LUT_1D_SIZE 16\nLUT_1D_INPUT_RANGE 0.0 1.0\nLUT_3D_SIZE 5\nLUT_3D_INPUT_RANGE 0.0 1.0\n"
    (folder / "shaped.cube").write_text(f"{title}{text}\n{rows(steps**0.5)}{rows(film(cube(5) ** 2))}")


if __name__ == "__main__":
    make()
