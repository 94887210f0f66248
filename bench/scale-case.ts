import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Case, Comparison, Contestant } from './compare.ts';
import { type Data, type DataRequest, generateData, type LogFile, referenceSum, repeated } from './data.ts';
import { hasProgram } from './machine.ts';

const BASE = { files: 4, gzip: true, pods: 2000, partners: 20 } as const;

/** Records of the smallest input, and of each world that is compared with another. */
const RECORDS = 1_000_000;
const SMOKE_RECORDS = 2000;

/** One core's share of work, so that starting is a small part of it. */
const PASSES = 4;

/**
 * What a record costs when there are more of them, more pods, more rules, and when one file holds them all. Files are
 * listed several times for more records: no disk is filled.
 */
export async function scaleCase(folder: string, smoke: boolean, records: number | null): Promise<Case> {
  const size = records ?? (smoke ? SMOKE_RECORDS : RECORDS);
  const [hundred, pods, rules] = smoke ? [2, 60, 30] : [100, 100_000, 900];
  const world = (request: Partial<DataRequest>): Promise<Data> =>
    generateData(folder, { ...BASE, ...(smoke ? { pods: 40 } : {}), records: size, ...request });
  const base = await world({});
  const fewPods = await world({ pods: smoke ? 40 : 1000 });
  const manyPods = await world({ pods });
  const manyRules = await world({ partners: rules });
  const eight = repeated(base.files, 2);
  const one = wholeFile(join(folder, `whole-${size}.log.gz`), eight);
  return {
    name: 'scale',
    title: 'gzip, default format, summary only: more records, more pods, more rules, one file',
    contestants: [
      contestant('1×', base, base.files),
      contestant('10×', base, repeated(base.files, smoke ? 2 : 10)),
      contestant('100×', base, repeated(base.files, hundred)),
      contestant('1,000 pods', fewPods, repeated(fewPods.files, PASSES)),
      contestant('100,000 pods', manyPods, repeated(manyPods.files, PASSES)),
      contestant('20 rules more', base, repeated(base.files, PASSES)),
      contestant('900 rules more', manyRules, repeated(manyRules.files, PASSES)),
      { ...contestant('8 files, 2 workers', base, eight), threads: 2, pinned: false },
      { ...contestant('one file, 2 workers', base, [one]), threads: 2, pinned: false },
    ],
    comparisons: [
      compared('10×', '1×', 0.9),
      compared('100×', '10×', 0.9),
      compared('100,000 pods', '1,000 pods', 0.9),
      compared('900 rules more', '20 rules more', 0.8),
      { ...compared('one file, 2 workers', '8 files, 2 workers', 1 / 1.3), measure: 'rate' },
    ],
  };
}

function contestant(name: string, { inventory }: Data, files: readonly LogFile[]): Contestant {
  return { name, job: 'replay', files, inventory, threads: 0, passes: 1, pinned: hasProgram('taskset') };
}

function compared(subject: string, rival: string, least: number): Comparison {
  return { subject, rival, measure: 'rate-core', wanted: { bound: 'least', value: Number(least.toFixed(2)) } };
}

/** The same bytes in one file of many members. */
function wholeFile(path: string, files: readonly LogFile[]): LogFile {
  writeFileSync(path, Buffer.concat(files.map((file) => readFileSync(file.path))));
  return { path, reference: referenceSum(files) };
}
