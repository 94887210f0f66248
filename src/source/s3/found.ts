import type { ByteSource } from '../byte-source.ts';
import { OPENING_BYTES } from '../content.ts';
import type { NamedObject } from '../notification.ts';
import { loadS3, S3Error, s3Error } from './client.ts';
import { objectName, openObject, type S3Object } from './object.ts';

/**
 * Why an object cannot be read: it is not there, it must not be read, it is not the one that was begun, what is asked
 * makes no sense to S3, or nothing that is the object's: trying again may help.
 */
export type ObjectFault = 'missing' | 'denied' | 'changed' | 'refused' | 'passing';

/** Who asks is not known (any more), which says nothing about the object. */
const IDENTITY = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidAccessKeyId',
  'InvalidToken',
  'RequestExpired',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
]);

/** Client errors that are told as such but pass. */
const PASSING_STATUS: ReadonlySet<number> = new Set([408, 409, 425, 429]);

/** What a rejected request of the SDK means for the object; null when the error is no answer of S3. */
export function objectFault(error: unknown): ObjectFault | null {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (IDENTITY.has(at.name)) return 'passing';
    const status = statusOf(at);
    if (status === undefined) continue;
    if (status === 404) return 'missing';
    if (status === 403) return 'denied';
    if (status === 412) return 'changed';
    return status < 300 || status >= 500 || PASSING_STATUS.has(status) || at.name === 'RequestTimeout'
      ? 'passing'
      : 'refused';
  }
  return null;
}

function statusOf(error: Error): number | undefined {
  const metadata: unknown = Reflect.get(error, '$metadata');
  if (typeof metadata !== 'object' || metadata === null) return undefined;
  const status: unknown = Reflect.get(metadata, 'httpStatusCode');
  return typeof status === 'number' ? status : undefined;
}

/** An object as it is now, with its first bytes. */
export interface FoundObject {
  readonly object: S3Object;
  readonly head: Uint8Array;
}

/** Names that S3 and servers like it give to buckets. Anything else would be an error of the SDK, not an answer. */
const BUCKET = /^[A-Za-z\d][\w.-]{1,254}$/;

/** Asks for the beginning of an object: its size, tag and first OPENING_BYTES in one request. */
export async function findObject({ bucket, key }: NamedObject): Promise<FoundObject> {
  const name = objectName({ bucket, key });
  if (!BUCKET.test(bucket)) throw s3Error(name, badBucket(bucket));
  const { client, GetObjectCommand } = await loadS3();
  try {
    const answer = await client.send(
      new GetObjectCommand({ Bucket: bucket, Key: key, Range: `bytes=0-${OPENING_BYTES - 1}` }),
    );
    const head = new Uint8Array((await answer.Body?.transformToByteArray()) ?? []);
    const size = sizeOf(answer.ContentRange) ?? answer.ContentLength ?? head.length;
    if (head.length !== Math.min(size, OPENING_BYTES)) throw new Error('the body ended early');
    return { object: { bucket, key, size, etag: answer.ETag ?? null }, head };
  } catch (error) {
    // an empty object has no first byte
    if (error instanceof Error && statusOf(error) === 416) {
      return { object: { bucket, key, size: 0, etag: null }, head: new Uint8Array(0) };
    }
    throw s3Error(name, error);
  }
}

/** `bytes 0-65535/8388608` */
function sizeOf(range: string | undefined): number | undefined {
  const size = /\/(\d+)$/.exec(range ?? '')?.[1];
  return size === undefined ? undefined : Number(size);
}

/** In the shape of S3's own answer to it. */
function badBucket(bucket: string): Error {
  const error = new Error(`'${bucket}' is no name of a bucket`);
  return Object.assign(error, { name: 'InvalidBucketName', $metadata: { httpStatusCode: 400 } });
}

/**
 * The bytes of a found object; what its head has is not asked for again. `failed` is told of an error of a request that
 * may pass: the request is made again when it has resolved.
 */
export function openFound({ object, head }: FoundObject, failed: (error: unknown) => Promise<void>): ByteSource {
  const source = openObject(object);
  return {
    ...source,
    async read(position, length) {
      if (position + length <= head.length) return head.slice(position, position + length);
      for (;;) {
        try {
          return await source.read(position, length);
        } catch (error) {
          if (!mayPass(error)) throw error;
          await failed(error);
        }
      }
    },
  };
}

/** True when an answer of S3, or none, is no verdict on the object: the connection, the server, who asks. */
export function mayPass(error: unknown): boolean {
  return error instanceof S3Error && (objectFault(error) ?? 'passing') === 'passing';
}
