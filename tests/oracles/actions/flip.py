def run(picture, p):
    """By indices."""
    return picture[::-1] if p.get("direction") == "vertical" else picture[:, ::-1]
