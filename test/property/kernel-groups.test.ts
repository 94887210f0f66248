import { expect, test } from 'vitest';
import { createJudged } from '../../src/classify/judged.ts';
import { ClassifyKernel } from '../../src/classify/kernel.ts';
import { BATCH_ROWS, DecodeKernel } from '../../src/decode/kernel.ts';
import { attachVersions } from '../../src/engine/attached.ts';
import { type Groups, GroupTable } from '../../src/engine/group-table.ts';
import { TALKER4_WORDS, TALKERS_MAX, Tally, WORKLOAD_WORDS, WORKLOADS_MAX } from '../../src/engine/tally.ts';
import { compileInventory } from '../../src/engine/versions.ts';
import { inventoryFromDocuments } from '../../src/inventory/load.ts';
import { Present } from '../../src/model/flow.ts';
import { KernelHeap } from '../../src/model/kernel-heap.ts';
import { Kind } from '../../src/model/verdict.ts';
import { Dice } from '../support/dice.ts';
import { randomWorld } from '../support/random-world.ts';
import { sourceOf } from '../support/source-document.ts';

const SEED = 20_261_127;
const RUNS = 12;
const BATCHES = 12;
const TWO_32 = 4_294_967_296;
const GROUPS = 300;

/** Weights of many groups that are alike, of all sizes, and of one size. */
function bytesOf(dice: Dice, kind: number): number {
  if (kind === 0) return 40;
  if (kind === 1) return 40 + dice.below(5);
  return dice.below(2) === 0 ? dice.below(1500) : dice.below(2 ** 31) * 2 ** dice.below(12);
}

/** The groups by rows of one layout. */
function merged(groups: Groups): Groups {
  const table = new GroupTable(TALKER4_WORDS, WORKLOADS_MAX);
  table.merge(groups);
  return table.drain();
}

test(`tables of groups in the kernel fold as GroupTable does (seed ${SEED})`, () => {
  let folded = 0;
  for (let run = 0; run < RUNS; run++) {
    const dice = new Dice(SEED + run);
    const heap = new KernelHeap();
    const { batch: flow } = new DecodeKernel(BATCH_ROWS, heap);
    const { verdicts, scratch } = createJudged(new ClassifyKernel(heap), flow);
    const compiled = compileInventory(inventoryFromDocuments(randomWorld(dice, new Set()).documents.map(sourceOf)));
    const { judge } = attachVersions(
      compiled.versions.slice(0, 1).map(({ shared }) => shared),
      heap,
      false,
    );
    const [pod, eni] = [7, 5000].map((first) => Int32Array.from({ length: GROUPS }, (_, i) => first + i));
    const groups = { pod: pod ?? new Int32Array(0), eni: eni ?? new Int32Array(0) };
    const tally = new Tally(judge, [groups], heap, BATCH_ROWS);
    const groupOf = (kind = 0, owner = 0): number => (kind === Kind.pod ? groups.pod : groups.eni)[owner] ?? Number.NaN;
    const talkers = new GroupTable(TALKER4_WORDS, TALKERS_MAX);
    const workloads = new GroupTable(WORKLOAD_WORDS, WORKLOADS_MAX);
    for (let b = 0; b < BATCHES; b++) {
      flow.rows = BATCH_ROWS - dice.below(BATCH_ROWS / 2);
      // transit gateway rows: only groups are counted
      flow.judged = false;
      verdicts.version.fill(0);
      for (let i = 0; i < flow.rows; i++) {
        const bytes = bytesOf(dice, run % 3);
        flow.present[i] = Present.bytes | Present.packets;
        flow.bytes.set([bytes % TWO_32, Math.floor(bytes / TWO_32)], 2 * i);
        flow.packets.set([dice.below(100), 0], 2 * i);
        verdicts.srcOwner[i] = dice.below(GROUPS);
        verdicts.dstOwner[i] = dice.below(GROUPS);
        verdicts.srcKind[i] = dice.pick([Kind.pod, Kind.node]);
        verdicts.dstKind[i] = dice.pick([Kind.pod, Kind.node]);
        scratch.src4[i] = dice.below(3) === 0 ? dice.below(200) : dice.below(2 ** 32);
        scratch.src6[i] = -1;
        scratch.srcClass[i] = 0;
      }
      tally.add(flow, verdicts, scratch);
      for (let i = 0; i < flow.rows; i++) {
        const [bytes, packets] = [flow.bytes, flow.packets].map((c) => (c[2 * i] ?? 0) + (c[2 * i + 1] ?? 0) * TWO_32);
        const from = groupOf(verdicts.srcKind[i], verdicts.srcOwner[i]);
        workloads.key.set([0, from, groupOf(verdicts.dstKind[i], verdicts.dstOwner[i])]);
        workloads.add(bytes ?? 0, packets ?? 0);
        talkers.key.set([0, from, scratch.src4[i] ?? 0]);
        talkers.add(bytes ?? 0, packets ?? 0);
      }
    }
    const counted = tally.drain(null);
    expect(merged(counted.talkers4)).toEqual(merged(talkers.drain()));
    expect(merged(counted.workloads)).toEqual(merged(workloads.drain()));
    folded += counted.talkers4.others.records + counted.workloads.others.records;
  }
  expect(folded).toBeGreaterThan(RUNS * BATCH_ROWS);
});
