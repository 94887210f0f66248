import { availableParallelism } from 'node:os';
import type { KafkaConnection } from '../kafka/connection.ts';
import type { OutputFormat } from '../sink/part.ts';

/** Where Kafka is, and what is read of it. */
export interface KafkaSettings extends Omit<KafkaConnection, 'sasl'> {
  readonly sasl?: NonNullable<KafkaConnection['sasl']> | undefined;
  readonly topics: readonly string[];
  readonly group: string;
  /** `earliest`, `latest` or an RFC 3339 instant: where a new group begins. */
  readonly from: string;
  readonly sessionSeconds: number;
}

/** Where ClickHouse is, for a target `clickhouse:TABLE`. */
export interface ClickHouseSettings {
  readonly url: string;
  readonly username: string;
  readonly password?: string | undefined;
  readonly database?: string | undefined;
  readonly blockBytes: number;
  readonly blockSeconds: number;
}

/** Everything a stream is told; docs/stream.md has all settings. */
export interface StreamSettings {
  readonly kafka: KafkaSettings;
  /** A folder, or `kafka:TOPIC` with one document a key. */
  readonly inventory: string;
  /** Seconds between two looks at the folder; 0 = never. */
  readonly inventorySeconds: number;
  /** Ask the API server for pods. */
  readonly watchPods: boolean;
  /** Context of the kubeconfig; absent = the current one, or the pod's service account. */
  readonly kubeContext?: string | undefined;
  /** `kafka:TOPIC`, `clickhouse:TABLE`, a folder ending in `/`, `-` or `none`. */
  readonly out: string;
  readonly outFormat?: OutputFormat | undefined;
  /** Topic of malformed lines and unreadable messages. */
  readonly deadLetter?: string | undefined;
  readonly clickhouse: ClickHouseSettings;
  /** Pair the two records of a flow; absent = where the format lacks the pkt-* fields. */
  readonly pair?: boolean | undefined;
  /** A record comes at most so long after its end. */
  readonly latenessSeconds: number;
  /** `kafka:TOPIC`, `-` or `none`. */
  readonly windows: string;
  readonly windowSeconds: number;
  /** Rows of each kind in a window. */
  readonly windowTop: number;
  /** A file of a folder is ended at so many bytes or seconds. */
  readonly fileBytes: number;
  readonly fileSeconds: number;
  /** `[HOST]:PORT` that serves /metrics, /healthz and /readyz. */
  readonly http?: string | undefined;
  /** Workers; 0 = in the calling thread. */
  readonly threads: number;
  /** Fields of messages without a header, in AWS's syntax. */
  readonly logFormat?: string | undefined;
  /** End when all that is in the topics at the start is done. */
  readonly stopAtEnd: boolean;
}

export const THREADS_MAX = 256;

/** The longest delivery lag measured: 11 minutes, 6 in the middle. */
const LATENESS_SECONDS = 660;

export const KAFKA_DEFAULTS: Omit<KafkaSettings, 'brokers' | 'topics'> = {
  group: 'flowtrie',
  clientId: 'flowtrie',
  from: 'earliest',
  sessionSeconds: 30,
  compression: 'none',
  tls: { enabled: false },
};

export const CLICKHOUSE_DEFAULTS: ClickHouseSettings = {
  url: 'http://localhost:8123',
  username: 'default',
  blockBytes: 32 * 1024 * 1024,
  blockSeconds: 5,
};

export const STREAM_DEFAULTS: Omit<StreamSettings, 'kafka' | 'inventory' | 'clickhouse'> = {
  inventorySeconds: 5,
  watchPods: false,
  out: 'none',
  latenessSeconds: LATENESS_SECONDS,
  windows: 'none',
  windowSeconds: 60,
  windowTop: 100,
  fileBytes: 256 * 1024 * 1024,
  fileSeconds: 60,
  threads: Math.min(availableParallelism(), THREADS_MAX),
  stopAtEnd: false,
};

/** Brokers, topics and inventory at least; what is left out is as the command has it. */
export type StreamRequest = Partial<Omit<StreamSettings, 'kafka' | 'inventory' | 'clickhouse'>> & {
  readonly kafka: KafkaRequest;
  readonly inventory: string;
  readonly clickhouse?: Partial<ClickHouseSettings>;
};

export type KafkaRequest = Pick<KafkaSettings, 'brokers' | 'topics'> & Partial<KafkaSettings>;

export function streamSettings(request: StreamRequest): StreamSettings {
  return {
    ...STREAM_DEFAULTS,
    ...request,
    kafka: kafkaSettings(request.kafka),
    clickhouse: { ...CLICKHOUSE_DEFAULTS, ...request.clickhouse },
  };
}

function kafkaSettings(request: KafkaRequest): KafkaSettings {
  return { ...KAFKA_DEFAULTS, ...request };
}

/** How to reach the brokers. */
export function connectionOf(request: KafkaRequest): KafkaConnection {
  const { brokers, clientId, tls, sasl, compression } = kafkaSettings(request);
  return { brokers, clientId, tls, sasl: sasl ?? null, compression };
}
