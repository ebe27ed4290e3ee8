"""Two steps of real-files.sh.

real_files.py sources DIR NAME==VERSION...   downloads and unpacks source distributions into DIR
real_files.py compare DIR GATEWAY PORT       imports every picture below DIR, served on 127.0.0.2:PORT, and compares
"""

import collections
import concurrent.futures
import hashlib
import http.server
import json
import os
import resource
import subprocess
import sys
import tarfile
import threading
import urllib.error
import urllib.request
import warnings

KINDS = {
    "apng", "avif", "avifs", "bmp", "cur", "gif", "heic", "heif", "hif", "ico", "j2k", "jp2", "jpeg", "jpg", "jxl", "mpo", "png", "psd",
    "svg", "tif", "tiff", "webp",
}
LARGEST = 20_000_000
# What Pillow reads and names so, and this gateway keeps.
KEPT = {"JPEG", "MPO", "PNG", "GIF", "WEBP", "AVIF", "HEIF", "TIFF"}


def sources(directory, packages):
    for package in packages:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "--no-binary", ":all:", "-d", os.path.join(directory, "sdist"), package],
            check=True, stdout=subprocess.DEVNULL)
    for name in os.listdir(os.path.join(directory, "sdist")):
        with tarfile.open(os.path.join(directory, "sdist", name)) as tar:
            tar.extractall(directory, filter="data")


def files(directory):
    """Every picture once, by its bytes: package -> paths."""
    seen, found = set(), collections.defaultdict(list)
    for package in sorted(os.listdir(directory)):
        top = os.path.join(directory, package)
        if package in ("venv", "run", "lists", "parts", "sdist") or not os.path.isdir(top):
            continue
        for folder, _, names in sorted(os.walk(top)):
            for name in sorted(names):
                path = os.path.join(folder, name)
                if os.path.islink(path) or name.rsplit(".", 1)[-1].lower() not in KINDS:
                    continue
                if 0 < os.path.getsize(path) <= LARGEST:
                    with open(path, "rb") as file:
                        content = hashlib.sha256(file.read()).digest()
                    if content not in seen:
                        seen.add(content)
                        found[package].append(path)
    return found


def pillow(path):
    """(format, size as it is shown), or (format or None, the error's text)."""
    from PIL import Image, ImageOps

    kind = None
    try:
        with Image.open(path) as image:
            kind = image.format
            shown = ImageOps.exif_transpose(image)
            shown.load()
            return kind, f"{shown.width}x{shown.height}"
    except Exception as failed:  # whatever a broken file makes of it
        return kind, f"{type(failed).__name__}: {str(failed)[:60]}"


class Origin(http.server.BaseHTTPRequestHandler):
    """Files and bytes under names of no meaning; their type is left to their bytes, but for SVG, which has none."""

    protocol_version = "HTTP/1.1"
    served = {}

    def do_GET(self):
        what = Origin.served[self.path]
        if isinstance(what, str):
            with open(what, "rb") as file:
                body = file.read()
        else:
            body = what
        self.send_response(200)
        is_svg = b"<svg" in body[:100_000] or "<svg".encode("utf-16-le") in body[:100_000]
        self.send_header("Content-Type", "image/svg+xml" if is_svg else "application/octet-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def ask(url, body, token=None):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    if token:
        request.add_header("Authorization", "Bearer " + token)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def told(status, answer):
    if status == 201:
        return f"{answer['width']}x{answer['height']}"
    return f"{status} {answer.get('code')} {answer.get('reason', '')}: {answer.get('detail', '')[:110]}"


def compare(directory, gateway, port):
    import pillow_heif

    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    pillow_heif.register_heif_opener()
    server = http.server.ThreadingHTTPServer(("127.0.0.2", port), Origin)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    token = ask(gateway + "/api/session", {"user": "alice"})[1]["token"]

    def imported(name, what):
        Origin.served["/" + name] = what
        return ask(gateway + "/api/images/imports", {"url": f"http://127.0.0.2:{port}/{name}"}, token)

    bad = 0
    print("\n| files of | files | kept, size as Pillow's | refused by both | not a kept kind | differ |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    differences, whole = [], {}
    with concurrent.futures.ThreadPoolExecutor(2) as clients:
        for package, paths in files(directory).items():
            answers = clients.map(lambda numbered: imported(f"{package}-{numbered[0]}", numbered[1]), enumerate(paths))
            counts = collections.Counter()
            for path, (status, answer) in zip(paths, answers):
                kind, theirs = pillow(path)
                ours = told(status, answer)
                if ours == theirs:
                    counts["same"] += 1
                    if kind and 3_000 < os.path.getsize(path) < 300_000:
                        whole.setdefault(kind, path)
                elif status >= 500:
                    bad += 1
                    differences.append((path, kind, theirs, ours))
                elif status != 201 and not theirs[0].isdigit():
                    counts["both"] += 1
                elif status == 422 and kind not in KEPT:
                    counts["kind"] += 1
                else:
                    # A size that is told and is not Pillow's is a fault; a file that only one of both takes is listed.
                    bad += status == 201 and theirs[0].isdigit()
                    differences.append((path, kind, theirs, ours))
            rest = len(paths) - sum(counts.values())
            print(f"| {package} | {len(paths)} | {counts['same']} | {counts['both']} | {counts['kind']} | {rest} |")

        print("\n| file | Pillow's kind | Pillow says | the gateway says |\n| --- | --- | --- | --- |")
        for path, kind, theirs, ours in differences:
            print(f"| {os.path.basename(path)} | {kind or '-'} | {theirs} | {ours} |".replace("\n", " "))

        print("\n| one file, cut at every 5 % | damaged | not an image | kept | other |\n| --- | ---: | ---: | ---: | ---: |")
        for kind, path in sorted(whole.items()):
            with open(path, "rb") as file:
                content = file.read()
            counts = collections.Counter()
            cuts = [(percent, content[:len(content) * percent // 100]) for percent in range(5, 100, 5)]
            for status, answer in clients.map(lambda cut: imported(f"cut-{kind}-{cut[0]}", cut[1]), cuts):
                reason = answer.get("reason", "")
                counts["kept" if status == 201 else reason if reason in ("damaged", "not_an_image") else told(status, answer)] += 1
                bad += status >= 500
            other = sum(counts.values()) - counts["damaged"] - counts["not_an_image"] - counts["kept"]
            names = "; ".join(name for name in counts if name not in ("damaged", "not_an_image", "kept"))
            print(f"| {kind}, {os.path.basename(path)} | {counts['damaged']} | {counts['not_an_image']} | {counts['kept']} | {other} {names} |")
    return 1 if bad else 0


if __name__ == "__main__":
    if sys.argv[1] == "sources":
        sources(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(compare(sys.argv[2], sys.argv[3], int(sys.argv[4])))
