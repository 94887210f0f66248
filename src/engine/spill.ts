import { closeSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { FlowWord, portsHash } from '../pods/twin-flow.ts';
import { packFlow, SPILLED_WORDS, unpackFlow } from '../pods/twin-record.ts';
import { joinAnswers, TWIN_ADDRESSES_MAX, type TwinAnswer, type TwinTable } from '../pods/twins.ts';

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

function partitionOf(flow: Uint32Array): number {
  return portsHash(flow[FlowWord.protocol]!, flow[FlowWord.localPort]!, flow[FlowWord.remotePort]!) % PARTITIONS;
}

/** Writes what one task of the first pass has to say and to ask. */
export class SpillWriter {
  private readonly fd: number;
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
    this.fd = openSync(recordsFile(folder, seq), 'w');
  }

  /** Adds the record in `flow`. */
  record(flow: Uint32Array): void {
    this.put(partitionOf(flow), flow, 0);
  }

  /** Adds the question in `flow`, asked of inventory version `version`. */
  question(flow: Uint32Array, version: number): void {
    this.put(PARTITIONS + partitionOf(flow), flow, version);
  }

  private put(b: number, flow: Uint32Array, version: number): void {
    this.blocks[b] ??= new Uint32Array(BLOCK_WORDS);
    const block = this.blocks[b];
    const at = this.filled[b]!;
    packFlow(flow, version, block, at * SPILLED_WORDS);
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
    writeWhole(this.fd, bytes, this.offset);
    this.offset += bytes.length;
    if (isQuestions) this.asked += records;
    this.filled[b] = 0;
  }

  close(): void {
    for (let b = 0; b < 2 * PARTITIONS; b++) this.flush(b);
    closeSync(this.fd);
    writeFileSync(directoryFile(this.folder, this.seq), Float64Array.from(this.directory));
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

/** Answers the question in `table.flow`, asked of an inventory version, into `table.answer`. */
export type Answerer = (version: number) => void;

/**
 * Answers the questions of one partition of all tasks. Records are loaded until the table is full; then all questions
 * are asked, and once more with the next ones: what an answer gathers does not depend on the order.
 */
export function answerPartition(
  folder: string,
  tasks: number,
  partition: number,
  table: TwinTable,
  clear: () => void,
  ask: Answerer,
): void {
  const block = new Uint32Array(BLOCK_WORDS);
  let loaded = false;
  let goes = 0;
  const answerAll = (): void => {
    for (let seq = 0; seq < tasks; seq++) answerTask(folder, seq, partition, table, ask, goes === 0);
    goes++;
  };
  clear();
  for (let seq = 0; seq < tasks; seq++) {
    const fd = openSync(recordsFile(folder, seq), 'r');
    for (const { offset, records } of readDirectory(folder, seq).filter(
      (b) => b.partition === partition && !b.questions,
    )) {
      readWhole(fd, new Uint8Array(block.buffer, 0, records * SPILLED_WORDS * 4), offset);
      for (let r = 0; r < records; r++) {
        unpackFlow(block, r * SPILLED_WORDS, table.flow);
        if (!table.add()) {
          answerAll();
          clear();
          unpackFlow(block, r * SPILLED_WORDS, table.flow);
          table.add();
        }
        loaded = true;
      }
    }
    closeSync(fd);
  }
  if (loaded || goes === 0) answerAll();
}

function answerTask(
  folder: string,
  seq: number,
  partition: number,
  table: TwinTable,
  ask: Answerer,
  isFirst: boolean,
): void {
  const blocks = readDirectory(folder, seq).filter((b) => b.partition === partition && b.questions);
  if (blocks.length === 0) return;
  const questions = new Uint32Array(BLOCK_WORDS);
  const answers = new Uint32Array(BLOCK_RECORDS * ANSWER_WORDS);
  const from = openSync(recordsFile(folder, seq), 'r');
  const to = openSync(answersFile(folder, seq), 'a+');
  closeSync(to);
  const fd = openSync(answersFile(folder, seq), 'r+');
  const before = { addresses: new Uint32Array(TWIN_ADDRESSES_MAX), count: 0, roles: 0 };
  for (const { offset, records, asked } of blocks) {
    readWhole(from, new Uint8Array(questions.buffer, 0, records * SPILLED_WORDS * 4), offset);
    const bytes = new Uint8Array(answers.buffer, 0, records * ANSWER_WORDS * 4);
    if (!isFirst) readWhole(fd, bytes, asked * ANSWER_WORDS * 4);
    for (let r = 0; r < records; r++) {
      const version = unpackFlow(questions, r * SPILLED_WORDS, table.flow);
      ask(version);
      if (!isFirst) {
        unpackAnswer(answers, r * ANSWER_WORDS, before);
        joinAnswers(table.answer, before);
      }
      packAnswer(table.answer, answers, r * ANSWER_WORDS);
    }
    writeWhole(fd, bytes, asked * ANSWER_WORDS * 4);
  }
  closeSync(from);
  closeSync(fd);
}

function packAnswer(answer: TwinAnswer, out: Uint32Array, at: number): void {
  out[at] = answer.count | (answer.roles << 8);
  out.set(answer.addresses, at + 1);
}

function unpackAnswer(packed: Uint32Array, at: number, answer: TwinAnswer): void {
  answer.count = packed[at]! & 0xff;
  answer.roles = packed[at]! >>> 8;
  for (let a = 0; a < TWIN_ADDRESSES_MAX; a++) answer.addresses[a] = packed[at + 1 + a]!;
}

/** The answers to one task's questions, in the order of asking. */
export class SpilledAnswers {
  private readonly fd: number;
  private readonly blocks: readonly (readonly SpilledBlock[])[];
  /** Per partition: block in use, answers taken of it, its answers. */
  private readonly at = new Int32Array(PARTITIONS).fill(-1);
  private readonly taken = new Uint32Array(PARTITIONS);
  private readonly loaded: (Uint32Array | undefined)[] = [];

  constructor(folder: string, seq: number) {
    const questions = readDirectory(folder, seq).filter((block) => block.questions);
    this.blocks = Array.from({ length: PARTITIONS }, (_, p) => questions.filter((block) => block.partition === p));
    this.fd = questions.length === 0 ? -1 : openSync(answersFile(folder, seq), 'r');
  }

  /** True when more was asked than the first pass had noted: the input changed in between. */
  outOfStep = false;

  /** The answer to the next question, which is in `flow`. */
  next(flow: Uint32Array, answer: TwinAnswer): void {
    const p = partitionOf(flow);
    const blocks = this.blocks[p]!;
    if (this.taken[p] === (blocks[this.at[p]!]?.records ?? 0)) {
      const block = blocks[++this.at[p]!];
      if (block === undefined) {
        this.outOfStep = true;
        this.at[p] = blocks.length;
        answer.count = 0;
        answer.roles = 0;
        return;
      }
      this.taken[p] = 0;
      this.loaded[p] ??= new Uint32Array(BLOCK_RECORDS * ANSWER_WORDS);
      const bytes = new Uint8Array(this.loaded[p].buffer, 0, block.records * ANSWER_WORDS * 4);
      readWhole(this.fd, bytes, block.asked * ANSWER_WORDS * 4);
    }
    unpackAnswer(this.loaded[p]!, this.taken[p]! * ANSWER_WORDS, answer);
    this.taken[p]!++;
  }

  close(): void {
    if (this.fd >= 0) closeSync(this.fd);
  }
}
