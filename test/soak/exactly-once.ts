import { Dice } from '../support/dice.ts';
import { startBroker } from '../support/kafka/broker.ts';
import { runChaos } from '../support/kafka/chaos.ts';
import { KAFKA_NEWEST } from '../support/kafka/jars.ts';
import { openLab } from '../support/kafka/lab.ts';
import { writeResult } from './results.ts';

/** `npm run soak:exactly-once [-- KILLS [KAFKA-VERSION [SEED]]] [--write]` */
const [kills = '60', version = KAFKA_NEWEST, seed = String(Date.now() % 100_000)] = process.argv
  .slice(2)
  .filter((word) => word !== '--write');
const broker = await startBroker(version);
const lab = await openLab(100_000);
try {
  const options = { broker, lab, dice: new Dice(Number(seed)), kills: Number(kills), brokerEvery: 6, membersMax: 3 };
  const report = await runChaos({ ...options, log: (line) => console.error(line) });
  writeResult('exactly-once', { kafka: version, seed: Number(seed), ...report });
  if (report.lost + report.repeated > 0) process.exitCode = 1;
} finally {
  lab.close();
  await broker.stop();
}
