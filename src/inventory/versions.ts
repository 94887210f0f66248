import type { InventoryDocument, InventoryFiles, InventoryTable } from './documents.ts';

/** The files of one version. */
export interface VersionFiles {
  readonly validFrom: number | null;
  readonly label: string;
  readonly documents: readonly InventoryDocument[];
  readonly tables: readonly InventoryTable[];
}

/** `2024-12-14T16:49:51Z`, or the basic form that every file system takes. */
const INSTANT = /^(\d{4})-?(\d{2})-?(\d{2})T(\d{2}):?(\d{2}):?(\d{2})Z$/;

/**
 * A sub-folder named by an instant holds the version valid from then until the next such folder; files elsewhere belong to
 * every version. Without such folders there is one version.
 */
export function splitVersions(files: InventoryFiles): VersionFiles[] {
  const instants = new Set<number>();
  for (const { file } of [...files.documents, ...files.tables]) {
    const instant = instantOf(file);
    if (instant !== null) instants.add(instant);
  }
  if (instants.size === 0) return [{ validFrom: null, label: 'all', ...files }];
  return [...instants]
    .sort((a, b) => a - b)
    .map((validFrom) => {
      const belongs = ({ file }: { readonly file: string }): boolean => [null, validFrom].includes(instantOf(file));
      return {
        validFrom,
        label: new Date(validFrom * 1000).toISOString().replace('.000Z', 'Z'),
        documents: files.documents.filter(belongs),
        tables: files.tables.filter(belongs),
      };
    });
}

/** Instant of the first path segment that is one, in Unix seconds; null = the file belongs to every version. */
function instantOf(file: string): number | null {
  for (const segment of file.split('/').slice(0, -1)) {
    const match = INSTANT.exec(segment);
    if (match === null) continue;
    const [, year, month, day, hour, minute, second] = match;
    const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
    if (!Number.isNaN(ms)) return ms / 1000;
  }
  return null;
}
