import { AddressLabels, classifyAddresses, type Intervals } from './address-class.ts';
import { type AddressMap, compareStarts } from './address-pair.ts';
import { type PortClasses, type PortSelectors, placesOf } from './port-class.ts';

/** Classes after new labels or selectors cut some of the old ones; no old class changes its number. */
interface Extended<Classes> {
  readonly classes: Classes;
  /** Of each new class (to rule sets), in order, the class before it that it was cut from. */
  readonly origins: readonly number[];
}

/**
 * `before` cut at the edges of the labels from number `from` on. What no new label covers keeps its number; a class of
 * which all is covered leaves it to one of its pieces.
 */
export function extendAddresses(before: AddressMap, labels: AddressLabels, from: number): Extended<AddressMap> {
  const fresh = new AddressLabels();
  const known = fresh.cidrs.length;
  for (let label = from; label < labels.cidrs.length; label++) fresh.union(`label ${label}`, labels.cidrs[label]!);
  const added = classifyAddresses(fresh);
  const newLabels = added.labelSets.map((set) =>
    Array.from(set, (label) => label - known + from).filter((l) => l >= from),
  );
  const pieces = new Pieces(newLabels);
  const intervals4 = cutIntervals(before.intervals4, added.intervals4, pieces);
  const intervals6 = cutIntervals(before.intervals6, added.intervals6, pieces);
  const keptPair = new Uint8Array(before.ruleClass.length);
  for (const { classes } of [intervals4, intervals6]) {
    for (let i = 0; i < classes.length; i++) if (classes[i]! >= 0) keptPair[classes[i]!] = 1;
  }
  const { numbers, origins, ...classes } = pieces.numbered(before, keptPair);
  for (const { classes } of [intervals4, intervals6]) {
    for (let i = 0; i < classes.length; i++) if (classes[i]! < 0) classes[i] = numbers[~classes[i]!]!;
  }
  return { classes: { ...classes, intervals4, intervals6 }, origins };
}

/** What new labels cover of the old pairs: a piece for each pair and each set of new labels. */
class Pieces {
  /** By class of the new labels alone. */
  readonly newLabels: readonly (readonly number[])[];
  private readonly pairs: number[] = [];
  private readonly covers: number[] = [];
  private readonly known = new Map<number, number>();

  constructor(newLabels: readonly (readonly number[])[]) {
    this.newLabels = newLabels;
  }

  /** The piece of `pair` in the class `cover` of new labels as ~number: no pair is negative. */
  of(pair: number, cover: number): number {
    const key = pair * this.newLabels.length + cover;
    let piece = this.known.get(key);
    if (piece === undefined) {
      piece = this.pairs.length;
      this.known.set(key, piece);
      this.pairs.push(pair);
      this.covers.push(cover);
    }
    return ~piece;
  }

  /** Pair of each piece, and the pairs and classes that there are then; `kept`: 1 for pairs found outside of pieces. */
  numbered(
    before: AddressMap,
    kept: Uint8Array,
  ): Omit<AddressMap, 'intervals4' | 'intervals6'> & { readonly numbers: number[]; readonly origins: number[] } {
    const ruleClass = new Int32Array(kept.length + this.pairs.length);
    const routeClass = new Int32Array(ruleClass.length);
    ruleClass.set(before.ruleClass);
    routeClass.set(before.routeClass);
    let count = kept.length;
    const labelSets = before.labelSets.slice();
    const keptRule = new Uint8Array(labelSets.length);
    for (let pair = 0; pair < kept.length; pair++) if (kept[pair] === 1) keptRule[ruleClass[pair]!] = 1;
    const ruleOf = new Map<number, number>();
    const origins: number[] = [];
    const numbers = this.pairs.map((pair, piece) => {
      const cover = this.covers[piece]!;
      const origin = before.ruleClass[pair]!;
      let rule = ruleOf.get(origin * this.newLabels.length + cover);
      if (rule === undefined) {
        rule = keptRule[origin] === 1 ? before.labelSets.length + origins.push(origin) - 1 : origin;
        keptRule[origin] = 1;
        ruleOf.set(origin * this.newLabels.length + cover, rule);
        labelSets[rule] = Int32Array.of(...before.labelSets[origin]!, ...this.newLabels[cover]!);
      }
      const number = kept[pair] === 1 ? count++ : pair;
      kept[pair] = 1;
      ruleClass[number] = rule;
      routeClass[number] = before.routeClass[pair]!;
      return number;
    });
    const pairs = { ruleClass: ruleClass.subarray(0, count), routeClass: routeClass.subarray(0, count) };
    return { ...pairs, labelSets, numbers, origins };
  }
}

/** `before` cut at the edges of `added`; what new labels cover has its piece as class. */
function cutIntervals(before: Intervals, added: Intervals, pieces: Pieces): Intervals {
  if (added.count === 1 && pieces.newLabels[added.classes[0]!]!.length === 0) return before;
  const starts = new Uint32Array((before.count + added.count) * 4);
  const classes = new Int32Array(before.count + added.count);
  let count = 0;
  let next = 0;
  for (let j = 0; j < added.count; j++) {
    const cover = added.classes[j]!;
    const isCovered = pieces.newLabels[cover]!.length > 0;
    // the first interval begins where this one of `added` does
    while (next < before.count && compareStarts(before, next, added, j) <= 0) next++;
    const first = before.classes[next - 1]!;
    starts.set(added.starts.subarray(j * 4, j * 4 + 4), count * 4);
    classes[count++] = isCovered ? pieces.of(first, cover) : first;
    const from = next;
    while (next < before.count && (j + 1 === added.count || compareStarts(before, next, added, j + 1) < 0)) next++;
    starts.set(before.starts.subarray(from * 4, next * 4), count * 4);
    for (let i = from; i < next; i++)
      classes[count++] = isCovered ? pieces.of(before.classes[i]!, cover) : before.classes[i]!;
  }
  return { count, starts: starts.subarray(0, count * 4), classes: classes.subarray(0, count) };
}

/** `before` cut by the selectors from number `from` on, one after the other: an origin may be new itself. */
export function extendPorts(before: PortClasses, { selectors }: PortSelectors, from: number): Extended<PortClasses> {
  const table = before.table.slice();
  const classes = { sure: before.sure.slice(), possible: before.possible.slice() };
  const origins: number[] = [];
  const sizes = new Array<number>(classes.sure.length).fill(0);
  for (let at = 0; at < table.length; at++) sizes[table[at]!]!++;
  for (let selector = from; selector < selectors.length; selector++) {
    const places = placesOf(selectors[selector]!);
    for (const how of ['sure', 'possible'] as const) {
      const inside = new Int32Array(sizes.length);
      for (const [first, end] of places[how]) for (let at = first; at < end; at++) inside[table[at]!]!++;
      const numbers = inside.map((count, cls) => {
        if (count === 0 || count === sizes[cls]) return cls;
        sizes[cls]! -= count;
        origins.push(cls);
        classes.sure.push(classes.sure[cls]!);
        classes.possible.push(classes.possible[cls]!);
        return sizes.push(count) - 1;
      });
      for (const [first, end] of places[how]) for (let at = first; at < end; at++) table[at] = numbers[table[at]!]!;
      inside.forEach((count, cls) => {
        const covering = classes[how];
        if (count > 0) covering[numbers[cls]!] = Int32Array.of(...covering[numbers[cls]!]!, selector);
      });
    }
  }
  return { classes: { table, ...classes }, origins };
}
