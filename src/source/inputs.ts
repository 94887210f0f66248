import { type Dirent, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import { FlowtrieError } from '../model/errors.ts';
import { type ByteSource, openFile } from './byte-source.ts';
import { kindOf, OPENING_BYTES, type Opening, openingOf, packedProblem } from './content.ts';
import { type Glob, parseGlob } from './glob.ts';
import { ZstdInflater } from './inflater.ts';
import { outlineOf, type ParquetOutline } from './parquet/slices.ts';
import type { Span } from './s3/key-time.ts';
import { isS3, listObjects } from './s3/listing.ts';
import { openObject, type S3Object } from './s3/object.ts';
import { unreadable } from './unreadable.ts';
import { createZstd, ZSTD_MISSING } from './zstd.ts';

/** One input: a file, an object, or stdin. */
export interface InputFile {
  /** As given, or as found below the folder or prefix given; `-` = stdin. */
  readonly name: string;
  /** Where its bytes are: the name, unless stdin was spooled. */
  readonly path: string;
  readonly kind: 'gzip' | 'zstd' | 'plain' | 'parquet' | 'stdin';
  /** Bytes on disk; 0 for stdin and for what is not read. */
  readonly size: number;
  /** Where it is when it is no file. */
  readonly object: S3Object | null;
  /** How it begins; nothing is known of stdin yet. */
  readonly opening: Opening;
  /** Row groups of a Parquet file. */
  readonly groups: ParquetOutline['groups'];
  /** Columns of a Parquet file that are left out: they have several values a row. */
  readonly lists: ParquetOutline['lists'];
  /** Why nothing of it is read, while the other inputs are; null = it is. */
  readonly problem: string | null;
}

const UNKNOWN: Opening = { content: 'lines', firstLine: '', names: null };
const STDIN: InputFile = {
  name: '-',
  path: '-',
  kind: 'stdin',
  size: 0,
  object: null,
  opening: UNKNOWN,
  groups: [],
  lists: [],
  problem: null,
};

/**
 * Resolves arguments to files: a file, a folder (recursive, in order of path bytes), a glob, or `-`. The order of
 * arguments is kept; what does not exist or holds no file is an error that names it. Kinds are told by content.
 */
export async function listInputs(args: readonly string[], span: Span): Promise<InputFile[]> {
  const files: InputFile[] = [];
  for (const arg of args) {
    if (arg === '-') {
      files.push(STDIN);
      continue;
    }
    if (isS3(arg)) {
      files.push(...(await peekObjects(await listObjects(arg, span))));
      continue;
    }
    const names = expand(arg);
    if (names.length === 0) throw new FlowtrieError('input', `${arg}: no files`);
    for (const name of names) files.push(await localFile(name));
  }
  return files;
}

function expand(arg: string): string[] {
  const stats = statOf(arg);
  if (stats?.isDirectory()) return sortedByBytes(filesBelow(arg, []));
  if (stats?.isFile()) return [arg];
  if (stats !== undefined) throw new FlowtrieError('input', `${arg}: expected a file or a folder; give a pipe as '-'`);
  const glob = parseGlob(arg);
  if (glob === null) throw new FlowtrieError('input', `${arg}: no such file or folder`);
  if (glob === undefined) throw new FlowtrieError('input', `${arg}: no such file, and no valid glob`);
  if (statOf(glob.base)?.isDirectory() !== true) return [];
  return sortedByBytes(filesOf(glob, glob.base, [], []));
}

/** Files that match, and those in folders that do; what cannot match is not looked at. `path`: from the base here. */
function filesOf(glob: Glob, folder: string, path: readonly string[], inside: readonly string[]): string[] {
  const { here, entries } = readFolder(folder);
  if (inside.includes(here)) return [];
  return entries.flatMap((entry) => {
    const below = [...path, entry.name];
    const wanted = glob.matches(below);
    if (!wanted && !glob.mayHold(below)) return [];
    const name = join(folder, entry.name);
    if (wanted) return filesAt(name, entry, [...inside, here]);
    const isFolder = entry.isSymbolicLink() ? statOf(name)?.isDirectory() === true : entry.isDirectory();
    return isFolder ? filesOf(glob, name, below, [...inside, here]) : [];
  });
}

/** Regular files at any depth. Symbolic links are followed, except back to a folder the walk is inside of. */
function filesBelow(folder: string, inside: readonly string[]): string[] {
  const { here, entries } = readFolder(folder);
  if (inside.includes(here)) return [];
  return entries.flatMap((entry) => filesAt(join(folder, entry.name), entry, [...inside, here]));
}

/** The file, or those below the folder; `inside`: the folders that the walk is inside of. */
function filesAt(name: string, entry: Dirent, inside: readonly string[]): string[] {
  const stats = entry.isSymbolicLink() ? statOf(name) : entry;
  // a link to nothing is told like every file that the system does not let us read
  if (stats === undefined) return [name];
  if (stats.isDirectory()) return filesBelow(name, inside);
  return stats.isFile() ? [name] : [];
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

/** Objects whose beginning is looked at at a time. */
const PEEKS_MAX = 16;

async function peekObjects(objects: readonly S3Object[]): Promise<InputFile[]> {
  const files: InputFile[] = [];
  for (let at = 0; at < objects.length; at += PEEKS_MAX) {
    const peeked = objects.slice(at, at + PEEKS_MAX).map((object) => objectFile(object));
    for (const result of await Promise.allSettled(peeked)) {
      if (result.status === 'rejected') throw result.reason;
      files.push(result.value);
    }
  }
  return files;
}

function objectFile(object: S3Object): Promise<InputFile> {
  const source = openObject(object);
  return inputFile(source.name, source, object);
}

/** Stdin, all of which was written to a file. */
export function spooledFile(path: string): Promise<InputFile> {
  return inputFile('-', openFile(path), null);
}

/** One that the system does not let us read costs no other. */
async function localFile(name: string): Promise<InputFile> {
  try {
    return await inputFile(name, openFile(name), null);
  } catch (error) {
    if (!(error instanceof FlowtrieError)) throw error;
    return unreadFile({ name, path: name, object: null }, error.message);
  }
}

function unreadFile(file: Pick<InputFile, 'name' | 'path' | 'object'>, problem: string): InputFile {
  return { ...file, kind: 'plain', size: 0, opening: UNKNOWN, groups: [], lists: [], problem };
}

async function inputFile(name: string, source: ByteSource, object: S3Object | null): Promise<InputFile> {
  try {
    const { size } = source;
    const bytes = await source.read(0, Math.min(size, OPENING_BYTES));
    const kind = kindOf(bytes);
    const file = { name, path: source.name, size, object, groups: [], lists: [], problem: null };
    if (kind === 'plain') return { ...file, kind, opening: openingOf(bytes) };
    if (kind === 'gzip') return { ...file, kind, opening: openingOf(inflateHead(bytes)) };
    if (kind === 'Parquet') {
      const { names, groups, lists } = await parquetOutline(source, size, object);
      return { ...file, kind: 'parquet', opening: { content: 'lines', firstLine: '', names }, groups, lists };
    }
    if (kind !== 'zstd') return unreadFile(file, packedProblem(name, kind));
    if (createZstd === undefined) return unreadFile(file, `${name}: ${ZSTD_MISSING}`);
    return { ...file, kind, opening: openingOf(await inflateZstdHead(bytes)) };
  } finally {
    source.close();
  }
}

/**
 * What planning needs of a Parquet file. One whose footer is damaged has a row group all the same: reading it will tell
 * why, and the other inputs are read.
 */
async function parquetOutline(
  source: ByteSource,
  size: number,
  object: S3Object | null,
): Promise<Omit<ParquetOutline, 'names'> & { readonly names: ParquetOutline['names'] | null }> {
  try {
    return await outlineOf(source);
  } catch (error) {
    // of an object it may be the connection that failed
    if (object !== null || !(error instanceof FlowtrieError)) throw error;
    return { names: null, lists: [], groups: [{ rows: 0, bytes: size }] };
  }
}

/** The first bytes of a zstd file, as far as they can be inflated. */
async function inflateZstdHead(bytes: Uint8Array): Promise<Uint8Array> {
  const inflater = new ZstdInflater();
  const pieces: Uint8Array[] = [];
  for await (const piece of inflater.write(bytes)) pieces.push(piece);
  inflater.close();
  return Buffer.concat(pieces);
}

/** Deflated bytes that nearly always hold as many inflated ones as are looked at. */
const HEAD_BYTES = 20 * 1024;

/**
 * As many bytes as are looked at, or all there are. Nothing when they cannot be inflated: reading the file will tell
 * why.
 */
function inflateHead(bytes: Uint8Array): Uint8Array {
  try {
    const head = inflateCut(bytes.subarray(0, HEAD_BYTES));
    return head.length >= OPENING_BYTES || bytes.length <= HEAD_BYTES ? head : inflateCut(bytes);
  } catch {
    return new Uint8Array(0);
  }
}

function inflateCut(bytes: Uint8Array): Uint8Array {
  return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, chunkSize: OPENING_BYTES });
}
