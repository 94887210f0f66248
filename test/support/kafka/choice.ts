import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { brokerMissing } from './jars.ts';
import { dockerImage } from './launcher.ts';

/** Where a broker comes from. */
export type BrokerChoice =
  | { readonly kind: 'given'; readonly address: string }
  | { readonly kind: 'docker' | 'jars' }
  | { readonly kind: 'none'; readonly missing: string };

/** What there is on this machine. */
export interface Probes {
  /** A Docker engine answers; a client alone is not one. */
  docker(): Promise<boolean>;
  /** Why the jars cannot be run; undefined when they can. */
  jarsMissing(version: string): Promise<string | undefined>;
}

const PROBES: Probes = {
  async docker() {
    const asked = promisify(execFile)('docker', ['info', '--format', '{{.ServerVersion}}'], { timeout: 5_000 });
    return (await asked.catch(() => undefined)) !== undefined;
  },
  jarsMissing: brokerMissing,
};

/**
 * The broker that `KAFKA_BROKERS` names, else one in Docker, else one from the jars. `own`: it is going to be killed or
 * set up in some way, so a broker that belongs to somebody else will not do.
 */
export async function chooseBroker(
  version: string,
  own: boolean,
  environment: Readonly<Record<string, string | undefined>> = process.env,
  probes: Probes = PROBES,
): Promise<BrokerChoice> {
  const address = environment.KAFKA_BROKERS ?? '';
  if (address !== '' && !own) return { kind: 'given', address };
  if (await probes.docker()) return { kind: 'docker' };
  const missing = await probes.jarsMissing(version);
  return missing === undefined ? { kind: 'jars' } : { kind: 'none', missing: `no Docker engine, and ${missing}` };
}

/** The choice in words. */
export function choiceText(choice: BrokerChoice, version: string): string {
  if (choice.kind === 'given') return `Apache Kafka at ${choice.address} (KAFKA_BROKERS)`;
  if (choice.kind === 'docker') return `Apache Kafka ${version} in Docker (${dockerImage(version)})`;
  return `Apache Kafka ${version}`;
}
