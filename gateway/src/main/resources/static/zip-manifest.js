const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END_SIZE = 22;
const LONGEST_COMMENT = 65_535;
const NAME = /^manifest(?: \(\d+\)|-\d+)?\.json$/;

/**
 * What an archive says was left out of it: the last entry that is called so, found by its central directory (APPNOTE
 * 4.3.12 and 4.3.16). Empty when all is in it.
 *
 * @param {Blob} archive
 * @returns {Promise<{index: number, url: string, code?: string}[]>}
 */
export async function skippedIn(archive) {
  const tailAt = Math.max(0, archive.size - END_SIZE - LONGEST_COMMENT);
  const tail = await view(archive, tailAt, archive.size);
  let end = tail.byteLength - END_SIZE;
  while (end >= 0 && tail.getUint32(end, true) !== END) {
    end -= 1;
  }
  if (end < 0) {
    throw new Error('The archive has no end.');
  }
  const directoryAt = tail.getUint32(end + 16, true);
  const directory = await view(archive, directoryAt, directoryAt + tail.getUint32(end + 12, true));
  let found = null;
  for (let at = 0; at + 46 <= directory.byteLength && directory.getUint32(at, true) === CENTRAL;) {
    const lengths = [28, 30, 32].map((offset) => directory.getUint16(at + offset, true));
    const name = new TextDecoder().decode(new Uint8Array(directory.buffer, directory.byteOffset + at + 46, lengths[0]));
    if (NAME.test(name)) {
      found = { method: directory.getUint16(at + 10, true), size: directory.getUint32(at + 20, true), at: directory.getUint32(at + 42, true) };
    }
    at += 46 + lengths[0] + lengths[1] + lengths[2];
  }
  if (found === null) {
    return [];
  }
  const local = await view(archive, found.at, found.at + 30);
  if (local.getUint32(0, true) !== LOCAL) {
    throw new Error('The archive’s directory is wrong.');
  }
  const from = found.at + 30 + local.getUint16(26, true) + local.getUint16(28, true);
  const packed = archive.slice(from, from + found.size);
  const text = found.method === 8
    ? await new Response(packed.stream().pipeThrough(new DecompressionStream('deflate-raw'))).text()
    : await packed.text();
  const told = JSON.parse(text);
  return Array.isArray(told.skipped) ? told.skipped : [];
}

async function view(archive, from, to) {
  return new DataView(await archive.slice(from, to).arrayBuffer());
}
