import type { AddressClasses, Intervals } from './address-class.ts';

/**
 * Every address, and what it is to rule sets and to route tables as one class, a pair. Route tables with prefix lists
 * cut the addresses into thousands of pieces that no rule set tells apart: kept apart, the tables of both stay small.
 */
export interface AddressMap {
  /** Their classes are pairs. */
  readonly intervals4: Intervals;
  readonly intervals6: Intervals;
  /** Class to rule sets, and to route tables, of each pair. */
  readonly ruleClass: Int32Array;
  readonly routeClass: Int32Array;
  /** Labels of each class to rule sets, ascending. */
  readonly labelSets: readonly Int32Array[];
}

interface Pairs {
  readonly ruleClass: number[];
  readonly routeClass: number[];
  readonly numbers: Map<number, number>;
}

/** Rule classes × ROUTE_CLASSES + route class is exact in a double. */
const ROUTE_CLASSES = 2 ** 26;

/** Pairs are numbered by their first interval. */
export function pairAddresses(rules: AddressClasses, routes: AddressClasses): AddressMap {
  const pairs: Pairs = { ruleClass: [], routeClass: [], numbers: new Map() };
  const intervals4 = pairIntervals(pairs, rules.intervals4, routes.intervals4);
  const intervals6 = pairIntervals(pairs, rules.intervals6, routes.intervals6);
  return {
    intervals4,
    intervals6,
    ruleClass: new Int32Array(pairs.ruleClass),
    routeClass: new Int32Array(pairs.routeClass),
    labelSets: rules.labelSets,
  };
}

/** The addresses cut at every edge of both. */
function pairIntervals(pairs: Pairs, rules: Intervals, routes: Intervals): Intervals {
  const starts = new Uint32Array((rules.count + routes.count) * 4);
  const classes = new Int32Array(rules.count + routes.count);
  let count = 0;
  for (let i = 0, j = 0; i < rules.count; ) {
    const pair = pairOf(pairs, rules.classes[i]!, routes.classes[j]!);
    if (count === 0 || classes[count - 1] !== pair) {
      const later = compareStarts(rules, i, routes, j) >= 0 ? ([rules, i] as const) : ([routes, j] as const);
      const at = later[1] * 4;
      for (let word = 0; word < 4; word++) starts[count * 4 + word] = later[0].starts[at + word]!;
      classes[count++] = pair;
    }
    const order = j + 1 >= routes.count ? -1 : i + 1 >= rules.count ? 1 : compareStarts(rules, i + 1, routes, j + 1);
    if (order <= 0) i++;
    if (order >= 0) j++;
  }
  return { count, starts: starts.subarray(0, count * 4), classes: classes.subarray(0, count) };
}

function pairOf(pairs: Pairs, ruleClass: number, routeClass: number): number {
  const key = ruleClass * ROUTE_CLASSES + routeClass;
  let pair = pairs.numbers.get(key);
  if (pair === undefined) {
    pair = pairs.ruleClass.length;
    pairs.numbers.set(key, pair);
    pairs.ruleClass.push(ruleClass);
    pairs.routeClass.push(routeClass);
  }
  return pair;
}

export function compareStarts(a: Intervals, i: number, b: Intervals, j: number): number {
  for (let word = 0; word < 4; word++) {
    const [x, y] = [a.starts[i * 4 + word]!, b.starts[j * 4 + word]!];
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}
