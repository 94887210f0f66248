import type { OutgoingMessage, TopicPartition } from '../kafka/driver.ts';
import type { Malformed } from '../model/ledger.ts';
import type { Part } from '../sink/part.ts';
import type { MessageChunk } from './message-chunks.ts';
import type { LaneTask, ObjectPiece } from './stream-sink.ts';

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
  if (task.object !== null) return objectLetters(topic, source, task, task.object);
  const byMessage = new Map<number, MalformedLine[]>();
  for (const line of malformedLines(task.result.quarantine)) {
    const list = byMessage.get(line.value);
    if (list === undefined) byMessage.set(line.value, [line]);
    else list.push(line);
  }
  return [...byMessage].map(([value, lines]) => ({
    ...frame(topic, source, task, value),
    value: letterValue(task.chunk, value, lines),
    headers: { ...originOf(source, task, value), ...reasonsOf(lines, 0) },
  }));
}

/**
 * The lines of a task on an object that are malformed, in one message; and another one, whose value is the notification
 * itself, for an object that could not be read to its end.
 */
function objectLetters(topic: string, source: TopicPartition, task: LaneTask, object: ObjectPiece): OutgoingMessage[] {
  const trouble = object.end?.trouble ?? null;
  const origin = { ...originOf(source, task, 0), 'flowtrie.object': object.name };
  if (trouble !== null) {
    const headers = { ...origin, 'flowtrie.reason': `object-${trouble.end}`, 'flowtrie.error': trouble.message };
    return [{ ...frame(topic, source, task, 0), value: messageOf(task.chunk, 0), headers }];
  }
  const lines = malformedLines(task.result.quarantine);
  if (lines.length === 0) return [];
  const value = Buffer.from(lines.map(({ text }) => text).join('\n'));
  return [{ ...frame(topic, source, task, 0), value, headers: { ...origin, ...reasonsOf(lines, object.linesBefore) } }];
}

function frame(
  topic: string,
  source: TopicPartition,
  { chunk }: LaneTask,
  value: number,
): Pick<OutgoingMessage, 'topic' | 'partition' | 'key'> {
  return { topic, partition: null, key: `${source.topic}/${source.partition}/${chunk.offsets[value]}` };
}

function originOf(source: TopicPartition, { chunk }: LaneTask, value: number): Readonly<Record<string, string>> {
  return {
    'flowtrie.topic': source.topic,
    'flowtrie.partition': String(source.partition),
    'flowtrie.offset': String(chunk.offsets[value]),
  };
}

function reasonsOf(lines: readonly MalformedLine[], linesBefore: number): Readonly<Record<string, string>> {
  return {
    'flowtrie.reason': [...new Set(lines.map(({ reason }) => reason))].join(','),
    'flowtrie.lines': lines
      .slice(0, LINES_NAMED_MAX)
      .map(({ line }) => linesBefore + line)
      .join(','),
    'flowtrie.malformed': String(lines.length),
  };
}

function malformedLines(part: Part | null): MalformedLine[] {
  if (part === null || !('memory' in part)) return [];
  const text = Buffer.from(new Uint8Array(part.memory.bytes)).toString('utf8');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as MalformedLine);
}

function letterValue(chunk: MessageChunk, value: number, lines: readonly MalformedLine[]): Uint8Array {
  if (!lines.some(({ reason }) => UNREADABLE.has(reason))) return Buffer.from(lines.map(({ text }) => text).join('\n'));
  return messageOf(chunk, value);
}

/** An input message, as it came but for a newline at its end. */
function messageOf({ values }: MessageChunk, value: number): Uint8Array {
  const from = value === 0 ? 0 : values.ends[value - 1];
  return new Uint8Array(values.bytes).slice(from, values.ends[value]);
}
