import { type AddressClasses, AddressLabels, classifyAddresses } from './address-class.ts';
import { createPairs, pairIntervals } from './address-pair.ts';
import { firstAtLeast } from './partition.ts';
import { classifyPorts, type PortClasses, type PortSelectors } from './port-class.ts';
import { addressClassesOf, type SetBlock } from './set-block.ts';

/** Classes after new labels or selectors cut some of the old ones; no old class changes its number. */
interface Extended<Classes> {
  readonly classes: Classes;
  /** Of each new class, in order, the old class that it was cut from. */
  readonly origins: readonly number[];
}

/** `before` cut at the edges of the labels from number `from` on. */
export function extendAddresses(before: AddressClasses, labels: AddressLabels, from: number): Extended<AddressClasses> {
  const fresh = new AddressLabels();
  const known = fresh.cidrs.length;
  for (let label = from; label < labels.cidrs.length; label++) fresh.union(`label ${label}`, labels.cidrs[label]!);
  const added = classifyAddresses(fresh);
  const pieces = createPairs();
  const intervals4 = pairIntervals(pieces, before.intervals4, added.intervals4);
  const intervals6 = pairIntervals(pieces, before.intervals6, added.intervals6);
  const newLabels = pieces.routeClass.map((cls) => added.labelSets[cls]!.filter((label) => label >= known));
  const numbers = new Int32Array(newLabels.length);
  const labelSets = [...before.labelSets];
  const kept = new Uint8Array(labelSets.length);
  const origins: number[] = [];
  // what no new label covers keeps the number: most of a class, and all that tables hold of it
  const order = [...numbers.keys()].sort((a, b) => newLabels[a]!.length - newLabels[b]!.length || a - b);
  for (const piece of order) {
    const origin = pieces.ruleClass[piece]!;
    const more = newLabels[piece]!.map((label) => label - known + from);
    if (kept[origin] === 1) origins.push(origin);
    numbers[piece] = kept[origin] === 1 ? labelSets.length : origin;
    kept[origin] = 1;
    labelSets[numbers[piece]!] = Int32Array.of(...before.labelSets[origin]!, ...more);
  }
  for (const { classes } of [intervals4, intervals6]) {
    for (let i = 0; i < classes.length; i++) classes[i] = numbers[classes[i]!]!;
  }
  return { classes: { labelSets, intervals4, intervals6 }, origins };
}

/** `before` cut at the edges of selectors that are new since. */
export function extendPorts(before: PortClasses, ports: PortSelectors): Extended<PortClasses> {
  const { table, ...fresh } = classifyPorts(ports);
  const numbers = new Int32Array(fresh.sure.length).fill(-1);
  const sure = [...before.sure];
  const possible = [...before.possible];
  const kept = new Uint8Array(sure.length);
  const origins: number[] = [];
  for (let at = 0; at < table.length; at++) {
    const cls = table[at]!;
    if (numbers[cls] === -1) {
      const origin = before.table[at]!;
      if (kept[origin] === 1) origins.push(origin);
      const number = kept[origin] === 1 ? sure.length : origin;
      kept[origin] = 1;
      sure[number] = fresh.sure[cls]!;
      possible[number] = fresh.possible[cls]!;
      numbers[cls] = number;
    }
    table[at] = numbers[cls]!;
  }
  return { classes: { table, sure, possible }, origins };
}

/** The block of a set that uses nothing new: a new class answers as the one it was cut from. */
export function extendBlock(
  block: SetBlock,
  addressOrigins: readonly number[],
  portOrigins: readonly number[],
): SetBlock {
  if (addressOrigins.length === 0 && portOrigins.length === 0) return block;
  return {
    ...block,
    ...lengthenedRuns(block, addressOrigins),
    columnOf: lengthened(block.columnOf, portOrigins),
  };
}

function lengthenedRuns(block: SetBlock, origins: readonly number[]): Pick<SetBlock, 'runEnds' | 'runRows'> {
  const { runEnds, runRows } = block;
  if (origins.length === 0) return { runEnds, runRows };
  const ends = new Int32Array(runEnds.length + origins.length);
  const rows = new Int32Array(ends.length);
  ends.set(runEnds);
  rows.set(runRows);
  let count = runEnds.length;
  let classes = addressClassesOf(block);
  for (const origin of origins) {
    const row = runRows[firstAtLeast(runEnds, origin + 1)]!;
    if (rows[count - 1] !== row) rows[count++] = row;
    ends[count - 1] = ++classes;
  }
  return { runEnds: ends.slice(0, count), runRows: rows.slice(0, count) };
}

function lengthened(values: Int32Array, origins: readonly number[]): Int32Array {
  if (origins.length === 0) return values;
  const longer = new Int32Array(values.length + origins.length);
  longer.set(values);
  origins.forEach((origin, i) => {
    longer[values.length + i] = values[origin]!;
  });
  return longer;
}
