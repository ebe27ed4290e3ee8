"""What a service does with the API, by openapi-generator's Python client: see bench/clients.sh.

python client.py http://127.0.0.1:8080 http://127.0.0.1:8081/picture.png
"""
import sys
import urllib.request

import openapi_client as api

gateway, picture = sys.argv[1:]
client = api.ApiClient(api.Configuration(host=gateway))
session = api.SessionApi(client).session_begin(api.SignIn(user="paul", roles=["user"]))
client = api.ApiClient(api.Configuration(host=gateway, access_token=session.token))

archive = api.ArchivesApi(client).zip_create(api.ZipRequest(images=[api.ZipImage(url=picture)] * 2))
assert bytes(archive[:2]) == b"PK", archive[:2]

try:
    api.ArchivesApi(client).zip_create(
        api.ZipRequest(images=[api.ZipImage(url=picture), api.ZipImage(url=picture + ".gone")], onError="fail"))
    raise AssertionError("an archive of an image that is gone")
except api.ApiException as error:
    problem = error.data
    assert isinstance(problem, api.Problem), error
    assert (error.status, problem.code, problem.images[0].index) == (502, "upstream_failed", 1), problem

data = urllib.request.urlopen(picture).read()
uploads = api.UploadsApi(client)
for image_id in ("front", "back", "side"):
    wish = api.UploadWish(imageId=image_id, contentType="image/png", fileSize=len(data))
    intent = uploads.upload_intent("paul", api.UploadIntent(images=[wish]))
    put = urllib.request.Request(intent.image_upload_urls[0].upload_url, data, {"Content-Type": "image/png"}, method="PUT")
    assert urllib.request.urlopen(put).status == 200
    assert uploads.upload_complete("paul", intent.listing_id, image_id).size == len(data)

seen, page, pages = set(), 1, 1
while page <= pages:
    shown = api.GalleryApi(client).gallery_list(page=page, size=2)
    seen |= {image.id for image in shown.images}
    page, pages = page + 1, shown.pages
assert len(seen) == 3, seen
