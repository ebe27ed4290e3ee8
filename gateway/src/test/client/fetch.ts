/* What a front end does with the API, by openapi-generator's typescript-fetch client: see bench/clients.sh. */
import { ArchivesApi, GalleryApi, SessionApi, UploadsApi } from './apis';
import { type Problem, ZipRequestOnErrorEnum } from './models';
import { Configuration, ResponseError } from './runtime';

declare const process: { argv: string[] };
const [gateway = '', picture = ''] = process.argv.slice(2);

function check(holds: boolean, what: string) {
  if (!holds) {
    throw new Error(`not so: ${what}`);
  }
}

const session = await new SessionApi(new Configuration({ basePath: gateway })).sessionBegin({
  signIn: { user: 'tina', roles: ['user'] },
});
const signedIn = new Configuration({ basePath: gateway, accessToken: session.token });

const archives = new ArchivesApi(signedIn);
const zip: Blob = await archives.zipCreate({ zipRequest: { images: [{ url: picture }, { url: picture }] } });
check((await zip.slice(0, 2).text()) === 'PK', 'an archive is zipped');

const images = [{ url: picture }, { url: `${picture}.gone` }];
const problem: Problem = await archives
  .zipCreate({ zipRequest: { images, onError: ZipRequestOnErrorEnum.Fail } })
  .then(() => Promise.reject(new Error('an archive of an image that is gone')))
  .catch((error: unknown) => (error instanceof ResponseError ? error.response.json() : Promise.reject(error)));
check(problem.code === 'upstream_failed' && problem.images?.[0]?.index === 1, 'an error has a code');

const bytes = await (await fetch(picture)).blob();
const uploads = new UploadsApi(signedIn);
for (const imageId of ['front', 'back', 'side']) {
  const wish = { imageId, contentType: 'image/png' as const, fileSize: bytes.size };
  const intent = await uploads.uploadIntent({ hostId: 'tina', uploadIntent: { images: [wish] } });
  const url = intent.imageUploadUrls[0]?.uploadUrl ?? '';
  const put = await fetch(url, { method: 'PUT', body: bytes, headers: { 'Content-Type': 'image/png' } });
  check(put.ok, 'an image is uploaded');
  const kept = await uploads.uploadComplete({ hostId: 'tina', listingId: intent.listingId, imageId });
  check(kept.size === bytes.size, 'an upload is complete');
}

const ids = new Set<string>();
for (let page = 1, pages = 1; page <= pages; page++) {
  const shown = await new GalleryApi(signedIn).galleryList({ page, size: 2 });
  pages = shown.pages;
  shown.images.forEach((image) => ids.add(image.id));
}
check(ids.size === 3, 'a gallery is paged through');
