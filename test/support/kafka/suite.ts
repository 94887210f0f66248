import { afterAll, beforeAll } from 'vitest';
import { describeNeeding } from '../needs.ts';
import { type Broker, type BrokerOptions, openBroker } from './broker.ts';
import { choiceText, chooseBroker } from './choice.ts';
import { KAFKA_NEWEST } from './jars.ts';
import { iamMissing } from './security.ts';

/** Kafka versions of the suites, newest first: `FLOWTRIE_KAFKA`, a comma list; the newest alone when not set. */
const VERSIONS = (process.env.FLOWTRIE_KAFKA ?? KAFKA_NEWEST).split(',').map((version) => version.trim());

/** A suite on a real broker, of the newest version or of every one. */
export async function describeKafka(
  name: string,
  suite: (broker: () => Broker, newest: boolean) => void,
  { everyVersion = false, ...options }: BrokerOptions & { readonly everyVersion?: boolean } = {},
): Promise<void> {
  const { secured = false, own = secured !== false } = options;
  for (const version of everyVersion ? VERSIONS : VERSIONS.slice(0, 1)) {
    const choice = await chooseBroker(version, own);
    // it has a version of its own: once is enough
    if (choice.kind === 'given' && version !== VERSIONS[0]) continue;
    const none = choice.kind === 'none' ? choice.missing : null;
    const missing = none ?? (secured === 'iam' ? (iamMissing() ?? null) : null);
    describeNeeding('kafka', `${name}, ${choiceText(choice, version)}`, missing, () => {
      let broker: Broker | undefined;
      beforeAll(async () => {
        broker = await openBroker(version, options);
      });
      afterAll(() => broker?.stop());
      suite(() => {
        if (broker === undefined) throw new Error('the broker is started before the tests of the suite');
        return broker;
      }, version === VERSIONS[0]);
    });
  }
}
