import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT, type Format, formatOf, headingOf, parseHeader } from '../decode/format.ts';
import { FlowtrieError } from '../model/errors.ts';
import { type Opening, openingOf } from '../source/content.ts';
import { DEFLATED_BYTES } from '../source/inflater.ts';
import { type InputFile, listInputs, spooledFile } from '../source/inputs.ts';
import { InterruptibleBytes } from '../source/interruptible.ts';
import type { Span } from '../source/s3/key-time.ts';
import { PeekedBytes } from '../source/spool.ts';
import { type StreamChunk, streamChunks } from '../source/stdin.ts';
import { flowLogsOf } from './dedupe.ts';
import type { Failures } from './failures.ts';
import type { Planned } from './in-order.ts';
import type { AnalyzeTask, TaskSource } from './task.ts';

/** Byte range of a plain file that is one task. A task this long keeps the pool's cost per task below 1 %. */
const RANGE_BYTES = 16 * 1024 * 1024;

/** Text bytes of a task cut from a compressed file. */
const CHUNK_BYTES = 8 * 1024 * 1024;

/** A compressed file smaller than this is one task: it is done before several workers have begun. */
const LARGE_BYTES = 4 * 1024 * 1024;

/** The inputs of a run with the format each begins with. */
export interface OpenedInputs {
  readonly files: readonly InputFile[];
  readonly formats: readonly Format[];
  /** Fields of each input's first records: those of its format, or of a JSON object's names. */
  readonly first: readonly Format[];
  /** Chunks of stdin, when it is one of the files and was not spooled. */
  readonly stream: AsyncGenerator<StreamChunk> | null;
  /** True when records are to be paired. */
  readonly paired: boolean;
  /** True when stdin was left before its end. */
  readonly interrupted: boolean;
  /** Removes what was spooled. */
  close(): void;
}

/**
 * Finds the inputs and looks at how each begins. `pair` undefined: records are paired where some input lacks the
 * packets' own addresses. Two passes need stdin twice: it is spooled to a temporary file then. When `signal` is raised
 * stdin ends with what was read.
 */
export async function openInputs(
  inputs: readonly string[],
  logFormat: Format | null,
  pair: boolean | undefined,
  span: Span,
  signal?: AbortSignal,
): Promise<OpenedInputs> {
  const listed = await listInputs(inputs, span);
  const peeked = listed.some((file) => file.kind === 'stdin') ? await peekStream(signal) : null;
  const problem = peeked?.problem ?? null;
  const files = problem === null ? listed : listed.map((file) => (file.kind === 'stdin' ? { ...file, problem } : file));
  const openings = files.map((file) => (file.kind === 'stdin' ? peeked?.opening : undefined) ?? file.opening);
  const formats = openings.map((opening) => parseHeader(opening.firstLine) ?? logFormat ?? DEFAULT);
  const first = openings.flatMap(({ names }, i) => {
    if (files[i]?.problem !== null) return [];
    return [names === null ? (formats[i] ?? DEFAULT) : formatOf(names)];
  });
  const paired = pair ?? first.some(hidesPods);
  const opened = { files, formats, first, stream: null, paired, interrupted: false, close: () => {} };
  if (peeked === null || problem !== null) return opened;
  const { bytes, chunks } = peeked;
  if (!paired) {
    bytes.forget();
    return {
      ...opened,
      stream: chunks,
      get interrupted() {
        return bytes.interrupted;
      },
    };
  }
  const folder = mkdtempSync(join(tmpdir(), 'flowtrie-stdin-'));
  const close = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const path = join(folder, 'stdin');
    await bytes.spool(path);
    const spooled = await Promise.all(files.map((file) => (file.kind === 'stdin' ? spooledFile(path) : file)));
    return { ...opened, files: spooled, interrupted: bytes.interrupted, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** True when the records show an interface's primary address in place of the packet's own. */
export function hidesPods(format: Format): boolean {
  return !format.tgw && !(format.names.includes('pkt-srcaddr') && format.names.includes('pkt-dstaddr'));
}

interface PeekedStream {
  readonly bytes: PeekedBytes;
  readonly opening: Opening;
  readonly chunks: AsyncGenerator<StreamChunk>;
  /** Why nothing of it can be read. */
  readonly problem: string | null;
}

/** Reads the first chunk of stdin: its header, if it has one, decides the columns. */
async function peekStream(signal: AbortSignal | undefined): Promise<PeekedStream> {
  const bytes = new PeekedBytes(new InterruptibleBytes(process.stdin, signal), 'stdin');
  const chunks = streamChunks(bytes, 'stdin');
  try {
    const first = await chunks.next();
    const rest = async function* (): AsyncGenerator<StreamChunk> {
      if (first.done !== true) yield first.value;
      yield* chunks;
    };
    return { bytes, opening: openingOfChunk(first.value), chunks: rest(), problem: null };
  } catch (error) {
    if (!(error instanceof FlowtrieError)) throw error;
    // who writes to it need not wait
    process.stdin.destroy();
    return { bytes, opening: openingOfChunk(undefined), chunks, problem: error.message };
  }
}

function openingOfChunk(chunk: StreamChunk | undefined): Opening {
  if (chunk?.kind === 'records') return { content: 'json', firstLine: '', names: chunk.block.names };
  return openingOf(chunk?.kind === 'lines' ? new Uint8Array(chunk.bytes, 0, chunk.length) : new Uint8Array(0));
}

/**
 * The tasks of a run, in input order; the same on every call unless there is a stream. `known`: fields in force at the
 * start of tasks that a pass before found out, by task number.
 */
export async function* planTasks(
  { files, formats, stream }: OpenedInputs,
  spilled: boolean,
  failures: Failures,
  known: ReadonlyMap<number, AnalyzeTask['fields']> = new Map(),
): AsyncGenerator<Planned> {
  let seq = 0;
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const flowLogs = flowLogsOf(files.map(({ name }) => name));
  for (const [file, input] of files.entries()) {
    const flowLog = flowLogs[file] ?? 0;
    const planned = (source: AnalyzeTask['source']): Planned => {
      const fields = known.get(seq) ?? headingOf(formats[file] ?? DEFAULT);
      return { task: { seq: seq++, name: input.name, flowLog, source, fields, spilled, generation: null }, file };
    };
    const cutOff = (message: string): void => failures.add(message, file);
    const { content } = input.opening;
    if (input.problem !== null) {
      failures.add(input.problem, file);
    } else if (input.object !== null && input.kind !== 'parquet') {
      yield planned({ kind: 'object', object: input.object });
    } else if (isMost(input, bytes)) {
      const reads = new CountedReads(input.path);
      for await (const source of chunkTasks(streamChunks(reads, input.name, CHUNK_BYTES), reads, cutOff)) {
        yield planned(source);
      }
    } else if (input.kind === 'gzip' || input.kind === 'zstd') {
      yield planned({ kind: 'file', path: input.path, compression: input.kind, content, start: 0, end: input.size });
    } else if (input.kind === 'parquet') {
      for (const [first, last] of groupRuns(input.groups)) {
        yield planned({ kind: 'parquet', path: input.path, object: input.object, first, last });
      }
    } else if (input.kind === 'plain') {
      const step = content === 'lines' ? RANGE_BYTES : Math.max(input.size, 1);
      for (let start = 0; start < input.size; start += step) {
        const end = Math.min(start + step, input.size);
        yield planned({ kind: 'file', path: input.path, compression: null, content, start, end });
      }
    } else if (stream !== null) {
      for await (const source of chunkTasks(stream, null, cutOff)) yield planned(source);
    }
  }
}

/**
 * True for the one compressed file that holds most of the input's bytes. It is inflated here, while workers decode and
 * judge what comes out: one worker would have to do all of it. Does not depend on the number of workers, as no output
 * does.
 */
function isMost(input: InputFile, bytes: number): boolean {
  const isText = (input.kind === 'gzip' || input.kind === 'zstd') && input.opening.content === 'lines';
  return isText && input.size >= LARGE_BYTES && bytes < 2 * input.size;
}

/** Reads a file and counts what was read since the last question. */
class CountedReads implements AsyncIterable<Uint8Array> {
  private readonly path: string;
  private read = 0;

  constructor(path: string) {
    this.path = path;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const bytes of createReadStream(this.path, { highWaterMark: DEFLATED_BYTES })) {
      this.read += bytes.length;
      yield bytes;
    }
  }

  take(): number {
    const { read } = this;
    this.read = 0;
    return read;
  }
}

/** A task for each chunk; `reads` null = the stream is its text. `cutOff` is told why a stream ends early. */
async function* chunkTasks(
  chunks: AsyncIterable<StreamChunk>,
  reads: CountedReads | null,
  cutOff: (message: string) => void,
): AsyncGenerator<TaskSource> {
  try {
    for await (const chunk of chunks) {
      if (chunk.kind === 'broken') yield chunk.slice;
      else if (chunk.kind === 'records') yield chunk;
      else yield { kind: 'chunk', bytes: chunk.bytes, length: chunk.length, read: reads?.take() ?? chunk.length };
    }
  } catch (error) {
    if (!(error instanceof FlowtrieError)) throw error;
    cutOff(error.message);
  }
}

/** Rows of row groups that are one task: a file of small groups is no flood of tasks. */
const GROUP_RUN_ROWS = 128 * 1024;

/** Runs [first, last) of neighbouring row groups. */
function* groupRuns(groups: InputFile['groups']): Generator<readonly [number, number]> {
  let first = 0;
  let rows = 0;
  for (const [i, group] of groups.entries()) {
    rows += group.rows;
    if (rows < GROUP_RUN_ROWS && i < groups.length - 1) continue;
    yield [first, i + 1];
    first = i + 1;
    rows = 0;
  }
}
