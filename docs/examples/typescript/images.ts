/*
 * Signed images and uploads for a front end, in a browser or in Node. The client is typed by `api.d.ts`, which
 * `npm run generate` makes from the gateway's own description.
 */
import createClient from 'openapi-fetch';
import type { components, paths } from './api.js';

type Schemas = components['schemas'];
type Problem = Schemas['Problem'];

function given<T>(answer: { data?: T; error?: Problem; response: Response }): T {
  if (answer.data === undefined) {
    throw new Error(`${answer.response.status} ${answer.error?.code}: ${answer.error?.detail}`);
  }
  return answer.data;
}

/** In development anybody may ask for a token. A site of one's own asks its own issuer. */
export async function signIn(gateway: string, user: string): Promise<string> {
  return given(await createClient<paths>({ baseUrl: gateway }).POST('/api/session', { body: { user } })).token;
}

export function images(gateway: string, user: string, token: string) {
  const api = createClient<paths>({ baseUrl: gateway, headers: { Authorization: `Bearer ${token}` } });
  const absolute = (path: string) => new URL(path, gateway).href;
  return {
    /** The attributes of an `<img>` for each of `urls`; those that cannot be signed fail the call. */
    async sources(urls: string[], widths: Schemas['ThumbnailWidth'][]) {
      const signed = given(await api.POST('/api/image-proxy/urls', { body: { urls, widths } }));
      return signed.urls.map(({ proxyUrl, widths }) => ({
        src: absolute(proxyUrl),
        srcset: (widths ?? []).map(({ width, proxyUrl }) => `${absolute(proxyUrl)} ${width}w`).join(', '),
      }));
    },

    /** Uploads one file, and returns the id of its image. */
    async upload(file: Blob, fileName: string): Promise<string> {
      const imageId = crypto.randomUUID();
      const contentType = file.type as Schemas['UploadWish']['contentType'];
      const host = { hostId: user };
      const { listingId, imageUploadUrls } = given(
        await api.POST('/api/v1/hosts/{hostId}/listings/submit-intent', {
          params: { path: host },
          body: { images: [{ imageId, contentType, fileSize: file.size, fileName }] },
        }),
      );
      for (const { uploadUrl, method, headers } of imageUploadUrls) {
        const put = await fetch(uploadUrl, { method, headers, body: file });
        if (!put.ok) {
          throw new Error(`upload: ${put.status} ${await put.text()}`);
        }
      }
      return given(
        await api.POST('/api/v1/hosts/{hostId}/listings/{listingId}/images/{imageId}/complete', {
          params: { path: { ...host, listingId, imageId } },
        }),
      ).id;
    },
  };
}
