import type { PartBytes } from '../engine/part.ts';
import type { OutgoingMessage, TopicPartition } from '../kafka/driver.ts';
import type { Malformed } from '../model/ledger.ts';
import type { MessageChunk } from './message-chunks.ts';
import type { LaneTask } from './stream-sink.ts';

/** Line numbers that a dead letter names; its text has all of the lines. */
const LINES_NAMED_MAX = 100;

/** Reasons that concern a message as a whole. */
const UNREADABLE: ReadonlySet<Malformed> = new Set(['truncated', 'json', 'no-record', 'encoding']);

/** A malformed line as the worker writes it. */
interface MalformedLine {
  readonly value: number;
  readonly line: number;
  readonly reason: Malformed;
  readonly text: string;
}

/**
 * What goes to the dead-letter topic for a task: one message for every input message that has malformed lines. Its
 * value is those lines, or the whole input message where that could not be read to its end; headers say from where
 * and why.
 */
export function deadLetters(topic: string, source: TopicPartition, task: LaneTask): OutgoingMessage[] {
  const byMessage = new Map<number, MalformedLine[]>();
  for (const line of malformedLines(task.result.quarantineMemory)) {
    const list = byMessage.get(line.value);
    if (list === undefined) byMessage.set(line.value, [line]);
    else list.push(line);
  }
  return [...byMessage].map(([value, lines]) => ({
    topic,
    partition: null,
    key: `${source.topic}/${source.partition}/${task.chunk.offsets[value]}`,
    value: letterValue(task.chunk, value, lines),
    headers: {
      'flowtrie.topic': source.topic,
      'flowtrie.partition': String(source.partition),
      'flowtrie.offset': String(task.chunk.offsets[value]),
      'flowtrie.reason': [...new Set(lines.map(({ reason }) => reason))].join(','),
      'flowtrie.lines': lines
        .slice(0, LINES_NAMED_MAX)
        .map(({ line }) => line)
        .join(','),
      'flowtrie.malformed': String(lines.length),
    },
  }));
}

function malformedLines(part: PartBytes | null): MalformedLine[] {
  if (part === null || part.bytes.byteLength === 0) return [];
  const text = Buffer.from(new Uint8Array(part.bytes)).toString('utf8');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as MalformedLine);
}

function letterValue({ values }: MessageChunk, value: number, lines: readonly MalformedLine[]): Uint8Array {
  if (!lines.some(({ reason }) => UNREADABLE.has(reason))) return Buffer.from(lines.map(({ text }) => text).join('\n'));
  const from = value === 0 ? 0 : values.ends[value - 1];
  return new Uint8Array(values.bytes).slice(from, values.ends[value]);
}
