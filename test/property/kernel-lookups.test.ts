import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createJudged } from '../../src/classify/judged.ts';
import { ClassifyKernel } from '../../src/classify/kernel.ts';
import { OWN_ADDRESS, placeInterfaces, VPC_FIRST } from '../../src/classify/tables.ts';
import { BATCH_ROWS, DecodeKernel } from '../../src/decode/kernel.ts';
import { attachVersions } from '../../src/engine/attached.ts';
import { compileInventory } from '../../src/engine/versions.ts';
import { inventoryFromDocuments } from '../../src/inventory/load.ts';
import { type FlowBatch, Present, V6_WORDS } from '../../src/model/flow.ts';
import { parseAddress } from '../../src/model/ip.ts';
import { KernelHeap } from '../../src/model/kernel-heap.ts';
import { Attribution, Direction, Kind, Role } from '../../src/model/verdict.ts';
import { ownerEntry4, ownerEntry6, resolvedAttribution, resolvePod } from '../../src/pods/lookup.ts';
import { strangeVpc } from '../../src/pods/pod-map.ts';
import { RuleCompiler } from '../../src/rules/compile.ts';
import { addressClass4, addressClass6, cellOf, portClass } from '../../src/rules/lookup.ts';
import { FLAT_BYTES_MAX } from '../../src/rules/rule-matrix.ts';
import { ClassFlag, ENI_STRIDE, EniSet, EniWord, SETS_STRIDE } from '../../src/rules/view.ts';
import { Dice } from '../support/dice.ts';
import { type RandomWorld, randomWorld } from '../support/random-world.ts';
import { sourceOf } from '../support/source-document.ts';

const SEED = 20_261_126;
const PORTS = Present.srcPort | Present.dstPort | Present.protocol;
const PRESENT = Present.interfaceId | Present.srcAddr | PORTS | Present.start | Present.end | Present.flowDirection;
const WORLDS = 60;
const ROWS = 400;

function at(column: ArrayLike<number>, i: number): number {
  return column[i] ?? Number.NaN;
}

const counts = { classes: 0, pods: 0, cells: 0 };

/** Random addresses, owned ones and edges of every block among them, seen at random interfaces. */
function fillRows(flow: FlowBatch, dice: Dice, world: RandomWorld, enis: number): void {
  flow.rows = ROWS;
  for (let i = 0; i < ROWS; i++) {
    const six = dice.below(4) === 0;
    const address = parseAddress(dice.pick(six ? world.addresses6 : world.addresses4));
    if (address === undefined) throw new Error('not an address');
    flow.present[i] = PRESENT | (six ? Present.srcAddrV6 : 0);
    flow.interfaceId[i] = dice.below(enis + 1);
    if (six) flow.v6.set(address.words, i * V6_WORDS.perRow + V6_WORDS.srcAddr);
    else flow.srcAddr[i] = dice.below(3) === 0 ? dice.below(2 ** 32) : address.words[0];
    flow.flowDirection[i] = Direction.ingress;
    flow.srcPort[i] = dice.pick(world.ports);
    flow.dstPort[i] = dice.pick(world.ports);
    flow.protocol[i] = dice.pick([6, 17, 1, 58, 47]);
    flow.start[i] = dice.pick(world.instants) - dice.below(90);
    flow.end[i] = at(flow.start, i) + dice.below(90);
  }
}

/** Runs the passes over a world's rows and compares what they found, one row after the other. */
function compareWorld(seed: number): void {
  const dice = new Dice(seed);
  const world = randomWorld(dice, new Set());
  const heap = new KernelHeap();
  const { batch: flow } = new DecodeKernel(BATCH_ROWS, heap);
  const kernel = new ClassifyKernel(heap);
  const { verdicts, scratch } = createJudged(kernel, flow);
  const compiler = new RuleCompiler(seed % 2 === 0 ? FLAT_BYTES_MAX : 0);
  const compiled = compileInventory(inventoryFromDocuments(world.documents.map(sourceOf)), compiler);
  const { judge } = attachVersions(
    [compiled.versions[0]?.shared].flatMap((v) => v ?? []),
    heap,
    false,
  );
  const [tables] = judge.versions;
  if (tables === undefined) throw new Error('no version');
  const { rules, pods } = tables;
  fillRows(flow, dice, world, rules.eniCount);
  const enis = Int32Array.from({ length: rules.eniCount + 1 }, (_, eni) => (eni < rules.eniCount ? eni : -1));
  const vpcs = Int32Array.from({ length: strangeVpc(pods) + 1 }, (_, vpc) => VPC_FIRST - vpc);
  for (let i = 0; i < ROWS; i++) {
    flow.vpcId[i] = dice.below(vpcs.length);
    if (dice.below(3) > 0) flow.present[i] = at(flow.present, i) | Present.vpcId;
  }
  placeInterfaces(flow, scratch, { enis, vpcs }, 0, ROWS);
  kernel.placeAddresses(scratch.batch, tables.address, 0, ROWS);
  kernel.decideDirection(scratch.batch, tables.address, 0, ROWS);
  scratch.twinCount.fill(0, 0, ROWS);
  kernel.attribute(scratch.batch, tables.address, 0, ROWS);
  verdicts.role.fill(Role.request, 0, ROWS);
  kernel.judgeLayers(scratch.batch, tables.address, 0, ROWS);
  for (let i = 0; i < ROWS; i++) {
    const where = `world ${seed}, row ${i}`;
    const six = (at(flow.present, i) & Present.srcAddrV6) !== 0;
    const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = flow.v6.subarray(i * V6_WORDS.perRow + V6_WORDS.srcAddr);
    const eni = at(scratch.eni, i);
    const address = at(flow.srcAddr, i);
    const isPrimary =
      !six && eni >= 0 && address !== 0 && at(rules.eni, eni * ENI_STRIDE + EniWord.primary4) >>> 0 === address;
    const cls = six ? addressClass6(rules, w0, w1, w2, w3) : addressClass4(rules, address);
    expect(scratch.srcClass[i] === OWN_ADDRESS ? cls : scratch.srcClass[i], where).toBe(cls);
    counts.classes++;
    if (!isPrimary) {
      const vpc = eni < 0 ? VPC_FIRST - eni : at(pods.eniVpc, eni);
      const inside = (at(rules.classFlags, cls) & ClassFlag.inside) !== 0;
      const owner = six ? ownerEntry6(pods, vpc, w0, w1, w2, w3) : ownerEntry4(pods, vpc, address);
      expect(scratch.srcEntry[i], where).toBe(inside ? owner : -1);
    }
    const entry = at(scratch.srcEntry, i);
    if (entry >= 0 && scratch.hidden[i] === 0) {
      const pod = resolvePod(pods, entry, at(flow.start, i), at(flow.end, i));
      const sure = resolvedAttribution();
      if (pod >= 0) {
        expect(verdicts.srcKind[i], where).toBe(Kind.pod);
        expect(verdicts.srcAttribution[i], where).toBe(sure);
        expect(verdicts.srcOwner[i], where).toBe(sure === Attribution.candidates ? -1 : pod);
        counts.pods++;
      }
    }
    const cell = at(scratch.sgCell, i);
    if (cell < 0) continue;
    const set = at(rules.eniSets, eni * SETS_STRIDE + EniSet.sgIngress);
    const port = portClass(rules, at(flow.protocol, i), at(flow.dstPort, i));
    const cells = [0, 1].map((variant) => cellOf(rules, set + variant, cls, port));
    expect(rules.hasMiddleboxRoutes ? cells : cells.slice(0, 1), where).toContain(cell);
    counts.cells++;
  }
}

test(`the kernel's look-ups are those of rules/lookup and pods/lookup (seed ${SEED})`, () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), compareWorld), { seed: SEED, numRuns: WORLDS });
  expect(counts.classes).toBe(WORLDS * ROWS);
  expect(counts.pods).toBeGreaterThan(WORLDS * 2);
  expect(counts.cells).toBeGreaterThan(WORLDS * 100);
});
