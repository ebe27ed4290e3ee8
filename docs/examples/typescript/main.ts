/* Prints an `<img>` of a sample by signed URLs, and uploads a picture: GATEWAY=http://localhost:8080 npm start */
import { images, signIn } from './images.js';

const gateway = process.env['GATEWAY'] ?? 'http://localhost:8080';
const client = images(gateway, 'visitor', await signIn(gateway, 'visitor'));

const samples = (await (await fetch(`${gateway}/samples`)).json()) as { pictures: string[] };
for (const { src, srcset } of await client.sources(samples.pictures.slice(0, 1), [320, 640])) {
  const shown = await fetch(src);
  console.log(`<img src="${src}" srcset="${srcset}">`);
  console.log(`shown: ${shown.status} ${shown.headers.get('Content-Type')}`);

  const id = await client.upload(await shown.blob(), 'sample.jpg');
  console.log(`uploaded ${id}`);
}
