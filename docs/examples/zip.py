"""Has three remote images zipped: python3 docs/examples/zip.py [gateway [archive]]"""

import json
import sys
import urllib.request
import zipfile

gateway = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8080"
archive = sys.argv[2] if len(sys.argv) > 2 else "python.zip"

with urllib.request.urlopen(gateway + "/samples") as answer:
    samples = json.load(answer)
urls = samples["pictures"][:2] + [samples["misbehaving"][0]["url"]]

request = urllib.request.Request(
    gateway + "/api/zip",
    json.dumps({"images": [{"url": url} for url in urls]}).encode(),
    {"Content-Type": "application/json"},
)
# The body comes as the images do: it is copied piece by piece, never whole in memory.
with urllib.request.urlopen(request, timeout=60) as answer, open(archive, "wb") as file:
    while piece := answer.read(64 * 1024):
        file.write(piece)

with zipfile.ZipFile(archive) as read:
    assert read.testzip() is None
    images = [name for name in read.namelist() if name != "manifest.json"]
    skipped = json.loads(read.read("manifest.json"))["skipped"] if "manifest.json" in read.namelist() else []
print(f"python: {len(images)} images, {len(skipped)} skipped")
