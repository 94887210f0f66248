import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Broker, type BrokerOptions, startBroker } from './broker.ts';
import { brokerMissing, KAFKA_NEWEST } from './jars.ts';

/** Kafka versions of the suites, newest first: `FLOWTRIE_KAFKA`, a comma list; the newest alone when not set. */
const VERSIONS = (process.env.FLOWTRIE_KAFKA ?? KAFKA_NEWEST).split(',').map((version) => version.trim());

/**
 * A suite on a real broker, of the newest version or of every one. No broker to be had: one skipped test with the
 * reason printed, or one failed test when `FLOWTRIE_REQUIRE` (a comma list) names `kafka`.
 */
export async function describeKafka(
  name: string,
  suite: (broker: () => Broker, newest: boolean) => void,
  { everyVersion = false, ...options }: BrokerOptions & { readonly everyVersion?: boolean } = {},
): Promise<void> {
  for (const version of everyVersion ? VERSIONS : VERSIONS.slice(0, 1)) {
    const reason = await brokerMissing(version);
    if (reason === undefined) {
      describe(`${name}, Apache Kafka ${version}`, () => {
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
    } else if ((process.env.FLOWTRIE_REQUIRE ?? '').split(',').includes('kafka')) {
      test(`${name}: FLOWTRIE_REQUIRE names kafka`, () => expect.fail(reason));
    } else {
      console.warn(`skipped: ${name}: ${reason}`);
      test.skip(`${name}: ${reason}`, () => {});
    }
  }
}
