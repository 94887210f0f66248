import type { ListObjectsV2CommandInput, ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { FlowtrieError } from '../../model/errors.ts';
import { BODY_TRIES, loadS3, pause, s3Error } from './client.ts';
import { isDayFolder, mayHold, type Span } from './key-time.ts';
import type { S3Object } from './object.ts';

const SCHEME = 's3://';

export function isS3(arg: string): boolean {
  return arg.startsWith(SCHEME);
}

/**
 * The objects below `s3://bucket/prefix` in order of key bytes, without empty ones: one object when a key is exactly
 * the prefix, else all keys that begin with it. Where the span is bounded, folders and objects whose key names a time
 * outside of it are left out, folders without being listed.
 */
export async function listObjects(url: string, span: Span): Promise<S3Object[]> {
  const found: S3Object[] = [];
  for await (const page of objectPages(url, span)) found.push(...page);
  const bytes = new Map(found.map((object) => [object, Buffer.from(object.key)]));
  const none = Buffer.alloc(0);
  return found.sort((a, b) => Buffer.compare(bytes.get(a) ?? none, bytes.get(b) ?? none));
}

/** The same objects a page at a time, as S3 lists them: in order, folder by folder where the span is bounded. */
export async function* objectPages(url: string, span: Span): AsyncGenerator<readonly S3Object[]> {
  const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(url) ?? [];
  if (bucket === '') throw new FlowtrieError('input', `${url}: expected s3://bucket or s3://bucket/prefix`);
  const bounded = span.since !== null || span.until !== null;
  const folders = [prefix];
  let none = true;
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    // one folder after the other where some can be left out
    const delimiter = bounded && !isDayFolder(folder) ? '/' : undefined;
    for await (const page of pages(url, bucket, folder, delimiter)) {
      // a key that is the prefix is listed first, before all that it begins
      const exact = page.objects.find((object) => none && object.key === prefix && mayHold(object.key, span));
      if (exact !== undefined) {
        yield [exact];
        return;
      }
      const objects = page.objects.filter((object) => mayHold(object.key, span));
      if (objects.length > 0) yield objects;
      none &&= objects.length === 0;
      folders.push(...page.folders.filter((name) => mayHold(name, span)));
    }
  }
  if (none) throw new FlowtrieError('input', `${url}: no objects${bounded ? ' in the span' : ''}`);
}

interface ListingPage {
  readonly objects: readonly S3Object[];
  readonly folders: readonly string[];
}

async function* pages(
  url: string,
  bucket: string,
  prefix: string,
  delimiter: string | undefined,
): AsyncGenerator<ListingPage> {
  let token: string | undefined;
  do {
    const page = await listed(url, {
      Bucket: bucket,
      Prefix: prefix,
      ...(delimiter === undefined ? {} : { Delimiter: delimiter }),
      ...(token === undefined ? {} : { ContinuationToken: token }),
    });
    const objects = (page.Contents ?? []).flatMap(({ Key, Size, ETag }): S3Object[] =>
      Key === undefined || Size === undefined || Size === 0
        ? []
        : [{ bucket, key: Key, size: Size, etag: ETag ?? null }],
    );
    yield { objects, folders: (page.CommonPrefixes ?? []).flatMap(({ Prefix }) => Prefix ?? []) };
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
}

/** One page; tried again when its text breaks off, which the SDK takes for nonsense. */
async function listed(url: string, input: ListObjectsV2CommandInput): Promise<ListObjectsV2CommandOutput> {
  const { client, ListObjectsV2Command } = await loadS3();
  for (let tries = 0; ; tries++) {
    await pause(tries);
    try {
      return await client.send(new ListObjectsV2Command(input));
    } catch (error) {
      if (tries + 1 >= BODY_TRIES || !isCutOff(error)) throw s3Error(url, error);
    }
  }
}

/** True when the server answered well but its text cannot be read. */
function isCutOff(error: unknown): boolean {
  if (!(error instanceof Error) || !('$metadata' in error)) return false;
  return Number(Reflect.get(Object(error.$metadata), 'httpStatusCode')) === 200;
}
