import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { FlowtrieError } from '../model/errors.ts';
import { prefixMask } from './classbench.ts';
import type { PrefixColumns } from './prefix-table.ts';

/**
 * Reads a text file of prefixes, one a line, IPv4 and IPv6 mixed, plain or gzip. A million of them: the usual parser
 * takes microseconds an address. Throws a FlowtrieError that names file, line and value.
 */
export async function readPrefixFile(
  path: string,
): Promise<{ readonly v4: PrefixColumns; readonly v6: PrefixColumns }> {
  const [words4, lengths4, words6, lengths6]: number[][] = [[], [], [], []];
  const lines = (await readText(path)).split('\n');
  lines.forEach((raw, index) => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) return;
    const slash = line.indexOf('/');
    const length = /^\d{1,3}$/.test(line.slice(slash + 1)) ? Number(line.slice(slash + 1)) : Number.NaN;
    const words = slash < 0 ? undefined : wordsOf(line.slice(0, slash));
    if (words === undefined || !(length <= words.length * 32)) {
      throw new FlowtrieError(
        'input',
        `${path}:${index + 1}: expected a prefix like 10.0.0.0/8, got '${line.slice(0, 60)}'`,
      );
    }
    words.forEach((word, w) => {
      const masked = (word & prefixMask(Math.min(32, Math.max(0, length - 32 * w)))) >>> 0;
      (words.length === 1 ? words4 : words6)?.push(masked);
    });
    (words.length === 1 ? lengths4 : lengths6)?.push(length);
  });
  const columns = (family: 4 | 6, words: number[] = [], lengths: number[] = []): PrefixColumns => ({
    family,
    count: lengths.length,
    words: Uint32Array.from(words),
    lengths: Uint8Array.from(lengths),
  });
  return { v4: columns(4, words4, lengths4), v6: columns(6, words6, lengths6) };
}

async function readText(path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    return (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('latin1');
  } catch (error) {
    throw new FlowtrieError('input', `${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** One word of an IPv4 address, four of an IPv6 one; undefined when the text is neither. */
function wordsOf(text: string): readonly number[] | undefined {
  if (!text.includes(':')) {
    const octets = text.split('.').map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256));
    if (octets.length !== 4 || octets.some((octet) => octet > 255)) return undefined;
    return [octets.reduce((word, octet) => word * 256 + octet, 0)];
  }
  const [head = '', tail, extra] = text.split('::');
  if (extra !== undefined) return undefined;
  const groupsOf = (part: string): number[] =>
    part === ''
      ? []
      : part.split(':').map((group) => (/^[\da-fA-F]{1,4}$/.test(group) ? Number.parseInt(group, 16) : -1));
  const [first, last] = [groupsOf(head), groupsOf(tail ?? '')];
  const missing = 8 - first.length - last.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...first, ...Array.from({ length: missing }, () => 0), ...last];
  if (groups.includes(-1)) return undefined;
  return [0, 2, 4, 6].map((i) => (groups[i] ?? 0) * 65536 + (groups[i + 1] ?? 0));
}
