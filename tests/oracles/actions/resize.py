from common import half_up, resample


def run(picture, p):
    height, width = picture.shape[:2]
    name = p.get("filter", "lanczos3")
    if p.get("mode", "fit") == "fill":
        scale = max(p["width"] / width, p["height"] / height)
        covered = resample(picture, half_up(width * scale), half_up(height * scale), name)
        x = (covered.shape[1] - p["width"]) // 2 if p.get("gravity", "center") == "center" else 0
        y = (covered.shape[0] - p["height"]) // 2 if p.get("gravity", "center") == "center" else 0
        assert p.get("gravity", "center") in ("center", "northwest")
        return covered[y : y + p["height"], x : x + p["width"]]
    if p["mode"] == "exact":
        return resample(picture, p["width"], p["height"], name)
    scale = p["percent"] / 100
    return resample(picture, half_up(width * scale), half_up(height * scale), name)
