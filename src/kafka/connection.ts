import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { KafkaConfig, Mechanism, SASLOptions } from 'kafkajs';
import { FlowtrieError } from '../model/errors.ts';
import type { KafkaCompression } from './codecs.ts';
import { mskIam } from './msk-iam.ts';

export const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512', 'aws-msk-iam'] as const;
export type SaslMechanism = (typeof SASL_MECHANISMS)[number];

/** How to reach a cluster. Secrets are strings here and nowhere else; nothing prints this object. */
export interface KafkaConnection {
  /** `host:port` */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly tls: {
    readonly enabled: boolean;
    /** PEM files. */
    readonly ca?: string | undefined;
    readonly cert?: string | undefined;
    readonly key?: string | undefined;
  };
  readonly sasl: {
    readonly mechanism: SaslMechanism;
    readonly username?: string | undefined;
    readonly password?: string | undefined;
    /** Region of an MSK cluster. */
    readonly region?: string | undefined;
  } | null;
  /** What is sent is compressed with it. */
  readonly compression: KafkaCompression;
}

/** Tokens of MSK live 15 minutes: the session is renewed so long before. */
const REAUTHENTICATE_MS = 60_000;

/** The connection in the words of kafkajs. Throws FlowtrieError `input` for a PEM file that cannot be read. */
export async function kafkaConfig(connection: KafkaConnection): Promise<KafkaConfig> {
  const { brokers, clientId, tls, sasl } = connection;
  const msk = sasl?.mechanism === 'aws-msk-iam';
  return {
    brokers: [...brokers],
    clientId,
    ...(tls.enabled || msk ? { ssl: tlsOptions(tls) } : {}),
    ...(sasl === null ? {} : { sasl: await saslOptions(sasl) }),
    ...(msk ? { reauthenticationThreshold: REAUTHENTICATE_MS } : {}),
  };
}

function tlsOptions({ ca, cert, key }: KafkaConnection['tls']): ConnectionOptions | true {
  if (ca === undefined && cert === undefined && key === undefined) return true;
  return {
    ...(ca === undefined ? {} : { ca: [pem(ca)] }),
    ...(cert === undefined ? {} : { cert: pem(cert) }),
    ...(key === undefined ? {} : { key: pem(key) }),
  };
}

function pem(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new FlowtrieError('input', `${file}: cannot be read (${reason})`, { cause });
  }
}

function saslOptions(sasl: NonNullable<KafkaConnection['sasl']>): SASLOptions | Promise<Mechanism> {
  const { mechanism, username = '', password = '' } = sasl;
  if (mechanism !== 'aws-msk-iam') return { mechanism, username, password };
  return mskIam(sasl.region ?? process.env.AWS_REGION ?? '');
}
