import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import { FlowtrieError } from '../model/errors.ts';

/** One input file, or stdin. */
export interface InputFile {
  /** As given, or as found below the folder given; `-` = stdin. */
  readonly name: string;
  readonly kind: 'gzip' | 'plain' | 'stdin';
  /** Bytes on disk; 0 for stdin. */
  readonly size: number;
}

const GZIP = [0x1f, 0x8b];
const OTHER_KINDS: readonly (readonly [string, readonly number[]])[] = [
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['Parquet', [0x50, 0x41, 0x52, 0x31]],
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
  ['bzip2', [0x42, 0x5a, 0x68]],
];

/**
 * Resolves arguments to files: a file, a folder (recursive, in order of path bytes), a glob, or `-`. The order of arguments
 * is kept; what does not exist or holds no file is an error that names it. Kinds are told by content.
 */
export function listInputs(args: readonly string[]): InputFile[] {
  return args.flatMap((arg) => {
    if (arg === '-') return [{ name: '-', kind: 'stdin' as const, size: 0 }];
    const names = expand(arg);
    if (names.length === 0) throw new FlowtrieError('input', `${arg}: no files`);
    return names.map(inputFile);
  });
}

function expand(arg: string): string[] {
  const stats = statSync(arg, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return filesBelow(arg);
  if (stats !== undefined) return [arg];
  if (!/[*?[]/.test(arg)) throw new FlowtrieError('input', `${arg}: no such file or folder`);
  const literal = arg.slice(0, arg.search(/[*?[]/));
  const base = literal.includes(sep) ? literal.slice(0, literal.lastIndexOf(sep)) || sep : '.';
  const pattern = globPattern(resolve(arg));
  if (statSync(base, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return filesBelow(base).filter((name) => pattern.test(resolve(name)));
}

/** `*` and `?` within a path segment, `**` across segments, `[…]` sets. */
function globPattern(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replace(/\*\*\//g, '\u0001')
    .replace(/\*\*/g, '\u0002')
    .replace(/\*/g, '[^/]*')
    .replace(/\?/g, '[^/]')
    .replaceAll('\u0001', '(?:.*/)?')
    .replaceAll('\u0002', '.*');
  return new RegExp(`^${source}$`);
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function inputFile(name: string): InputFile {
  const head = readHead(name, 8);
  const is = (magic: readonly number[]): boolean => magic.every((byte, i) => head.bytes[i] === byte);
  for (const [kind, magic] of OTHER_KINDS) {
    if (is(magic)) throw new FlowtrieError('input', `${name}: expected plain text or gzip, got ${kind}`);
  }
  return { name, kind: is(GZIP) ? 'gzip' : 'plain', size: head.size };
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
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new FlowtrieError('input', `${name}: cannot be read (${reason})`, { cause: error });
  }
}

/** Bytes of a file that are looked at for its first header. */
const PEEK_BYTES = 64 * 1024;

/** The first non-blank line of a file (inflated), '' when it has none or cannot be inflated: reading it will tell why. */
export function firstLine(file: InputFile): string {
  if (file.kind === 'stdin') return '';
  const { bytes } = readHead(file.name, PEEK_BYTES);
  let text = bytes;
  if (file.kind === 'gzip') {
    try {
      text = gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
    } catch {
      return '';
    }
  }
  return firstLineOf(text);
}

export function firstLineOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.subarray(0, PEEK_BYTES)).toString('latin1');
  return text.split('\n').find((line) => line.trim() !== '') ?? '';
}
