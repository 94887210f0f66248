import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Broker } from '../support/kafka/broker.ts';
import { type Lab, openLab } from '../support/kafka/lab.ts';
import { runSoak } from '../support/kafka/soak.ts';
import { describeKafka } from '../support/kafka/suite.ts';

const PATIENCE_MS = 180_000;
/** The short form of `npm run soak`. */
const SOAK = { seconds: 8, recordsPerSecond: 4_000, packed: 400, latenessSeconds: 3 };

let lab: Lab;
beforeAll(async () => {
  lab = await openLab(4_000);
});
afterAll(() => lab.close());

await describeKafka('a soak of flowtrie stream', (broker) => {
  it('counts every record, and flushes when nothing comes any more', () => soak(broker()), PATIENCE_MS);
});

async function soak(broker: Broker): Promise<void> {
  const report = await runSoak({ ...SOAK, broker, lab, log: () => {} });
  expect(report.records).toBeGreaterThan(1_000);
  expect(report.missing).toBe(0);
  // a window may have begun just before, and a busy machine takes its time
  expect(report.flushSeconds).toBeLessThan(SOAK.latenessSeconds + 45);
  expect(Number.isFinite(report.rssSlopeMbPerHour)).toBe(true);
}
