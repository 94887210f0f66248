import { closeSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { FlowWord, portsHash, TWIN_STRETCH } from '../pods/twin-flow.ts';
import { packFlow, SPILLED_WORDS, unpackFlow } from '../pods/twin-record.ts';
import { TWIN_ADDRESSES_MAX, type TwinAnswer, type TwinTable } from '../pods/twins.ts';
import { cannotWrite } from '../sink/destination.ts';

/**
 * The twin table when it does not fit into memory. The first pass writes a file per task: records that may be twins,
 * and the questions that the second pass will ask, in blocks of one partition each. What may answer a question is in
 * the same partition (portsHash), so one partition after the other is loaded and its questions are answered; the second
 * pass reads the answers in the order in which the first one asked.
 */

/** Partitions: each is loaded at once, in more than one go when it is too large. */
export const PARTITIONS = 64;

/** Records or questions of a block. */
const BLOCK_RECORDS = 512;
const BLOCK_WORDS: number = BLOCK_RECORDS * SPILLED_WORDS;

/** Words of an answer: number of addresses | roles << 8, then the addresses. */
const ANSWER_WORDS: number = 1 + TWIN_ADDRESSES_MAX;

/**
 * Words of a block's line in the directory: partition, 1 = questions, place in the file in bytes, records, questions
 * before it.
 */
const DIRECTORY_WORDS = 5;

interface SpilledBlock {
  readonly partition: number;
  readonly questions: boolean;
  /** Byte offset in the spill file. */
  readonly offset: number;
  readonly records: number;
  /** Questions of the task in earlier blocks: where its answers stand. */
  readonly asked: number;
}

const recordsFile = (folder: string, seq: number): string => join(folder, `twins-${seq}`);
const directoryFile = (folder: string, seq: number): string => join(folder, `twins-${seq}.blocks`);
const answersFile = (folder: string, seq: number): string => join(folder, `answers-${seq}`);

function partitionOf(flows: Uint32Array, at: number): number {
  const [port, otherPort] = [flows[at + FlowWord.localPort]!, flows[at + FlowWord.remotePort]!];
  return portsHash(flows[at + FlowWord.protocol]!, port, otherPort) % PARTITIONS;
}

/** Why the system did not write to that file or folder, as a message; any other error is thrown on. */
export function writeFailure(path: string, error: unknown): string {
  if (!(error instanceof Error && 'syscall' in error)) throw error;
  return cannotWrite(path, error).message;
}

/**
 * Writes what one task of the first pass has to say and to ask. Nothing is written any more after a write that failed.
 */
export class SpillWriter {
  /** Why it is not whole: a full disk, say. An error would not come through from a worker as what it is. */
  failure: string | null = null;
  private fd = -1;
  private readonly folder: string;
  private readonly seq: number;
  private readonly directory: number[] = [];
  /** Blocks being filled: PARTITIONS of records, then PARTITIONS of questions; made when first used. */
  private readonly blocks: (Uint32Array | undefined)[] = [];
  private readonly filled = new Uint32Array(2 * PARTITIONS);
  private offset = 0;
  private asked = 0;

  constructor(folder: string, seq: number) {
    this.folder = folder;
    this.seq = seq;
    this.attempt(recordsFile(folder, seq), (path) => {
      this.fd = openSync(path, 'w');
    });
  }

  private attempt(path: string, work: (path: string) => void): void {
    if (this.failure !== null) return;
    try {
      work(path);
    } catch (error) {
      this.failure = writeFailure(path, error);
    }
  }

  /** Adds the record at word `at` of `flows`. */
  record(flows: Uint32Array, at: number): void {
    this.put(partitionOf(flows, at), flows, at, 0);
  }

  /** Adds the question at word `at` of `flows`, asked of inventory version `version`. */
  question(flows: Uint32Array, at: number, version: number): void {
    this.put(PARTITIONS + partitionOf(flows, at), flows, at, version);
  }

  private put(b: number, flows: Uint32Array, from: number, version: number): void {
    this.blocks[b] ??= new Uint32Array(BLOCK_WORDS);
    const block = this.blocks[b];
    const at = this.filled[b]!;
    packFlow(flows, from, version, block, at * SPILLED_WORDS);
    this.filled[b] = at + 1;
    if (at + 1 === BLOCK_RECORDS) this.flush(b);
  }

  private flush(b: number): void {
    const records = this.filled[b]!;
    const block = this.blocks[b];
    if (records === 0 || block === undefined) return;
    const isQuestions = b >= PARTITIONS;
    this.directory.push(b % PARTITIONS, isQuestions ? 1 : 0, this.offset, records, this.asked);
    const bytes = new Uint8Array(block.buffer, 0, records * SPILLED_WORDS * 4);
    this.attempt(recordsFile(this.folder, this.seq), () => writeWhole(this.fd, bytes, this.offset));
    this.offset += bytes.length;
    if (isQuestions) this.asked += records;
    this.filled[b] = 0;
  }

  close(): void {
    for (let b = 0; b < 2 * PARTITIONS; b++) this.flush(b);
    if (this.fd >= 0) closeSync(this.fd);
    this.attempt(directoryFile(this.folder, this.seq), (path) =>
      writeFileSync(path, Float64Array.from(this.directory)),
    );
  }
}

function readDirectory(folder: string, seq: number): SpilledBlock[] {
  const bytes = readFileSync(directoryFile(folder, seq));
  const words = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  return Array.from({ length: words.length / DIRECTORY_WORDS }, (_, i) => {
    const [partition = 0, questions = 0, offset = 0, records = 0, asked = 0] = words.subarray(i * DIRECTORY_WORDS);
    return { partition, questions: questions === 1, offset, records, asked };
  });
}

function writeWhole(fd: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, position + at);
}

function readWhole(fd: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) {
    const count = readSync(fd, bytes, at, bytes.length - at, position + at);
    if (count === 0) throw new Error(`spill file ends at byte ${position + at} of ${position + bytes.length}`);
    at += count;
  }
}

/** Where the questions of a partition are answered. */
export interface AnswerDesk {
  readonly table: TwinTable;
  /** Questions, FlowWord.count words each, TWIN_STRETCH at most. */
  readonly flows: Uint32Array;
  /** What is known of each: see TwinAnswer; TWIN_ADDRESSES_MAX words of addresses. */
  readonly roles: Uint8Array;
  readonly counts: Uint8Array;
  readonly addresses: Uint32Array;
  /** Forgets what the table holds. */
  clear(): void;
  /** Adds to what is known of the first `count` questions, all asked of one inventory version. */
  ask(version: number, count: number): void;
}

/**
 * Answers the questions of one partition of all tasks. Records are loaded until the table is full; then all questions
 * are asked, and once more with the next ones: what an answer gathers does not depend on the order.
 */
export function answerPartition(folder: string, tasks: number, partition: number, desk: AnswerDesk): void {
  let goes = 0;
  const answerAll = (): void => {
    for (let seq = 0; seq < tasks; seq++) answerTask(folder, seq, partition, desk, goes === 0);
    goes++;
  };
  desk.clear();
  let loaded = false;
  for (let seq = 0; seq < tasks; seq++) {
    eachFlow(folder, seq, partition, (flows, count) => {
      let added = desk.table.add(flows, count);
      loaded = true;
      while (added < count) {
        answerAll();
        desk.clear();
        added += desk.table.add(flows.subarray(added * FlowWord.count), count - added);
      }
    });
  }
  if (loaded || goes === 0) answerAll();
}

/** Hands over the records that a task has in a partition, up to TWIN_STRETCH at a time. */
function eachFlow(
  folder: string,
  seq: number,
  partition: number,
  take: (flows: Uint32Array, count: number) => void,
): void {
  const block = new Uint32Array(BLOCK_WORDS);
  const flows = new Uint32Array(TWIN_STRETCH * FlowWord.count);
  const fd = openSync(recordsFile(folder, seq), 'r');
  try {
    for (const { offset, records } of blocksOf(folder, seq, partition, false)) {
      readWhole(fd, new Uint8Array(block.buffer, 0, records * SPILLED_WORDS * 4), offset);
      for (let from = 0; from < records; from += TWIN_STRETCH) {
        const count = Math.min(TWIN_STRETCH, records - from);
        for (let k = 0; k < count; k++) unpackFlow(block, (from + k) * SPILLED_WORDS, flows, k * FlowWord.count);
        take(flows, count);
      }
    }
  } finally {
    closeSync(fd);
  }
}

function blocksOf(folder: string, seq: number, partition: number, questions: boolean): SpilledBlock[] {
  return readDirectory(folder, seq).filter((b) => b.partition === partition && b.questions === questions);
}

function answerTask(folder: string, seq: number, partition: number, desk: AnswerDesk, isFirst: boolean): void {
  const blocks = blocksOf(folder, seq, partition, true);
  if (blocks.length === 0) return;
  const questions = new Uint32Array(BLOCK_WORDS);
  const answers = new Uint32Array(BLOCK_RECORDS * ANSWER_WORDS);
  const from = openSync(recordsFile(folder, seq), 'r');
  const to = openSync(answersFile(folder, seq), 'a+');
  closeSync(to);
  const fd = openSync(answersFile(folder, seq), 'r+');
  try {
    for (const { offset, records, asked } of blocks) {
      readWhole(from, new Uint8Array(questions.buffer, 0, records * SPILLED_WORDS * 4), offset);
      const bytes = new Uint8Array(answers.buffer, 0, records * ANSWER_WORDS * 4);
      if (isFirst) bytes.fill(0);
      else readWhole(fd, bytes, asked * ANSWER_WORDS * 4);
      for (let r = 0; r < records; ) r = answerStretch(questions, answers, r, records, desk);
      writeWhole(fd, bytes, asked * ANSWER_WORDS * 4);
    }
  } finally {
    closeSync(from);
    closeSync(fd);
  }
}

/** Adds to the answers of questions from `from` on that ask the same version; returns the first it left out. */
function answerStretch(
  questions: Uint32Array,
  answers: Uint32Array,
  from: number,
  to: number,
  { flows, roles, counts, addresses, ask }: AnswerDesk,
): number {
  const version = unpackFlow(questions, from * SPILLED_WORDS, flows, 0);
  let count = 1;
  while (
    count < TWIN_STRETCH &&
    from + count < to &&
    unpackFlow(questions, (from + count) * SPILLED_WORDS, flows, count * FlowWord.count) === version
  ) {
    count++;
  }
  for (let k = 0; k < count; k++) {
    const at = (from + k) * ANSWER_WORDS;
    counts[k] = answers[at]! & 0xff;
    roles[k] = answers[at]! >>> 8;
    addresses.set(answers.subarray(at + 1, at + ANSWER_WORDS), k * TWIN_ADDRESSES_MAX);
  }
  ask(version, count);
  for (let k = 0; k < count; k++) {
    const at = (from + k) * ANSWER_WORDS;
    answers[at] = counts[k]! | (roles[k]! << 8);
    answers.set(addresses.subarray(k * TWIN_ADDRESSES_MAX, (k + 1) * TWIN_ADDRESSES_MAX), at + 1);
  }
  return from + count;
}

/** The answers to one task's questions, in the order of asking. */
export class SpilledAnswers {
  private readonly fd: number;
  private readonly blocks: readonly (readonly SpilledBlock[])[];
  /** Per partition: block in use, answers taken of it, its answers. */
  private readonly at = new Int32Array(PARTITIONS).fill(-1);
  private readonly taken = new Uint32Array(PARTITIONS);
  private readonly loaded: (Uint32Array | undefined)[] = [];
  private readonly answer: TwinAnswer = { addresses: new Uint32Array(TWIN_ADDRESSES_MAX), count: 0, roles: 0 };

  constructor(folder: string, seq: number) {
    const questions = readDirectory(folder, seq).filter((block) => block.questions);
    this.blocks = Array.from({ length: PARTITIONS }, (_, p) => questions.filter((block) => block.partition === p));
    this.fd = questions.length === 0 ? -1 : openSync(answersFile(folder, seq), 'r');
  }

  /** True when more was asked than the first pass had noted: the input changed in between. */
  outOfStep = false;

  /** The answer to the next question, which is at word `at` of `flows`; the next call overwrites it. */
  next(flows: Uint32Array, at: number): TwinAnswer {
    const { answer } = this;
    const p = partitionOf(flows, at);
    const blocks = this.blocks[p]!;
    if (this.taken[p] === (blocks[this.at[p]!]?.records ?? 0)) {
      const block = blocks[++this.at[p]!];
      if (block === undefined) {
        this.outOfStep = true;
        this.at[p] = blocks.length;
        answer.count = 0;
        answer.roles = 0;
        return answer;
      }
      this.taken[p] = 0;
      this.loaded[p] ??= new Uint32Array(BLOCK_RECORDS * ANSWER_WORDS);
      const bytes = new Uint8Array(this.loaded[p].buffer, 0, block.records * ANSWER_WORDS * 4);
      readWhole(this.fd, bytes, block.asked * ANSWER_WORDS * 4);
    }
    const from = this.taken[p]! * ANSWER_WORDS;
    const answers = this.loaded[p]!;
    answer.count = answers[from]! & 0xff;
    answer.roles = answers[from]! >>> 8;
    answer.addresses.set(answers.subarray(from + 1, from + ANSWER_WORDS));
    this.taken[p]!++;
    return answer;
  }

  close(): void {
    if (this.fd >= 0) closeSync(this.fd);
  }
}
