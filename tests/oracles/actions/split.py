"""Parts by whole numbers: what remains of a division is spread over them."""


def run(picture, p):
    columns, rows, piece = p.get("columns", 2), p.get("rows", 1), p["piece"] - 1
    height, width = picture.shape[:2]
    down, across = divmod(piece, columns)
    return picture[down * height // rows : (down + 1) * height // rows, across * width // columns : (across + 1) * width // columns]
