import { startBroker } from '../support/kafka/broker.ts';
import { KAFKA_NEWEST } from '../support/kafka/jars.ts';
import { openLab } from '../support/kafka/lab.ts';
import { runSoak } from '../support/kafka/soak.ts';
import { readResult, writeResult } from './results.ts';

/**
 * `npm run soak [-- MINUTES [RECORDS-PER-SECOND]] [--write]`: half of the throughput measured (results/throughput.json)
 * for half an hour, broker and sender on the same machine; then nothing comes and everything has to come out.
 */
const [minutes = '30', rate] = process.argv.slice(2).filter((word) => word !== '--write');
const peak = Number(readResult('throughput')?.packedPerSecond ?? 0);
const broker = await startBroker(KAFKA_NEWEST);
const lab = await openLab(100_000);
try {
  const report = await runSoak({
    broker,
    lab,
    seconds: Number(minutes) * 60,
    recordsPerSecond: Number(rate ?? Math.round(peak / 2)),
    packed: 4_000,
    latenessSeconds: 30,
    log: (line) => console.error(line),
  });
  writeResult('soak', { kafka: KAFKA_NEWEST, ...report });
  if (report.missing !== 0) process.exitCode = 1;
} finally {
  lab.close();
  await broker.stop();
}
