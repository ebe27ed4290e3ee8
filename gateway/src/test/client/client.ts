/*
 * What a front end does with the API, by nothing but the document: `api.d.ts` is generated from it. Fails to compile
 * where the document does not say what is needed, and fails when the gateway does otherwise.
 *
 *   node client.js http://127.0.0.1:8080 http://127.0.0.1:8081/picture.png
 */
import createClient from 'openapi-fetch';
import type { components, paths } from './api.js';

type Problem = components['schemas']['Problem'];

const [gateway = '', picture = ''] = process.argv.slice(2);

function given<T>(answer: { data?: T; error?: Problem; response: Response }): T {
  if (answer.data === undefined) {
    throw new Error(`${answer.response.status} ${answer.error?.code}: ${answer.error?.detail}`);
  }
  return answer.data;
}

function check(holds: boolean, what: string) {
  if (!holds) {
    throw new Error(`not so: ${what}`);
  }
  console.log(`ok ${what}`);
}

const session = given(
  await createClient<paths>({ baseUrl: gateway }).POST('/api/session', { body: { user: 'alice', roles: ['user'] } }),
);
const api = createClient<paths>({ baseUrl: gateway, headers: { Authorization: `Bearer ${session.token}` } });

const zip = given(
  await api.POST('/api/zip', { body: { images: [{ url: picture }, { url: picture }] }, parseAs: 'arrayBuffer' }),
);
check(new TextDecoder().decode(zip.slice(0, 2)) === 'PK', 'an archive is zipped');

const refused = await api.POST('/api/zip', {
  body: { images: [{ url: picture }, { url: `${picture}.gone` }], onError: 'fail' },
});
const failed: Problem['code'] | undefined = refused.error?.code;
check(failed === 'upstream_failed' && refused.error?.images?.[0]?.index === 1, 'an error has a code, and says of what');
const empty = await api.POST('/api/zip', { body: { images: [] } });
check(empty.error?.code === 'malformed_request' && empty.error.member === 'images', 'an error names its member');

const bytes = new Uint8Array(await (await fetch(picture)).arrayBuffer());
const host = { path: { hostId: 'alice' } };
for (const imageId of ['front', 'back', 'side']) {
  const intent = given(
    await api.POST('/api/v1/hosts/{hostId}/listings/submit-intent', {
      params: host,
      body: { images: [{ imageId, contentType: 'image/png', fileSize: bytes.length }] },
    }),
  );
  for (const upload of intent.imageUploadUrls) {
    const put = await fetch(upload.uploadUrl, { method: 'PUT', body: bytes, headers: { 'Content-Type': 'image/png' } });
    check(put.ok, `${imageId} is uploaded with nothing but its type`);
    const kept = given(
      await api.POST('/api/v1/hosts/{hostId}/listings/{listingId}/images/{imageId}/complete', {
        params: { path: { hostId: 'alice', listingId: intent.listingId, imageId } },
      }),
    );
    check(kept.size === bytes.length, `${imageId} is complete`);
  }
}

const ids = new Set<string>();
for (let page = 1, pages = 1; page <= pages; page++) {
  const shown = given(await api.GET('/api/images', { params: { query: { page, size: 2 } } }));
  pages = shown.pages;
  shown.images.forEach((image) => ids.add(image.id));
}
check(ids.size === 3, 'a gallery is paged through');
