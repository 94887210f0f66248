import { FlowtrieError } from '../model/errors.ts';
import { FIELDS } from '../model/flow.ts';
import { columnName, fieldColumn, type OutputColumn } from './columns.ts';

/**
 * Column names of `--columns`: `srcaddr,dst_pod`, `srcaddr dst_pod`, or AWS's own syntax `${srcaddr} ${pkt-dstaddr}`.
 * Hyphens and underscores are the same. Throws FlowtrieError `usage`.
 */
export function parseColumns(text: string): readonly string[] {
  const names = text
    .split(/[\s,]+/)
    .filter((word) => word !== '')
    .map((word) => columnName((/^\$\{([^{}]+)\}$/.exec(word)?.[1] ?? word).toLowerCase()));
  if (names.length === 0) throw new FlowtrieError('usage', `--columns: expected names of columns, got '${text}'`);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new FlowtrieError('usage', `--columns: expected each column once, got ${twice} twice`);
  return names;
}

/** The named columns in the order given; a known field that no input has is a column of nulls. */
export function selectColumns(all: readonly OutputColumn[], names: readonly string[]): readonly OutputColumn[] {
  return names.map((name) => {
    const column = all.find((one) => one.name.toLowerCase() === name) ?? fieldColumn(name);
    if (column !== undefined) return column;
    const known = [...new Set([...all.map((one) => one.name), ...FIELDS.map((field) => field.column)])];
    const hint = `did you mean ${nearest(name, known)}?`;
    throw new FlowtrieError('usage', `--columns: expected the name of a column or field, got '${name}' (${hint})`);
  });
}

function nearest(name: string, known: readonly string[]): string {
  const distances = known.map((other) => ({ other, distance: editDistance(name, other) }));
  return distances.reduce((best, one) => (one.distance < best.distance ? one : best)).other;
}

/** Letters to insert, delete or change (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (letter === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
