import { ADDED_NAMES, columnName } from '../sink/columns.ts';
import type { InputFile } from '../source/inputs.ts';

const ADDED: ReadonlySet<string> = new Set(ADDED_NAMES);

/**
 * Says of the inputs' columns that are left out that they are, each once a run, by the first file that has it. What
 * flowtrie itself adds it finds anew.
 */
export function leftOutWarnings(files: readonly Pick<InputFile, 'name' | 'lists'>[]): string[] {
  const told = new Set<string>();
  return files.flatMap(({ name, lists }) => {
    const news = lists.filter((list) => !told.has(list) && !ADDED.has(columnName(list)));
    for (const list of news) told.add(list);
    return news.map((list) => `${name}: column ${list}: expected one value a row, got a list or a map: it is left out`);
  });
}
