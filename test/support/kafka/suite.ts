import { afterAll, beforeAll } from 'vitest';
import { describeNeeding } from '../needs.ts';
import { type Broker, type BrokerOptions, startBroker } from './broker.ts';
import { brokerMissing, KAFKA_NEWEST } from './jars.ts';

/** Kafka versions of the suites, newest first: `FLOWTRIE_KAFKA`, a comma list; the newest alone when not set. */
const VERSIONS = (process.env.FLOWTRIE_KAFKA ?? KAFKA_NEWEST).split(',').map((version) => version.trim());

/** A suite on a real broker, of the newest version or of every one. */
export async function describeKafka(
  name: string,
  suite: (broker: () => Broker, newest: boolean) => void,
  { everyVersion = false, ...options }: BrokerOptions & { readonly everyVersion?: boolean } = {},
): Promise<void> {
  for (const version of everyVersion ? VERSIONS : VERSIONS.slice(0, 1)) {
    const missing = (await brokerMissing(version)) ?? null;
    describeNeeding('kafka', `${name}, Apache Kafka ${version}`, missing, () => {
      let broker: Broker | undefined;
      beforeAll(async () => {
        broker = await startBroker(version, options);
      });
      afterAll(() => broker?.stop());
      suite(() => {
        if (broker === undefined) throw new Error('the broker is started before the tests of the suite');
        return broker;
      }, version === VERSIONS[0]);
    });
  }
}
