import { type Format, isFieldName, parseHeader, TGW_DEFAULT } from './format.ts';
import type { LineTokens } from './line-tokens.ts';

/** Bytes of a header candidate that are read as text, and of its first name; no header is longer. */
const HEADER_BYTES_MAX = 8192;
const NAME_BYTES_MAX = 64;

const QUOTE = 34;

/** Second field of every transit gateway record. */
const TGW_RESOURCE = 'TransitGateway';

/**
 * The format when the line that was scanned into `tokens` is a header; in tables its names may be quoted. The first
 * token rules out nearly every other line.
 */
export function headerOf(bytes: Uint8Array, from: number, tokens: LineTokens, isTable: boolean): Format | undefined {
  const { starts, ends, first, end } = tokens;
  const start = starts[first]!;
  const quoted = isTable && bytes[start] === QUOTE;
  if (!quoted && !isLetter(bytes[start]!)) return undefined;
  if (ends[first]! - start > NAME_BYTES_MAX || end - from > HEADER_BYTES_MAX) return undefined;
  if (!isFieldName(textOf(bytes, start, ends[first]!, quoted))) return undefined;
  return parseHeader(textOf(bytes, from, end, quoted));
}

/** True for a transit gateway record of its default format: its second token says so. */
export function isTransitGateway(bytes: Uint8Array, { starts, ends, first, count }: LineTokens): boolean {
  if (count !== TGW_DEFAULT.names.length) return false;
  const start = starts[first + 1]!;
  const end = ends[first + 1]!;
  return end - start === TGW_RESOURCE.length && textOf(bytes, start, end, false) === TGW_RESOURCE;
}

function isLetter(c: number): boolean {
  return (c >= 97 && c <= 122) || (c >= 65 && c <= 90);
}

/** Copies first: shared memory cannot be decoded in place. */
function textOf(bytes: Uint8Array, from: number, to: number, quoted: boolean): string {
  const text = Buffer.from(bytes.subarray(from, to)).toString('utf8');
  return quoted ? text.replaceAll('"', '') : text;
}
