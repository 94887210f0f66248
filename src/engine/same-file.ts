import { type BigIntStats, fstatSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { FlowtrieError } from '../model/errors.ts';
import { isPartFile } from '../sink/part-file.ts';
import { parseGlob } from '../source/glob.ts';
import type { InputFile } from '../source/inputs.ts';
import { isS3 } from '../source/s3/listing.ts';

/** An output that was asked for, and the flag that did. */
export interface AskedOutput {
  readonly flag: '--out' | '--quarantine';
  readonly path: string;
}

/**
 * Refuses outputs that would take the place of an input, by whatever name or link, or of each other, and those that the
 * same call would read as an input when it is made again. `inputs`: as they were given. Throws FlowtrieError `usage`.
 */
export function refuseOverwriting(
  outputs: readonly AskedOutput[],
  files: readonly Pick<InputFile, 'name' | 'path' | 'object'>[],
  inputs: readonly string[],
): void {
  const identities = outputs.map(({ path }) => identityOf(path));
  const [first, second] = identities;
  if (first !== undefined && first !== null && first === second)
    throw new FlowtrieError('usage', `${outputs[1]?.flag}: got ${outputs[1]?.path}, expected another file than --out`);
  for (const [i, { flag, path }] of outputs.entries()) {
    const input = inputReplacedBy(path, identities[i] ?? null, files, inputs.includes('-'));
    if (input !== null)
      throw new FlowtrieError(
        'usage',
        `${flag}: got ${path}, which would replace the input ${input}: expected another`,
      );
    const around = inputs.find((arg) => arg !== '-' && !isS3(arg) && wouldRead(arg, path));
    if (around !== undefined)
      throw new FlowtrieError(
        'usage',
        `${flag}: got ${path}, which the input ${around} would take in: expected a place outside of it`,
      );
  }
}

/** True when what the argument stands for holds the output, or will once it is there. */
function wouldRead(arg: string, output: string): boolean {
  const stats = statOf(output);
  if (output === '-' || (stats !== undefined && !stats.isFile() && !stats.isDirectory())) return false;
  const isFolder = statOf(arg)?.isDirectory() === true;
  const glob = isFolder ? null : parseGlob(arg);
  if (!isFolder && !glob) return false;
  const below = relative(placeOf(glob?.base ?? arg), placeOf(output)).split(sep);
  if (below[0] === '..') return false;
  // a folder that matches stands for its files
  return !glob || below.some((_, i) => glob.matches(below.slice(0, i + 1)));
}

/** Where a path leads, also one that is yet to be. */
function placeOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const folder = dirname(path);
    return folder === path ? path : join(placeOf(folder), basename(path));
  }
}

/** The input that would be lost; null = none. */
function inputReplacedBy(
  path: string,
  identity: string | null,
  files: readonly Pick<InputFile, 'name' | 'path' | 'object'>[],
  stdin: boolean,
): string | null {
  const stats = statOf(path);
  if (stats === undefined) return null;
  const local = files.filter(({ object }) => object === null);
  if (stats.isDirectory()) {
    const folder = realpathSync(path);
    const isOurs = (name: string): boolean => isPartFile(relative(folder, realpathSync(name)));
    return local.find((file) => statOf(file.path) !== undefined && isOurs(file.path))?.name ?? null;
  }
  if (identity === null) return null;
  if (stdin && idOf(fstatSync(0, { bigint: true })) === identity) return '-';
  return local.find((file) => identityOf(file.path) === identity)?.name ?? null;
}

/** What tells a regular file from all others, also one that is yet to be; null = it is no regular file. */
function identityOf(path: string): string | null {
  if (path === '-') return null;
  const stats = statOf(path);
  return stats === undefined ? placeOf(resolve(path)) : idOf(stats);
}

function idOf(stats: BigIntStats): string | null {
  return stats.isFile() ? `${stats.dev}:${stats.ino}` : null;
}

/** undefined = it is not there, or nobody may look: opening it says why. */
function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}
