import { startBroker } from '../support/kafka/broker.ts';
import { KAFKA_NEWEST } from '../support/kafka/jars.ts';
import { openLab } from '../support/kafka/lab.ts';
import { runSwaps } from '../support/kafka/swaps.ts';
import { writeResult } from './results.ts';

/** `npm run soak:swap [-- SWAPS] [--write]`: the inventory is swapped under load, every row compared with `replay`. */
const [swaps = '100'] = process.argv.slice(2).filter((word) => word !== '--write');
const broker = await startBroker(KAFKA_NEWEST);
const lab = await openLab(10_000);
try {
  const report = await runSwaps(broker, lab, Number(swaps));
  writeResult('swap', { kafka: KAFKA_NEWEST, ...report });
  if (report.lost + report.mixed > 0) process.exitCode = 1;
} finally {
  lab.close();
  await broker.stop();
}
