import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeNeeding } from './needs.ts';

/** Real captures lie beside the clone, never in it. */
const CORPUS = new URL('../../../shared/corpus/', import.meta.url);

/** Absolute path of a file or folder of the corpus: `corpusPath('eks-…', 'inventory')`. */
export function corpusPath(...parts: readonly string[]): string {
  return fileURLToPath(new URL(parts.map(encodeURIComponent).join('/'), CORPUS));
}

/** A suite that reads the corpus. */
export function describeCorpus(name: string, suite: () => void): void {
  describeNeeding('corpus', name, existsSync(CORPUS) ? null : 'no ../shared/corpus beside the clone', suite);
}
