import { FlowtrieError } from '../../model/errors.ts';
import type { ByteSource } from '../byte-source.ts';
import { BODY_TRIES, loadS3, pause, s3Error } from './client.ts';

/** An object of a listing; the tag says whether it is still the same when it is read. */
export interface S3Object {
  readonly bucket: string;
  readonly key: string;
  readonly size: number;
  readonly etag: string | null;
}

/** Bytes of one request, and requests under way at a time when an object is read from its beginning. */
const PART_BYTES = 8 * 1024 * 1024;
const PARTS_AHEAD = 3;

/** Bytes of an object in memory while it is read from its beginning. */
export const AHEAD_BYTES: number = PART_BYTES * PARTS_AHEAD;

export function objectName(object: Pick<S3Object, 'bucket' | 'key'>): string {
  return `s3://${object.bucket}/${object.key}`;
}

export function openObject(object: S3Object): ByteSource {
  const name = objectName(object);
  return {
    name,
    size: object.size,
    async read(position, length) {
      if (position < 0 || position + length > object.size) {
        throw new FlowtrieError('input', `${name}: expected ${position + length} bytes, the object has ${object.size}`);
      }
      const bytes = new Uint8Array(length);
      let filled = 0;
      let fault: unknown = new Error('the body ended early');
      for (let tries = 0; filled < length && tries < BODY_TRIES; tries++) {
        await pause(tries);
        const body = await bodyOf(object, position + filled, position + length).catch((error: unknown) => {
          // the SDK has tried again what may be tried again
          throw s3Error(name, error);
        });
        try {
          for await (const piece of body) {
            if (filled + piece.length > length) throw new Error('the body is longer than what was asked for');
            bytes.set(piece, filled);
            filled += piece.length;
          }
        } catch (error) {
          fault = error;
        }
      }
      if (filled < length) throw s3Error(name, fault);
      return bytes;
    },
    close: () => {},
  };
}

/** An object from its beginning to its end, a few parts ahead. */
export function objectBytes(object: S3Object, onRead: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  return partsOf(openObject(object), onRead);
}

/** The bytes of a source from its beginning to its end, a few parts ahead. */
export async function* partsOf(source: ByteSource, onRead: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const ahead: Promise<Uint8Array>[] = [];
  for (let next = 0; next < source.size || ahead.length > 0; ) {
    while (next < source.size && ahead.length < PARTS_AHEAD) {
      const length = Math.min(PART_BYTES, source.size - next);
      const part = source.read(next, length);
      // a rejection is met when its turn comes
      part.catch(() => {});
      ahead.push(part);
      next += length;
    }
    const bytes = await ahead.shift();
    if (bytes === undefined) return;
    onRead(bytes.length);
    yield bytes;
  }
}

async function bodyOf(object: S3Object, from: number, to: number): Promise<AsyncIterable<Uint8Array>> {
  const { client, GetObjectCommand } = await loadS3();
  const { Body } = await client.send(
    new GetObjectCommand({
      Bucket: object.bucket,
      Key: object.key,
      Range: `bytes=${from}-${to - 1}`,
      ...(object.etag === null ? {} : { IfMatch: object.etag }),
    }),
  );
  if (Body === undefined) throw new Error('an answer without a body');
  return Body as AsyncIterable<Uint8Array>;
}
