import { expect, it } from 'vitest';
import { drawFlows } from '../../src/bench/account-trace.ts';
import { EKS_LIKE, eksInventory } from '../../src/bench/eks-inventory.ts';
import { answersOf, FiveLayers, lookUpLayers } from '../../src/bench/five-layers.ts';
import { attachRules } from '../../src/rules/arena.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { FLAT_BYTES_MAX } from '../../src/rules/rule-matrix.ts';

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
  let decided = 0;
  for (let i = 0; i < FLOWS; i++) {
    expect(answersOf(answers, i), `flow ${i}`).toEqual(lookUpLayers(view, flows, i));
    if ((view.cellRule[answers.sgIngress[i] ?? -1] ?? -1) >= 0) decided++;
  }
  expect(decided).toBeGreaterThan(FLOWS / 50);
});
