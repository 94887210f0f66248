import { readFileSync } from 'node:fs';
import { createJudged } from '../../src/classify/judged.ts';
import { ClassifyKernel } from '../../src/classify/kernel.ts';
import { BATCH_ROWS, DecodeKernel } from '../../src/decode/kernel.ts';
import { attachVersions } from '../../src/engine/attached.ts';
import { Present } from '../../src/model/flow.ts';
import { KernelHeap } from '../../src/model/kernel-heap.ts';
import { Attribution, Direction } from '../../src/model/verdict.ts';
import type { ReadyJob, Turn } from '../measurement.ts';
import { readPodTable } from '../pod-tables.ts';
import { Found, FoundSums, type PodWorld, queriesOf, WINDOW_SECONDS } from '../pod-world.ts';

const FOUND_OF: Readonly<Record<number, number>> = {
  [Attribution.none]: Found.none,
  [Attribution.exact]: Found.exact,
  [Attribution.inferred]: Found.inferred,
  [Attribution.candidates]: Found.candidates,
};

/**
 * flowtrie's own passes over batches of rows, as every record goes through them: place the address, decide the
 * direction, attribute. Each row asks about its source; it has no destination.
 */
export async function readyPodMap(turn: Turn): Promise<ReadyJob> {
  const world = JSON.parse(readFileSync(turn.files[0] ?? '', 'utf8')) as PodWorld;
  const heap = new KernelHeap();
  const { batch: flow } = new DecodeKernel(BATCH_ROWS, heap);
  const kernel = new ClassifyKernel(heap);
  const { verdicts, scratch } = createJudged(kernel, flow);
  const [tables] = attachVersions([readPodTable(turn.inventory)], heap, false).judge.versions;
  if (tables === undefined) throw new Error('no version');
  const { address, start } = queriesOf(world);
  flow.present.fill(Present.interfaceId | Present.srcAddr | Present.start | Present.end | Present.flowDirection);
  flow.flowDirection.fill(Direction.ingress);
  scratch.eni.fill(0);
  scratch.twinCount.fill(0);
  return {
    async run() {
      const sums = new FoundSums();
      for (let q = 0; q < address.length; q += BATCH_ROWS) {
        const rows = Math.min(BATCH_ROWS, address.length - q);
        flow.srcAddr.set(address.subarray(q, q + rows));
        flow.start.set(start.subarray(q, q + rows));
        for (let i = 0; i < rows; i++) flow.end[i] = (flow.start[i] ?? 0) + WINDOW_SECONDS;
        kernel.placeAddresses(scratch.batch, tables.address, 0, rows);
        kernel.decideDirection(scratch.batch, tables.address, 0, rows);
        kernel.attribute(scratch.batch, tables.address, 0, rows);
        for (let i = 0; i < rows; i++) {
          sums.add(FOUND_OF[verdicts.srcAttribution[i] ?? 0] ?? 0, verdicts.srcOwner[i] ?? -1);
        }
      }
      return sums.claims(address.length);
    },
  };
}
