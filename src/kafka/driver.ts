/** The port to a Kafka client: everything flowtrie asks of one. A second driver is one more file beside kafkajs.ts. */

import type { MessageList } from './message-list.ts';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** One message of a topic whose keys matter; '' = no key. Its value shares memory with the whole fetched response. */
export interface KeyedMessage {
  readonly offset: number;
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** Somebody who reads a whole topic. */
export interface Following {
  /** Why nothing more comes; null = all is well. */
  readonly failure: Error | null;
  stop(): Promise<void>;
}

/** One message to produce. */
export interface OutgoingMessage {
  readonly topic: string;
  /** null = spread over the partitions. */
  readonly partition: number | null;
  readonly key: string | null;
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** What was fetched of one partition: messages, or nothing but marks of transactions. */
export interface KafkaBatch extends TopicPartition {
  readonly messages: MessageList;
  /** Offset behind all of it, also behind what nobody is handed: marks, and what was aborted. */
  readonly next: number;
  /** Offset behind the newest readable message of the partition. */
  readonly highWatermark: number;
  /** Keeps the membership while the caller waits; throws when the group is rebalancing: let it through. */
  heartbeat(): Promise<void>;
  /** True when a seek made this batch obsolete: take nothing of it. */
  stale(): boolean;
}

export interface ConsumeOptions {
  readonly group: string;
  readonly topics: readonly string[];
  /** Milliseconds without a heartbeat after which a member is taken for dead. */
  readonly sessionTimeoutMs: number;
  /** A new generation of the group has begun with these partitions. */
  onAssigned(partitions: readonly TopicPartition[]): void;
  /** The partitions are about to be given up: resolves when everything taken is committed. */
  onRevoked(): Promise<void>;
  /** Resolves to true when the batch was taken over; the position moves behind it then. */
  onBatch(batch: KafkaBatch): Promise<boolean>;
  /** The consumer has ended by itself. */
  onCrash(error: Error): void;
}

export interface Consumption {
  /** Joins the group; resolves when it has. */
  run(): Promise<void>;
  /** The next fetch of the partition begins here. */
  seek(at: TopicPartition, offset: number): void;
  /** Fetches no more of the partition until it is resumed. */
  pause(at: TopicPartition): void;
  resume(at: TopicPartition): void;
  /** Commits `next` as the group's offset under the current generation, with a note that is kept beside it. */
  commit(at: TopicPartition, next: number, note: string): Promise<void>;
  /** Leaves the group. */
  stop(): Promise<void>;
}

/** A transactional producer: its id belongs to whoever opened it last, everybody before is fenced. */
export interface TransactionalProducer {
  /** Messages of the transaction that the next commit ends; read_committed readers see them after it. */
  send(messages: readonly OutgoingMessage[]): Promise<void>;
  /**
   * One transaction: what was sent since the last one, the messages, and `next` with its note as the group's offset of
   * `source`. When it rejects, whether it was committed is not known: open the id again and read the offset.
   */
  commit(
    messages: readonly OutgoingMessage[],
    group: string,
    source: TopicPartition,
    next: number,
    note: string,
  ): Promise<void>;
  /** What was sent and not committed is dropped. */
  close(): Promise<void>;
}

export interface Producer {
  /** Resolves when every replica in sync has the messages. */
  send(messages: readonly OutgoingMessage[]): Promise<void>;
  close(): Promise<void>;
}

/** A group's offset, and what it was committed with. */
export interface CommittedOffset {
  readonly offset: number;
  /** Empty when there is none. */
  readonly note: string;
}

/** Where a partition begins and ends. */
export interface PartitionEnds extends TopicPartition {
  readonly low: number;
  readonly high: number;
}

export interface KafkaDriver {
  /** Topics of the list that the cluster does not have. */
  missingTopics(topics: readonly string[]): Promise<readonly string[]>;
  partitionEnds(topic: string): Promise<readonly PartitionEnds[]>;
  /** Offset of the first message not older than `seconds` (Unix time), or the end of the partition. */
  offsetAt(at: TopicPartition, seconds: number): Promise<number>;
  /** The group's committed offset; null = none. */
  committed(group: string, at: TopicPartition): Promise<CommittedOffset | null>;
  /** A member that has not joined yet. */
  consume(options: ConsumeOptions): Promise<Consumption>;
  /**
   * Reads all partitions of a topic from their beginning, and then what comes. What `onMessages` is given of a
   * partition is in offset order; the next of it comes when that has resolved.
   */
  follow(
    topic: string,
    onMessages: (partition: number, messages: readonly KeyedMessage[]) => Promise<void>,
  ): Promise<Following>;
  /** Fences every earlier holder of `id`, and completes or aborts what it left behind, before it resolves. */
  openTransactional(id: string): Promise<TransactionalProducer>;
  openProducer(): Promise<Producer>;
  close(): Promise<void>;
}
