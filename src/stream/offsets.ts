import type { CommittedOffset, KafkaDriver, OutgoingMessage, Producer, TopicPartition } from '../kafka/driver.ts';
import { deadLetters } from './dead-letters.ts';
import type { LaneTask } from './stream-sink.ts';

/** The group's offsets and dead letters where they are no part of a transaction. */
export interface CommitOffset {
  committed(at: TopicPartition): Promise<CommittedOffset | null>;
  /** Under the current generation of the group: a former owner's commit is refused. */
  commit(at: TopicPartition, next: number, note: string): Promise<void>;
  /** Sends the dead letters of a task. */
  letters(at: TopicPartition, task: LaneTask): Promise<void>;
  /** Sends messages of any kind. */
  send(messages: readonly OutgoingMessage[]): Promise<void>;
  close(): Promise<void>;
}

/** `commit`: of the consumer that is running now. */
export function plainOffsets(
  driver: KafkaDriver,
  group: string,
  deadLetterTopic: string | null,
  commit: CommitOffset['commit'],
): CommitOffset {
  let producer: Promise<Producer> | undefined;
  const send = async (messages: readonly OutgoingMessage[]): Promise<void> => {
    if (messages.length === 0) return;
    producer ??= driver.openProducer();
    try {
      await (await producer).send(messages);
    } catch (error) {
      producer = undefined;
      throw error;
    }
  };
  return {
    send,
    committed: (at) => driver.committed(group, at),
    commit,
    async letters(at, task) {
      if (deadLetterTopic !== null) await send(deadLetters(deadLetterTopic, at, task));
    },
    close: async () => (await producer)?.close(),
  };
}
