"""The picture strip of the README, from real screenshots: python3 strip.py GATEWAY.

GATEWAY is a gateway in development, without limits, whose database is empty. Fills a gallery with what such a gateway draws and paints
itself, visits the builder, the gallery and the viewer in Debian's Chromium, and the gallery on a phone, and writes strip.webp beside
this file. Needs playwright and Pillow.
"""

import io
import pathlib
import sys

from PIL import Image, ImageDraw
from playwright.sync_api import sync_playwright

gateway = sys.argv[1]
target = pathlib.Path(__file__).with_name("strip.webp")
WIDE, PHONE, SCALE = (1280, 800), (390, 800), 2
HEIGHT, GAP, RADIUS = 540, 28, 14
GROUND, EDGE = (232, 238, 241), (200, 210, 215)
LARGEST_BYTES = 300 * 1024
PROMPTS = [
    ("Mist over the lower lock", "16:9"), ("Harbour hills at first light", "4:3"), ("Tall reeds", "3:4"), ("The weir in autumn", "16:9"),
    ("Evening above the canal", "4:3"), ("Moon over the basin", "1:1"), ("Snow on the towpath hills", "16:9"), ("The upper gate", "3:4"),
    ("Slow water", "4:3"), ("Summer storm coming", "16:9"), ("Blue hour at the mill", "1:1"), ("Spring flood", "4:3"),
]


def post(request, path, data):
    answer = request.post(gateway + path, data=data, headers={"Origin": gateway})
    assert answer.ok, f"{path}: {answer.status} {answer.text()}"
    return answer.json()


def shots(playwright):
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage"])

    def visit(size, **further):
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, device_scale_factor=SCALE, reduced_motion="reduce", color_scheme="light", **further)
        post(context.request, "/api/session", {"user": "robin", "roles": ["user"], "projects": []})
        return context.new_page()

    def shot(page):
        page.wait_for_timeout(700)
        return Image.open(io.BytesIO(page.screenshot())).convert("RGB")

    page = visit(WIDE)
    samples = page.request.get(gateway + "/samples").json()["pictures"][:6]
    for url in samples[:4]:
        post(page.request, "/api/images/imports", {"url": url})
    for prompt, ratio in PROMPTS:
        image = post(page.request, "/api/images/generations", {"prompt": prompt, "aspectRatio": ratio})
        while image["status"] == "generating" or not image["thumbnails"]:
            page.wait_for_timeout(200)
            image = page.request.get(f"{gateway}/api/images/{image['id']}").json()

    page.goto(gateway + "/")
    page.get_by_label("Image links").fill("\n".join(samples))
    page.get_by_role("button", name="Add", exact=True).click()
    with page.expect_download():
        page.get_by_role("button", name="Download ZIP").click()
    page.get_by_text("Saved to Downloads").first.wait_for()
    page.evaluate("scrollTo(0, 0)")
    builder = shot(page)

    page.goto(gateway + "/gallery")
    page.wait_for_function("() => document.querySelectorAll('.tile img.is-loaded').length >= 12", timeout=60_000)
    gallery = shot(page)
    page.locator(".tile-open").nth(1).click()
    page.locator(".viewer img.is-loaded").wait_for()
    page.get_by_role("button", name="Details").click()
    viewer = shot(page)

    page = visit(PHONE, is_mobile=True, has_touch=True)
    page.goto(gateway + "/gallery")
    page.wait_for_function("() => document.querySelectorAll('.tile img.is-loaded').length >= 6", timeout=60_000)
    phone = shot(page)
    browser.close()
    return [builder, gallery, viewer, phone]


def framed(picture):
    """At the strip's height, with round corners and a fine edge."""
    picture = picture.resize((round(picture.width * HEIGHT / picture.height), HEIGHT), Image.LANCZOS)
    mask = Image.new("L", (4 * picture.width, 4 * picture.height), 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, mask.width - 1, mask.height - 1), 4 * RADIUS, fill=255)
    ImageDraw.Draw(picture).rounded_rectangle((0, 0, picture.width - 1, picture.height - 1), RADIUS, outline=EDGE, width=2)
    return picture, mask.resize(picture.size, Image.LANCZOS)


with sync_playwright() as playwright:
    pictures = [framed(one) for one in shots(playwright)]
strip = Image.new("RGB", (sum(one.width for one, _ in pictures) + GAP * (len(pictures) + 1), HEIGHT + 2 * GAP), GROUND)
left = GAP
for one, mask in pictures:
    strip.paste(one, (left, GAP), mask)
    left += one.width + GAP
for quality in (86, 80, 74, 66, 58, 50):
    strip.save(target, quality=quality, method=6)
    if target.stat().st_size <= LARGEST_BYTES:
        break
print(target, strip.size, f"{target.stat().st_size / 1024:.0f} KB, quality {quality}")
