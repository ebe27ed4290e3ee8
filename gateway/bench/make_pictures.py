"""Makes pictures that compress like photographs: python3 make_pictures.py DIRECTORY. Needs Pillow, numpy, pillow-heif."""

import io
import pathlib
import struct
import sys

import numpy
import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()


def photograph(width, height, seed):
    """Noise of several sizes: slow changes of colour, structure, grain."""
    random = numpy.random.default_rng(seed)
    pixels = numpy.zeros((height, width, 3), numpy.float32)
    for columns, strength in ((6, 90), (24, 45), (96, 22), (384, 12), (1500, 14)):
        grid = (random.random((max(2, height * columns // width), columns, 3)) * 255).astype(numpy.uint8)
        grown = Image.fromarray(grid).resize((width, height), Image.BICUBIC)
        pixels += (numpy.asarray(grown, numpy.float32) - 128) * (strength / 128)
    pixels += random.normal(0, 4.0, (height, width, 1)).astype(numpy.float32)
    return Image.fromarray(numpy.clip(pixels + 128, 0, 255).astype(numpy.uint8))


def box(kind, *parts):
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def find(data, kind, start=0, end=None):
    """Where the first box of that kind begins and ends, its head included."""
    end = len(data) if end is None else end
    while start < end:
        size, found = struct.unpack(">I4s", data[start:start + 8])
        if found == kind:
            return start, start + size
        start += size
    raise ValueError(f"no {kind}")


def heic(picture, file, quality=45):
    """As phones make it: a grid of tiles of 512 pixels (ISO/IEC 23008-12, 6.6.2.3), about half as large as a JPEG."""
    side = 512
    columns, rows = -(-picture.width // side), -(-picture.height // side)
    tiles, decoder = [], None
    for row in range(rows):
        for column in range(columns):
            left, top = column * side, row * side
            one = io.BytesIO()
            picture.crop((left, top, left + side, top + side)).save(one, "HEIF", quality=quality)
            data = one.getvalue()
            meta, end = find(data, b"meta")
            properties, end = find(data, b"iprp", meta + 12, end)
            container, end = find(data, b"ipco", properties + 8, end)
            start, end = find(data, b"hvcC", container + 8, end)
            decoder = data[start:end]
            start, end = find(data, b"mdat")
            tiles.append(data[start + 8:end])
    ids = range(2, len(tiles) + 2)
    size = lambda width, height: box(b"ispe", struct.pack(">III", 0, width, height))
    entry = lambda item, kind: box(b"infe", struct.pack(">IHH4sx", 2 << 24, item, 0, kind))
    properties = box(b"iprp", box(b"ipco", decoder, size(side, side), size(picture.width, picture.height)), box(
        b"ipma", struct.pack(">II", 0, 1 + len(tiles)), struct.pack(">HBB", 1, 1, 3),
        *(struct.pack(">HBBB", item, 2, 0x81, 2) for item in ids)))
    grid = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, picture.width, picture.height)
    kind = box(b"ftyp", b"heic", struct.pack(">I", 0), b"mif1heic")

    def meta(first):
        places, at = [], first
        for item, tile in zip(ids, tiles):
            places.append(struct.pack(">HHHHII", item, 0, 0, 1, at, len(tile)))
            at += len(tile)
        return box(
            b"meta", struct.pack(">I", 0),
            box(b"hdlr", struct.pack(">II4s13x", 0, 0, b"pict")),
            box(b"pitm", struct.pack(">IH", 0, 1)),
            box(b"iloc", struct.pack(">IBBH", 1 << 24, 0x44, 0, 1 + len(tiles)),
                struct.pack(">HHHHII", 1, 1, 0, 1, 0, len(grid)), *places),
            box(b"iinf", struct.pack(">IH", 0, 1 + len(tiles)), entry(1, b"grid"), *(entry(item, b"hvc1") for item in ids)),
            box(b"iref", struct.pack(">I", 0), box(
                b"dimg", struct.pack(">HH", 1, len(tiles)), *(struct.pack(">H", item) for item in ids))),
            properties,
            box(b"idat", grid))

    head = len(kind) + len(meta(0)) + 8
    pathlib.Path(file).write_bytes(kind + meta(head) + box(b"mdat", *tiles))


def make(directory):
    for name, (width, height) in {"12mp": (4000, 3000), "24mp": (6000, 4000)}.items():
        picture = photograph(width, height, 1)
        veiled = picture.copy()
        veiled.putalpha(Image.linear_gradient("L").resize((width, height)))
        picture.save(directory / f"{name}.jpg", quality=88)
        picture.save(directory / f"{name}-progressive.jpg", quality=88, progressive=True)
        picture.save(directory / f"{name}.png", compress_level=1)
        picture.save(directory / f"{name}.webp", quality=82, method=2)
        picture.save(directory / f"{name}-lossless.webp", lossless=True, quality=10, method=0)
        veiled.save(directory / f"{name}-alpha.webp", quality=82, method=2)
        heic(picture, directory / f"{name}.heic")
    for number in range(24):
        photograph(4000, 3000, number).save(directory / f"photo-{number:02}.jpg", quality=88)


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    make(target)
