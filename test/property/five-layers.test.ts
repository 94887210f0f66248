import { expect, it } from 'vitest';
import { drawFlows } from '../../src/bench/account-trace.ts';
import { EKS_LIKE, eksInventory } from '../../src/bench/eks-inventory.ts';
import { FiveLayers, NO_ANSWER } from '../../src/bench/five-layers.ts';
import { attachRules } from '../../src/rules/arena.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { addressClass4, cellOf, portClass, routeOf } from '../../src/rules/lookup.ts';
import { FLAT_BYTES_MAX } from '../../src/rules/rule-matrix.ts';
import { EniSet, SETS_STRIDE } from '../../src/rules/view.ts';

/** No multiple of a batch. */
const FLOWS = 5000;
const SMALL = { ...EKS_LIKE, enis: 200, groups: 12, groupChoices: 15, prefixesPerList: 60 };
/** More rows and rules than 16 bits have numbers for. */
const LARGE = { ...SMALL, enis: 1500, groups: 1200, groupChoices: 1200, rulesPerGroup: 60, cidrs: 300 };

it.each([
  { rows: 'flat', flatBytesMax: FLAT_BYTES_MAX, size: SMALL, rowBytes: 2 },
  { rows: 'paged', flatBytesMax: 0, size: SMALL, rowBytes: 2 },
  { rows: 'wide', flatBytesMax: 2 ** 30, size: LARGE, rowBytes: 4 },
])('the five layers of the bench are the look-ups of rules/lookup: $rows', ({ flatBytesMax, size, rowBytes }) => {
  const inventory = eksInventory(size, 3);
  const { buffer, byteLength } = compileRules(inventory, flatBytesMax);
  const view = attachRules(buffer, 0, byteLength);
  expect(view.sections.rowTab.BYTES_PER_ELEMENT).toBe(rowBytes);
  const flows = drawFlows(inventory, FLOWS, false, 5);
  if (flows === undefined) throw new Error('no interface has an address');
  const layers = new FiveLayers(view);
  const answers = layers.createAnswers(FLOWS);
  layers.judge(layers.place(flows), answers);
  const one = layers.createAnswers(FLOWS).sgIngress;
  layers.judgeOne(layers.place(flows), one);
  expect(one).toEqual(answers.sgIngress);
  const setOf = (eni: number, word: number): number => view.eniSets[eni * SETS_STRIDE + word] ?? 0;
  let decided = 0;
  for (let i = 0; i < FLOWS; i++) {
    const [src, dst] = [addressClass4(view, flows.src[i] ?? 0), addressClass4(view, flows.dst[i] ?? 0)];
    const port = portClass(view, flows.protocol[i] ?? 0, flows.dstPort[i] ?? 0);
    const cell = (set: number, cls: number): number => (set < 0 ? NO_ANSWER : cellOf(view, set, cls, port));
    const [sender, receiver] = [flows.srcEni[i] ?? 0, flows.dstEni[i] ?? 0];
    const table = setOf(sender, EniSet.routeTable);
    const expected = [
      cell(setOf(sender, EniSet.sgEgress), dst),
      cell(setOf(sender, EniSet.naclEgress), dst),
      table < 0 ? NO_ANSWER : routeOf(view, table, dst),
      cell(setOf(receiver, EniSet.naclIngress), src),
      cell(setOf(receiver, EniSet.sgIngress), src),
    ];
    const { sgEgress, naclEgress, route, naclIngress, sgIngress } = answers;
    expect([sgEgress[i], naclEgress[i], route[i], naclIngress[i], sgIngress[i]], `flow ${i}`).toEqual(expected);
    if ((view.cellRule[sgIngress[i] ?? -1] ?? -1) >= 0) decided++;
  }
  expect(decided).toBeGreaterThan(FLOWS / 50);
});
