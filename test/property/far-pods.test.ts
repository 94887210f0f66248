import { expect, test } from 'vitest';
import { createJudged } from '../../src/classify/judged.ts';
import { ClassifyKernel } from '../../src/classify/kernel.ts';
import { BATCH_ROWS, DecodeKernel } from '../../src/decode/kernel.ts';
import { attachVersions } from '../../src/engine/attached.ts';
import { compileInventory } from '../../src/engine/versions.ts';
import type { PodInterval } from '../../src/inventory/inventory.ts';
import { inventoryFromDocuments } from '../../src/inventory/load.ts';
import { Present } from '../../src/model/flow.ts';
import { KernelHeap } from '../../src/model/kernel-heap.ts';
import { Attribution, Direction } from '../../src/model/verdict.ts';
import { intervalsOf, ownerEntry4, resolvedAttribution, resolvePod } from '../../src/pods/lookup.ts';
import { Dice } from '../support/dice.ts';

const SEED = 20_261_127;
/** Enough that the kernel loads ahead: it does not for tables that its near caches hold. */
const ADDRESSES = 12_000;
const INTERVALS_MIN = 65_536;
const SLOTS_MIN = 32_768;
const BATCHES = 40;
const BASE = 0x0a00_0000;
const SPAN = 3000;

const DOCUMENTS = [
  { file: 'vpcs.json', content: { Vpcs: [{ VpcId: 'vpc-1', CidrBlock: '10.0.0.0/8' }] } },
  {
    file: 'network-interfaces.json',
    content: { NetworkInterfaces: [{ NetworkInterfaceId: 'eni-1', VpcId: 'vpc-1', PrivateIpAddress: '10.255.0.1' }] },
  },
];

/** Intervals that touch, overlap, begin together, come back, are open, and are doubtful for seconds, days or ever. */
function podsOf(dice: Dice): PodInterval[] {
  const pods: PodInterval[] = [];
  for (let index = 0; index < ADDRESSES; index++) {
    const count = dice.below(20) === 0 ? 40 + dice.below(40) : dice.below(12);
    for (let life = 0; life < count; life++) {
      const start = 1000 + dice.below(SPAN);
      const isOpen = dice.below(60) === 0;
      const end = isOpen ? Number.POSITIVE_INFINITY : start + 1 + dice.below(dice.pick([5, 90, 600]));
      const before = dice.pick([0, 2, 30, 400, 100_000]);
      const after = dice.pick([0, 1, 30, 400, 100_000]);
      const name = `web-${dice.below(life + 2)}`;
      pods.push({
        ...{ namespace: 'shop', name, uid: null, workload: null, nodeName: null, isNodeTold: false },
        ...{ serviceAccount: null, vpcId: 'vpc-1', eniId: null, hostNetwork: false },
        address: { family: 4, words: [BASE + index] },
        startSeconds: start,
        endSeconds: end,
        softStartSeconds: before > 1000 ? Number.NEGATIVE_INFINITY : start - before,
        softEndSeconds: after > 1000 && dice.below(2) === 0 ? Number.POSITIVE_INFINITY : end + after,
        ...{ sources: ['audit'], listeners: [], hostListeners: [], services: [] },
      });
    }
  }
  return pods;
}

test(`a table that no near cache holds: the kernel's answers are those of pods/lookup (seed ${SEED})`, {
  timeout: 120_000,
}, () => {
  const dice = new Dice(SEED);
  const [inventory] = inventoryFromDocuments(DOCUMENTS).versions;
  if (inventory === undefined) throw new Error('no version');
  const { versions } = compileInventory({ versions: [{ ...inventory, pods: podsOf(dice) }], warnings: [] });
  const heap = new KernelHeap();
  const { batch: flow } = new DecodeKernel(BATCH_ROWS, heap);
  const kernel = new ClassifyKernel(heap);
  const { verdicts, scratch } = createJudged(kernel, flow);
  const [tables] = attachVersions(
    versions.map(({ shared }) => shared),
    heap,
    false,
  ).judge.versions;
  if (tables === undefined) throw new Error('no tables');
  const { pods } = tables;
  expect(pods.intervalEnds.length).toBeGreaterThan(INTERVALS_MIN);
  expect(pods.slots.length).toBeGreaterThanOrEqual(SLOTS_MIN);
  for (let entry = 0; entry < pods.entryEni.length; entry++) {
    const ends = intervalsOf(pods, entry).map(({ end }) => end);
    expect(ends).toEqual([...ends].sort((a, b) => a - b));
  }
  flow.present.fill(Present.interfaceId | Present.srcAddr | Present.start | Present.end | Present.flowDirection);
  flow.flowDirection.fill(Direction.ingress);
  scratch.eni.fill(0);
  scratch.twinCount.fill(0);
  const seen = [0, 0, 0, 0];
  for (let batch = 0; batch < BATCHES; batch++) {
    const rows = BATCH_ROWS - dice.below(300);
    for (let i = 0; i < rows; i++) {
      flow.srcAddr[i] = BASE + dice.below(ADDRESSES + 1000);
      flow.start[i] = dice.below(20) === 0 ? dice.below(2 ** 32) : 900 + dice.below(SPAN + 900);
      flow.end[i] = dice.below(40) === 0 ? 0xffff_ffff : (flow.start[i] ?? 0) + dice.below(dice.pick([2, 60, 600]));
    }
    kernel.placeAddresses(scratch.batch, tables.address, 0, rows);
    kernel.decideDirection(scratch.batch, tables.address, 0, rows);
    kernel.attribute(scratch.batch, tables.address, 0, rows);
    const found: number[] = [];
    const expected: number[] = [];
    for (let i = 0; i < rows; i++) {
      const entry = ownerEntry4(pods, 0, flow.srcAddr[i] ?? 0);
      const pod = entry < 0 ? -1 : resolvePod(pods, entry, flow.start[i] ?? 0, flow.end[i] ?? 0);
      const sure = entry < 0 ? Attribution.none : resolvedAttribution();
      expected.push(entry, sure, sure === Attribution.candidates ? -1 : pod);
      found.push(scratch.srcEntry[i] ?? 0, verdicts.srcAttribution[i] ?? 0, verdicts.srcOwner[i] ?? 0);
      seen[sure] = (seen[sure] ?? 0) + 1;
    }
    expect(found, `batch ${batch}`).toEqual(expected);
  }
  // none of the answers is rare
  for (const count of seen) expect(count).toBeGreaterThan(BATCHES * BATCH_ROWS * 0.02);
});
