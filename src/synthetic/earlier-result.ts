import { appendFileSync, existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FlowtrieError } from '../model/errors.ts';

/** Paths of the files that flowtrie made below its folder, one a line, each written before its file. */
export const MADE_LIST = '.flowtrie-generated';

/** What generate and demo write: folders, and files beside them. */
const FOLDERS = ['inventory', 'logs'] as const;
const FILES = ['truth.csv', 'rows.ndjson'] as const;

/** The path of a file that is about to be written below `dir`, put on the list. */
export function madeFile(dir: string, file: string): string {
  appendFileSync(join(dir, MADE_LIST), `${file}\n`);
  return join(dir, file);
}

export function holdsEarlierResult(dir: string): boolean {
  return existsSync(join(dir, MADE_LIST));
}

/**
 * Deletes what an earlier run made below `dir`, so that two clusters never mix. What flowtrie did not make is never
 * deleted: where it stands in the way, FlowtrieError `usage`, and nothing is changed.
 */
export function clearEarlierResult(dir: string): void {
  const list = join(dir, MADE_LIST);
  const made = existsSync(list) ? readFileSync(list, 'utf8').split('\n').filter(isOurs) : [];
  const known = new Set(made);
  const found = [
    ...FOLDERS.flatMap((folder) => filesBelow(dir, folder)),
    ...FILES.filter((file) => existsSync(join(dir, file))),
  ];
  const strange = found.find((file) => !known.has(file));
  if (strange !== undefined) {
    const expected = 'expected a new folder, or one with nothing but an earlier result in inventory/ and logs/';
    throw new FlowtrieError('usage', `--out: ${join(dir, strange)} was not made by flowtrie: ${expected}`);
  }
  for (const file of found) rmSync(join(dir, file));
  for (const folder of new Set(found.map((file) => dirname(file)))) removeEmpty(dir, folder);
  rmSync(list, { force: true });
}

/** Whatever the list says, nothing else is touched. */
function isOurs(file: string): boolean {
  if (FILES.some((name) => name === file)) return true;
  return FOLDERS.some((folder) => file.startsWith(`${folder}/`)) && !file.split('/').includes('..');
}

/** Everything below a folder that is no folder, by path below `dir`. */
function filesBelow(dir: string, folder: string): string[] {
  if (!existsSync(join(dir, folder))) return [];
  return readdirSync(join(dir, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(dir, name) : [name];
  });
}

/** The folder and those above it, as far as nothing is in them. */
function removeEmpty(dir: string, folder: string): void {
  if (folder === '.' || !existsSync(join(dir, folder)) || readdirSync(join(dir, folder)).length > 0) return;
  rmdirSync(join(dir, folder));
  removeEmpty(dir, dirname(folder));
}
