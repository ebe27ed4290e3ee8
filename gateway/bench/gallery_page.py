"""What a page of 24 photographs costs a browser: python3 gallery_page.py GATEWAY TOKEN.

Opens the gallery in Debian's Chromium at 10 Mbit/s and 40 ms, with an empty cache, and prints: bytes received for pictures, bytes in all,
seconds until every picture of the first screen is shown, seconds until every picture of the page is. Needs playwright.

A browser that has just started loads pages of its own (its tab search, for one: a second of CPU), so it has some seconds for that before.
"""

import sys
import time

from playwright.sync_api import sync_playwright

gateway, token = sys.argv[1:]
BITS_PER_SECOND = 10_000_000
BROWSER_START_SECONDS = 4
SHOWN = """(all) => {
  const pictures = [...document.querySelectorAll('.grid .tile img')];
  const wanted = pictures.filter((one) => all || one.getBoundingClientRect().top < innerHeight);
  return wanted.length > 0 && wanted.every((one) => one.complete && one.naturalWidth > 0);
}"""

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage"])
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": "sluice_session", "value": token, "url": gateway}])
    page = context.new_page()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 40, "downloadThroughput": BITS_PER_SECOND / 8, "uploadThroughput": BITS_PER_SECOND / 8},
    )
    types, received = {}, {}
    network.on("Network.responseReceived", lambda event: types.__setitem__(event["requestId"], event["type"]))
    network.on("Network.dataReceived", lambda event: received.__setitem__(
        event["requestId"], received.get(event["requestId"], 0) + event["encodedDataLength"]))
    time.sleep(BROWSER_START_SECONDS)
    start = time.monotonic()
    page.goto(gateway + "/#/gallery")
    page.wait_for_function(SHOWN, arg=False, timeout=180_000)
    first = time.monotonic() - start
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_function(SHOWN, arg=True, timeout=180_000)
    everything = time.monotonic() - start
    pictures = sum(size for request, size in received.items() if types.get(request) == "Image")
    print(f"{pictures} {sum(received.values())} {first:.2f} {everything:.2f}")
    browser.close()
