/** A rule at one stretch of addresses, within a rule set. */
export interface SetEntry {
  /** Number in RuleNumbers. */
  readonly rule: number;
  /** Number in PortSelectors. */
  readonly selector: number;
  readonly selectorMaybe: boolean;
  /** Number in AddressLabels. */
  readonly label: number;
  readonly peerMaybe: boolean;
  /** Entries with a larger rank come first, then those with a smaller order, then those whose rule stands first. */
  readonly rank: number;
  readonly order: number;
  readonly allow: boolean;
}

/** The rules that one interface direction or one network ACL direction consults. */
export interface RuleSet {
  /** `sg`: any match allows. `nacl`: the first match decides. */
  readonly layer: 'sg' | 'nacl';
  /** True when an attached group is not described: what no certain rule allows is unknown. */
  readonly undescribed: boolean;
  readonly entries: readonly SetEntry[];
  /** All that the set says, in numbers that stay while an account does: sets with equal keys are equal. */
  readonly key: string;
}

export function ruleSet(layer: RuleSet['layer'], undescribed: boolean, entries: readonly SetEntry[]): RuleSet {
  let key = `${layer} ${undescribed}`;
  for (const { rule, selector, selectorMaybe, label, peerMaybe, rank, order, allow } of entries) {
    const flags = (selectorMaybe ? 1 : 0) | (peerMaybe ? 2 : 0) | (allow ? 4 : 0);
    key += ` ${rule}.${selector}.${label}.${rank}.${order}.${flags}`;
  }
  return { layer, undescribed, entries, key };
}

/** Up to so many numbers are sorted by hand: most lists are that short, and handing one over costs more. */
const SORTED_IN_PLACE = 24;

/** Moves `values[at]` to its place among those before it, which are ascending. */
function sink(values: Int32Array, at: number): void {
  const value = values[at]!;
  let to = at;
  for (; to > 0 && values[to - 1]! > value; to--) values[to] = values[to - 1]!;
  values[to] = value;
}

/** The entries of one set in canonical order, found by label; named by indices of `RuleSet.entries`. */
export class OrderedEntries {
  private readonly entries: readonly SetEntry[];
  /** By place in the canonical order: index in `entries`. */
  private readonly order: Int32Array;
  /** By place: the first entry that differs in nothing but label and rank, which stands for it in answers. */
  private readonly alike: Int32Array;
  /** Places, by label. */
  private readonly byLabel = new Map<number, number[]>();
  /** By place: number of its (rule, selector). */
  private readonly pairOf: Int32Array;
  /** By pair: the last query that met it, and where in its answer. */
  private readonly seenIn: Int32Array;
  private readonly heldAt: Int32Array;
  private queries = 0;
  private readonly found: Int32Array;

  /** `indexOf`: see NumberedRules. */
  constructor(entries: readonly SetEntry[], indexOf: Int32Array) {
    this.entries = entries;
    this.order = Int32Array.from(entries, (_, index) => index).sort((i, j) => {
      const [a, b] = [entries[i]!, entries[j]!];
      return b.rank - a.rank || a.order - b.order || indexOf[a.rule]! - indexOf[b.rule]! || i - j;
    });
    const pairs = new Map<string, number>();
    const firsts = new Map<string, number>();
    this.pairOf = new Int32Array(entries.length);
    this.alike = new Int32Array(entries.length);
    this.order.forEach((index, place) => {
      const { rule, selector, peerMaybe } = entries[index]!;
      const key = `${rule} ${selector}`;
      const pair = pairs.get(key) ?? pairs.size;
      pairs.set(key, pair);
      this.pairOf[place] = pair;
      const first = firsts.get(`${key} ${peerMaybe}`) ?? index;
      firsts.set(`${key} ${peerMaybe}`, first);
      this.alike[place] = first;
    });
    this.found = new Int32Array(entries.length);
    this.seenIn = new Int32Array(pairs.size);
    this.heldAt = new Int32Array(pairs.size);
    this.order.forEach((index, place) => {
      const { label } = entries[index]!;
      const same = this.byLabel.get(label);
      if (same === undefined) this.byLabel.set(label, [place]);
      else same.push(place);
    });
  }

  labels(): readonly number[] {
    return [...this.byLabel.keys()];
  }

  /**
   * Entries that apply where exactly `labels` do: one a rule and selector, its certain and most specific one, in
   * canonical order.
   */
  at(labels: readonly number[]): readonly number[] {
    const { found, entries } = this;
    const count = this.find(labels);
    this.queries++;
    const best: number[] = [];
    let dropped = 0;
    for (let i = 0; i < count; i++) {
      const index = this.alike[found[i]!]!;
      const pair = this.pairOf[found[i]!]!;
      if (this.seenIn[pair] === this.queries) {
        const held = best[this.heldAt[pair]!]!;
        if (held < 0 || !entries[held]!.peerMaybe || entries[index]!.peerMaybe) continue;
        best[this.heldAt[pair]!] = -1;
        dropped++;
      }
      this.seenIn[pair] = this.queries;
      this.heldAt[pair] = best.length;
      best.push(index);
    }
    return dropped === 0 ? best : best.filter((index) => index >= 0);
  }

  /** Writes the places of the entries of `labels`, ascending, into `found`; returns how many they are. */
  private find(labels: readonly number[]): number {
    const { found, byLabel } = this;
    let count = 0;
    for (const label of labels) for (const place of byLabel.get(label) ?? []) found[count++] = place;
    if (count > SORTED_IN_PLACE) found.subarray(0, count).sort();
    else for (let i = 1; i < count; i++) sink(found, i);
    return count;
  }
}
