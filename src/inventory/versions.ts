import { FlowtrieError } from '../model/errors.ts';
import { formatInstant, parseInstant } from './instant.ts';

/** From when a version is valid, and its name in output. */
export interface VersionName {
  /** Unix seconds; null = from the beginning. */
  readonly validFrom: number | null;
  readonly label: string;
}

const BASIC = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/i;
/** A folder name that starts like this means an instant, so it must be one. */
const LIKE_INSTANT = /^(\d{4}-\d\d-\d\dT\d\d|\d{8}T\d{4})/i;

/**
 * Unix seconds of the version a file belongs to, by the folder in its path that is named by an instant; null = the file
 * belongs to every version. Throws FlowtrieError `inventory` for a folder that looks like an instant and is none.
 */
function versionOfFile(file: string): number | null {
  const folder = file
    .split('/')
    .slice(0, -1)
    .find((name) => LIKE_INSTANT.test(name));
  if (folder === undefined) return null;
  const seconds = parseInstant(folder.replace(BASIC, '$1-$2-$3T$4:$5:$6Z'));
  if (seconds !== undefined) return seconds;
  const expected = 'an instant in UTC such as 2024-12-14T16:49:51Z or 20241214T164951Z';
  throw new FlowtrieError('inventory', `${file}: got a folder named '${folder}', expected ${expected}`);
}

/** Files by version: those of every version first, then the versions in ascending order. */
export interface VersionedFiles<T> {
  readonly always: readonly T[];
  readonly versions: readonly (VersionName & { readonly files: readonly T[] })[];
}

export function groupByVersion<T extends { readonly file: string }>(files: readonly T[]): VersionedFiles<T> {
  const always: T[] = [];
  const byInstant = new Map<number, T[]>();
  for (const file of files) {
    const seconds = versionOfFile(file.file);
    const list = seconds === null ? always : (byInstant.get(seconds) ?? []);
    list.push(file);
    if (seconds !== null) byInstant.set(seconds, list);
  }
  const versions = [...byInstant]
    .sort(([a], [b]) => a - b)
    .map(([validFrom, list]) => ({ validFrom, label: formatInstant(validFrom), files: list }));
  return { always, versions: versions.length > 0 ? versions : [{ validFrom: null, label: 'all', files: [] }] };
}
