#!/usr/bin/env bash
# libvips 8.18.7 does not recognise an AVIF whose major brand is `avis`, an image sequence, though it reads it when its
# loader is named. Seen on 2026-11-29 with a valid file that Pillow 13.0.0 writes (libavif reads it back with all its
# frames): vips_foreign_find_load finds nothing, `heifload` gives the first picture. So it is with libvips 8.14.1 of
# Debian 12, tried once by hand on 2026-12-01: `vipsheader` hands the file to ImageMagick, which cannot read it. Whoever
# decides by that function whether a file is a picture refuses these.
#
# Needs python3 with venv; installs pinned packages into a temporary folder. Fails when it is no longer so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
pip=("$work/venv/bin/pip" install --quiet --disable-pip-version-check)
"${pip[@]}" pillow==13.0.0 pyvips==3.1.1
# Last: where libvips is installed, pyvips has built a module for that one in the place of this.
"${pip[@]}" --force-reinstall --no-deps pyvips-binary==8.18.7

"$work/venv/bin/python" - "$work/sequence.avif" <<'PY' | tee "$work/seen"
import sys

import pyvips
from PIL import Image

path = sys.argv[1]
frames = [Image.new('RGB', (64, 48), colour) for colour in ('red', 'green', 'blue')]
frames[0].save(path, save_all=True, append_images=frames[1:], duration=100)
with open(path, 'rb') as file:
    print('major brand', file.read(12)[8:].decode())
with Image.open(path) as image:
    print('Pillow', image.size, 'frames', image.n_frames)
print('libvips', '.'.join(str(pyvips.version(part)) for part in range(3)))
try:
    pyvips.Image.new_from_file(path)
    print('found by content')
except pyvips.Error:
    print('not found by content')
named = pyvips.Image.heifload(path)
print('heifload', (named.width, named.height), 'red green blue', [round(band / 255) for band in named(32, 24)])
PY

diff - "$work/seen" <<'SEEN' && echo "As described."
major brand avis
Pillow (64, 48) frames 3
libvips 8.18.7
not found by content
heifload (64, 48) red green blue [1, 0, 0]
SEEN
