import { closeSync, type Dirent, openSync, readdirSync, readSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import { FlowtrieError } from '../model/errors.ts';
import { OPENING_BYTES, type Opening, openingOf } from './content.ts';
import { unreadable } from './unreadable.ts';

/** One input file, or stdin. */
export interface InputFile {
  /** As given, or as found below the folder given; `-` = stdin. */
  readonly name: string;
  readonly kind: 'gzip' | 'plain' | 'stdin';
  /** Bytes on disk; 0 for stdin. */
  readonly size: number;
  /** How it begins; nothing is known of stdin yet. */
  readonly opening: Opening;
}

const UNKNOWN: Opening = { content: 'lines', firstLine: '', names: null };

const GZIP = [0x1f, 0x8b];
const OTHER_KINDS: readonly (readonly [string, readonly number[]])[] = [
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['Parquet', [0x50, 0x41, 0x52, 0x31]],
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
  ['bzip2', [0x42, 0x5a, 0x68]],
];

/**
 * Resolves arguments to files: a file, a folder (recursive, in order of path bytes), a glob, or `-`. The order of
 * arguments is kept; what does not exist or holds no file is an error that names it. Kinds are told by content.
 */
export function listInputs(args: readonly string[]): InputFile[] {
  return args.flatMap((arg) => {
    if (arg === '-') return [{ name: '-', kind: 'stdin' as const, size: 0, opening: UNKNOWN }];
    const names = expand(arg);
    if (names.length === 0) throw new FlowtrieError('input', `${arg}: no files`);
    return names.map(inputFile);
  });
}

const GLOB = /[*?[]/;

function expand(arg: string): string[] {
  const stats = statOf(arg);
  if (stats?.isDirectory()) return sortedByBytes(filesBelow(arg, []));
  if (stats?.isFile()) return [arg];
  if (stats !== undefined) throw new FlowtrieError('input', `${arg}: expected a file or a folder; give a pipe as '-'`);
  if (!GLOB.test(arg)) throw new FlowtrieError('input', `${arg}: no such file or folder`);
  const literal = arg.slice(0, arg.search(GLOB));
  const base = literal.includes('/') ? literal.slice(0, literal.lastIndexOf('/')) || '/' : '.';
  const pattern = globPattern(resolve(arg));
  if (pattern === undefined) throw new FlowtrieError('input', `${arg}: no such file, and no valid glob`);
  if (statOf(base)?.isDirectory() !== true) return [];
  return sortedByBytes(filesBelow(base, []).filter((name) => pattern.test(resolve(name))));
}

/**
 * `*` and `?` within a path segment, `**` across segments, `[…]` and `[!…]` sets; a folder that matches stands for
 * its files.
 */
function globPattern(glob: string): RegExp | undefined {
  const source = glob.replace(/\*\*\/|\*\*|\*|\?|\[!?[^\]/]+\]|[\\^$.|?*+()[\]{}]/g, (part) => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    return part.length > 1 ? `[${part.slice(1, -1).replace(/^!/, '^').replaceAll('\\', '\\\\')}]` : `\\${part}`;
  });
  try {
    return new RegExp(`^${source}(?:/.*)?$`, 's');
  } catch {
    return undefined;
  }
}

/** Regular files at any depth. Symbolic links are followed, except back to a folder the walk is inside of. */
function filesBelow(folder: string, inside: readonly string[]): string[] {
  const { here, entries } = readFolder(folder);
  if (inside.includes(here)) return [];
  return entries.flatMap((entry) => {
    const name = join(folder, entry.name);
    const stats = entry.isSymbolicLink() ? statOf(name) : entry;
    if (stats === undefined) throw new FlowtrieError('input', `${name}: link to a file that does not exist`);
    if (stats.isDirectory()) return filesBelow(name, [...inside, here]);
    return stats.isFile() ? [name] : [];
  });
}

function readFolder(folder: string): { readonly here: string; readonly entries: readonly Dirent[] } {
  try {
    return { here: realpathSync(folder), entries: readdirSync(folder, { withFileTypes: true }) };
  } catch (error) {
    throw unreadable(folder, error);
  }
}

/** undefined = no such file. */
function statOf(name: string): Stats | undefined {
  try {
    return statSync(name, { throwIfNoEntry: false });
  } catch (error) {
    throw unreadable(name, error);
  }
}

function sortedByBytes(names: readonly string[]): string[] {
  return [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function inputFile(name: string): InputFile {
  const { bytes, size } = readHead(name, OPENING_BYTES);
  const is = (magic: readonly number[]): boolean => magic.every((byte, i) => bytes[i] === byte);
  for (const [kind, magic] of OTHER_KINDS) {
    if (is(magic)) throw new FlowtrieError('input', `${name}: expected plain text or gzip, got ${kind}`);
  }
  if (!is(GZIP)) return { name, kind: 'plain', size, opening: openingOf(bytes) };
  return { name, kind: 'gzip', size, opening: openingOf(inflateHead(bytes)) };
}

/** Nothing when the bytes cannot be inflated: reading the file will tell why. */
function inflateHead(bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return new Uint8Array(0);
  }
}

function readHead(name: string, length: number): { readonly bytes: Uint8Array; readonly size: number } {
  try {
    const fd = openSync(name, 'r');
    try {
      const bytes = new Uint8Array(length);
      const count = readSync(fd, bytes, 0, length, 0);
      return { bytes: bytes.subarray(0, count), size: statSync(name).size };
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw unreadable(name, error);
  }
}
