from common import blur, premultiplied


def run(picture, p):
    if picture.shape[-1] == 4:
        return premultiplied(picture, lambda v: blur(v, p["sigma"]))
    return blur(picture, p["sigma"])
