import { openBroker } from './broker.ts';
import { choiceText, chooseBroker } from './choice.ts';
import { brokerMissing, KAFKA_NEWEST, kafkaJars } from './jars.ts';

/**
 * `npm run kafka [-- VERSION]`: a broker until Ctrl-C; the one that KAFKA_BROKERS names is only asked whether it is
 * there. `npm run kafka -- --fetch VERSION…` only gets the jars.
 */
const USAGE = 'npm run kafka [-- VERSION], or npm run kafka -- --fetch VERSION…';

async function fetchJars(versions: readonly string[]): Promise<void> {
  for (const version of versions) console.log(`Kafka ${version}: ${await kafkaJars(version)}`);
}

async function runBroker(version: string): Promise<void> {
  const choice = await chooseBroker(version, false);
  const broker = await openBroker(version);
  if (broker.given) {
    console.log(`${choiceText(choice, version)} is ready; it was not started here and is not ended`);
    return;
  }
  console.log(`${choiceText(choice, version)} is ready at ${broker.address} (Ctrl-C ends it and removes its data)`);
  await new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await broker.stop();
}

async function cannotRun(version: string): Promise<string | undefined> {
  if (fetching) return brokerMissing(version);
  const choice = await chooseBroker(version, false);
  return choice.kind === 'none' ? choice.missing : undefined;
}

const [first = KAFKA_NEWEST, ...rest] = process.argv.slice(2);
const fetching = first === '--fetch';
const versions = fetching ? rest : [first];
const missing = await cannotRun(versions[0] ?? KAFKA_NEWEST);
if (missing !== undefined || versions.some((version) => !/^\d+\.\d+\.\d+$/.test(version))) {
  console.error(missing ?? `expected a version such as ${KAFKA_NEWEST}: ${USAGE}`);
  process.exitCode = 2;
} else if (fetching) await fetchJars(versions);
else await runBroker(first);
