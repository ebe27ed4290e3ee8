"""Makes pictures that compress like photographs: python3 make_pictures.py DIRECTORY. Needs Pillow, numpy, pillow-heif."""

import pathlib
import sys

import numpy
import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()
directory = pathlib.Path(sys.argv[1])
directory.mkdir(parents=True, exist_ok=True)


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
    picture.save(directory / f"{name}.heic", quality=45)  # about half of the JPEG, as cameras have it
for number in range(24):
    photograph(4000, 3000, number).save(directory / f"photo-{number:02}.jpg", quality=88)
