import type { KafkaDriver, Producer, TopicPartition } from '../kafka/driver.ts';
import { deadLetters } from './dead-letters.ts';
import type { LaneTask } from './stream-sink.ts';

/** The group's offsets and dead letters where they are no part of a transaction. */
export interface CommitOffset {
  committed(at: TopicPartition): Promise<number | null>;
  /** The note beside it; '' = none. */
  note(at: TopicPartition): Promise<string>;
  /** Under the current generation of the group: a former owner's commit is refused. */
  commit(at: TopicPartition, next: number, note?: string): Promise<void>;
  /** Sends the dead letters of a task. */
  letters(at: TopicPartition, task: LaneTask): Promise<void>;
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
  return {
    committed: (at) => driver.committed(group, at),
    note: (at) => driver.committedNote(group, at),
    commit,
    async letters(at, task) {
      if (deadLetterTopic === null) return;
      const messages = deadLetters(deadLetterTopic, at, task);
      if (messages.length === 0) return;
      producer ??= driver.openProducer();
      try {
        await (await producer).send(messages);
      } catch (error) {
        producer = undefined;
        throw error;
      }
    },
    close: async () => (await producer)?.close(),
  };
}
