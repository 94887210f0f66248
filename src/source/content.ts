import { startsJson } from './envelope.ts';
import { type Framer, LineFramer } from './frame.ts';
import { JsonSlices } from './json-slices.ts';

/** What an input's bytes are, inflated: lines, or JSON documents. */
export type Content = 'lines' | 'json';

const MAGIC: readonly (readonly [Kind, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['Parquet', [0x50, 0x41, 0x52, 0x31]],
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
  ['bzip2', [0x42, 0x5a, 0x68]],
];

/** What the first bytes of an input say that it is; the last two are not read. */
export type Kind = 'plain' | 'gzip' | 'zstd' | 'Parquet' | 'zip' | 'bzip2';

export function kindOf(bytes: Uint8Array): Kind {
  return MAGIC.find(([, magic]) => magic.every((byte, i) => bytes[i] === byte))?.[0] ?? 'plain';
}

/** How an input begins: what its bytes are and which fields its first records have. */
export interface Opening {
  readonly content: Content;
  /** The first line that is not blank, of the input or of its first message; '' when there is none. */
  readonly firstLine: string;
  /** Names of the first record where records are not lines. */
  readonly names: readonly string[] | null;
}

/** Bytes of an input, inflated, that are looked at for its beginning. */
export const OPENING_BYTES: number = 64 * 1024;

/** Looks at the first bytes of an input. */
export function openingOf(bytes: Uint8Array): Opening {
  const head = bytes.subarray(0, OPENING_BYTES);
  if (!startsJson(head)) return { content: 'lines', firstLine: firstLineOf(head), names: null };
  const first = new JsonSlices().opening(head).find((slice) => slice.kind !== 'broken');
  if (first?.kind === 'records') return { content: 'json', firstLine: '', names: first.block.names };
  return { content: 'json', firstLine: first === undefined ? '' : firstLineOf(first.bytes), names: null };
}

/** Cuts bytes of that content into slices. */
export function framerOf(content: Content): Framer {
  return content === 'json' ? new JsonSlices() : new LineFramer();
}

function firstLineOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8');
  return text.split('\n').find((line) => line.trim() !== '') ?? '';
}
