import type { FiveTupleRule, PortRange } from './classbench.ts';

/** Ports or protocols that no rule of a set tells apart are one class. */
export interface FieldClasses {
  /** Class of each value. */
  readonly table: Uint16Array;
  /** One value of each class. */
  readonly representative: Int32Array;
}

/** More distinct port ranges are searched list by list: a table of their classes for each list would be too wide. */
const RANGES_MAX = 256;

/** Null when there are too many distinct ranges. */
export function classifyPortRanges(ranges: readonly PortRange[]): FieldClasses | null {
  const distinct = [...new Map(ranges.map((range) => [`${range.from}-${range.to}`, range])).values()];
  if (distinct.length > RANGES_MAX) return null;
  const edges = new Set([0]);
  for (const { from, to } of distinct) {
    edges.add(from);
    if (to < 65535) edges.add(to + 1);
  }
  const pieces = [...edges].sort((a, b) => a - b);
  return intern(pieces, 65536, (port) => distinct.map(({ from, to }) => (port >= from && port <= to ? 1 : 0)).join(''));
}

export function classifyProtocols(rules: readonly FiveTupleRule[]): FieldClasses {
  const distinct = [...new Map(rules.map(({ protocol }) => [`${protocol.value}/${protocol.mask}`, protocol])).values()];
  const values = Array.from({ length: 256 }, (_, protocol) => protocol);
  return intern(values, 256, (protocol) =>
    distinct.map(({ value, mask }) => ((protocol & mask) === value ? 1 : 0)).join(''),
  );
}

/** `pieces`: first value of each stretch within which nothing differs. */
function intern(pieces: readonly number[], size: number, keyOf: (value: number) => string): FieldClasses {
  const table = new Uint16Array(size);
  const classOf = new Map<string, number>();
  const representative: number[] = [];
  pieces.forEach((first, i) => {
    const key = keyOf(first);
    let cls = classOf.get(key);
    if (cls === undefined) {
      cls = representative.length;
      classOf.set(key, cls);
      representative.push(first);
    }
    table.fill(cls, first, pieces[i + 1] ?? size);
  });
  return { table, representative: Int32Array.from(representative) };
}
