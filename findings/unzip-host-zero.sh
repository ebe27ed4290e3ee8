#!/usr/bin/env bash
# Info-ZIP's unzip 6.00 (Debian 6.0-28) does not believe the flag that says "this name is UTF-8" (APPNOTE 4.4.4, bit 11)
# where the entry says that FAT made it (host 0, APPNOTE 4.4.2): it takes the bytes for a DOS code page and converts them.
# Two archives that differ in that one byte of the central directory, seen on 2026-11-29: `café.txt` of host 3 (Unix) comes
# out as it is; of host 0 the é is two other characters, in every locale tried. Host 0 is also what an archive says whose
# writer says nothing. Python's zipfile reads the right name from both.
#
# Needs python3, apt-get and dpkg-deb of Debian 12, and its package lists (apt-get update); the package is unpacked into a temporary folder, nothing is installed.
# Fails when it is no longer so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
if ! apt-get download -qq unzip=6.0-28 2> apt.log; then
    echo "Debian 12's package unzip 6.0-28 could not be downloaded (are there package lists? apt-get update):" >&2
    cat apt.log >&2
    exit 1
fi
dpkg-deb -x unzip_*.deb root

python3 - <<'PY' > seen
import os
import shutil
import subprocess
import zipfile

print(subprocess.run(["root/usr/bin/unzip", "-v"], capture_output=True, text=True).stdout.split(" of ")[0])
for host in (3, 0):
    entry = zipfile.ZipInfo("café.txt", (2026, 1, 1, 0, 0, 0))
    entry.create_system = host
    entry.external_attr = 0o100644 << 16
    with zipfile.ZipFile("names.zip", "w") as archive:
        archive.writestr(entry, b"x")
    with zipfile.ZipFile("names.zip") as archive:
        read = archive.infolist()[0]
        print("host", host, "flag", bool(read.flag_bits & 0x800), "zipfile", ascii(read.filename))
    for locale in ("C", "C.UTF-8"):
        subprocess.run(
            ["root/usr/bin/unzip", "-q", "names.zip", "-d", "out"], check=True, env={**os.environ, "LC_ALL": locale})
        print("host", host, "unzip in", locale, os.listdir(b"out")[0])
        shutil.rmtree("out")
PY

diff - seen <<'SEEN' && echo "As described."
UnZip 6.00
host 3 flag True zipfile 'caf\xe9.txt'
host 3 unzip in C b'caf\xc3\xa9.txt'
host 3 unzip in C.UTF-8 b'caf\xc3\xa9.txt'
host 0 flag True zipfile 'caf\xe9.txt'
host 0 unzip in C b'caf+\xae.txt'
host 0 unzip in C.UTF-8 b'caf+\xae.txt'
SEEN
