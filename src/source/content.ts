import { CsvSlices, csvDelimiter } from './csv-slices.ts';
import { startsJson } from './envelope.ts';
import { type FramedSlice, type Framer, LineFramer } from './frame.ts';
import { JsonSlices } from './json-slices.ts';

/** What an input's bytes are, inflated: lines, JSON documents, or quoted CSV. */
export type Content = 'lines' | 'json' | 'csv';

const MAGIC: readonly (readonly [Kind, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['Parquet', [0x50, 0x41, 0x52, 0x31]],
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58]],
  ['7z', [0x37, 0x7a, 0xbc, 0xaf]],
];

/** What is not read, by what unpacks it. */
const UNPACKED_BY = { zip: 'unzip', bzip2: 'bunzip2', xz: 'unxz', '7z': '7z x' } as const;
type Packed = keyof typeof UNPACKED_BY;

/** What the first bytes of an input say that it is. */
export type Kind = 'plain' | 'gzip' | 'zstd' | 'Parquet' | Packed;

export function kindOf(bytes: Uint8Array): Kind {
  return MAGIC.find(([, magic]) => magic.every((byte, i) => bytes[i] === byte))?.[0] ?? 'plain';
}

/** Why an input of that kind is not read. */
export function packedProblem(name: string, kind: Packed): string {
  const { [kind]: command } = UNPACKED_BY;
  return `${name}: got ${kind}, expected plain text, gzip, zstd or Parquet: unpack it first (${command})`;
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
  if (startsJson(head)) return openingBy('json', new JsonSlices().opening(head));
  const firstLine = firstLineOf(head);
  if (csvDelimiter(firstLine, inPlace(head).includes('"')) === undefined) {
    return { content: 'lines', firstLine, names: null };
  }
  return openingBy('csv', new CsvSlices().opening(head));
}

function openingBy(content: 'json' | 'csv', slices: readonly FramedSlice[]): Opening {
  const records = slices.find((slice) => slice.kind === 'records');
  const first = slices.find((slice) => slice.kind !== 'broken');
  if (records !== undefined && (content === 'csv' || first === records)) {
    return { content, firstLine: '', names: records.block.names };
  }
  return { content, firstLine: first?.kind === 'lines' ? firstLineOf(first.bytes) : '', names: null };
}

/** Cuts bytes of that content into slices. */
export function framerOf(content: Content): Framer {
  if (content === 'lines') return new LineFramer();
  return content === 'json' ? new JsonSlices() : new CsvSlices();
}

/** Line by line: a run looks at the first line of every input before it begins. */
function firstLineOf(bytes: Uint8Array): string {
  const text = inPlace(bytes);
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const line = text.toString('utf8', at, end < 0 ? text.length : end);
    if (line.trim() !== '') return line;
    if (end < 0) break;
    at = end + 1;
  }
  return '';
}

function inPlace({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}
