import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { ALLOWED_FLOWS, type Flow, kubelet, type Patterns, planPatterns } from './allowed-flows.ts';
import type { Block } from './block.ts';
import { putRange } from './bytes.ts';
import { DENIED_FLOWS, scan } from './denied-flows.ts';
import { madeFile } from './earlier-result.ts';
import type { LogOptions } from './options.ts';
import { ACCOUNT, REGION } from './plan.ts';
import { drawRank, element, Random } from './random.ts';
import { LINE_BYTES_MAX } from './record.ts';
import { Sessions } from './sessions.ts';
import { Traffic, WINDOW_SECONDS } from './traffic.ts';
import { TRUTH_BYTES_MAX, TruthRows } from './truth.ts';
import type { World } from './world.ts';

/** What was written. */
export interface LogSummary {
  readonly files: number;
  /** Data lines. */
  readonly lines: number;
  /** Lines whose record the rules deny. */
  readonly denied: number;
  readonly drifts: number;
  /** NODATA and SKIPDATA lines. */
  readonly silent: number;
}

/** Bytes handed to a file at a time. */
const PIECE_BYTES = 1024 * 1024;
/** Lines one flow can have: NAT and load balancer flows meet interfaces twice. */
const FLOW_LINES_MAX = 8;
const BUCKET_SECONDS = 300;
/** Part of a window's lines that long-lived connections may take. */
const SESSION_SHARE = 0.3;
/** Fast, and within a few per cent of the size of zlib's default on such text. */
const GZIP_LEVEL = 3;

/**
 * Writes `DIR/logs/`: files as a flow log delivers them to S3, mixed interfaces, a header line each; with
 * `options.truth` also `DIR/truth.csv`, one row a data line in file order. Memory does not grow with the records.
 * `onLines` hears how many data lines are written.
 */
export async function writeLogs(
  world: World,
  dir: string,
  options: LogOptions,
  onLines: (lines: number) => void = () => {},
): Promise<LogSummary> {
  await mkdir(join(dir, 'logs'), { recursive: true });
  const traffic = new Traffic(world, options);
  const sessions = new Sessions();
  const mill = {
    traffic,
    sessions,
    patterns: planPatterns(traffic, sessions),
    order: new Random(world.options.seed, 4),
  };
  const truth = options.truth ? new TruthFile(world, dir) : null;
  const names = fileNames(world, options);
  const perFile = options.records / options.files;
  for (const [f, name] of names.entries()) {
    const quota = Math.floor((f + 1) * perFile) - Math.floor(f * perFile);
    const out = new Pieces(openFile(madeFile(dir, `logs/${name}`), options.gzip), LINE_BYTES_MAX);
    await out.text(traffic.format.header());
    truth?.begin(name);
    for await (const block of blocks(mill, windowsOf(world, options, f), quota)) {
      await writeBlock(block, out, truth);
      onLines(traffic.lines);
    }
    await out.end();
  }
  await truth?.end();
  return {
    files: names.length,
    lines: traffic.lines,
    denied: traffic.denied,
    drifts: traffic.drifts,
    silent: traffic.silent,
  };
}

interface Mill {
  readonly traffic: Traffic;
  readonly sessions: Sessions;
  readonly patterns: Patterns;
  readonly order: Random;
}

/** Start seconds of the aggregation windows of file `f`; with more files than windows several share one. */
function windowsOf(world: World, { files }: LogOptions, f: number): number[] {
  const count = Math.max(1, Math.floor((world.endSeconds - world.startSeconds) / WINDOW_SECONDS));
  const first = Math.floor((f * count) / files);
  const last = Math.max(first + 1, Math.floor(((f + 1) * count) / files));
  return Array.from({ length: last - first }, (_, i) => world.startSeconds + (first + i) * WINDOW_SECONDS);
}

/** AWS's names; the hash of a file begins with its number in its bucket, so that names sort in the order of writing. */
function fileNames(world: World, options: LogOptions): string[] {
  const random = new Random(world.options.seed, 5);
  const inBucket = new Map<number, number>();
  return Array.from({ length: options.files }, (_, f) => {
    const [first = world.startSeconds] = windowsOf(world, options, f);
    const bucket = first - (first % BUCKET_SECONDS);
    const number = inBucket.get(bucket) ?? 0;
    inBucket.set(bucket, number + 1);
    const time = new Date(bucket * 1000).toISOString().slice(0, 16).replaceAll(/[-:]/g, '');
    const hash = number.toString(16).padStart(4, '0') + random.hex(4);
    return `${ACCOUNT}_vpcflowlogs_${REGION}_${world.ids.flowLog}_${time}Z_${hash}.log${options.gzip ? '.gz' : ''}`;
  });
}

/** Lines of one file, block by block; the block is filled again after each turn. */
async function* blocks(mill: Mill, windows: readonly number[], quota: number): AsyncGenerator<Block> {
  const { traffic, sessions, order } = mill;
  const { block } = traffic;
  for (const [w, windowStart] of windows.entries()) {
    const lines = Math.floor(((w + 1) * quota) / windows.length) - Math.floor((w * quota) / windows.length);
    traffic.open(windowStart, lines);
    sessions.sweep(windowStart);
    const before = traffic.lines;
    for (let session = 0; session < sessions.count && traffic.lines - before < lines * SESSION_SHARE; session++) {
      sessions.log(traffic, session);
      if (block.room < FLOW_LINES_MAX) yield* turn(block, order);
    }
    while (!traffic.isFull) {
      step(mill);
      if (block.room < FLOW_LINES_MAX) yield* turn(block, order);
    }
  }
  yield* turn(block, order);
}

function* turn(block: Block, order: Random): Iterable<Block> {
  block.shuffle(order);
  yield block;
  block.clear();
}

const tableOf = (flows: readonly (readonly [number, Flow])[]): Float64Array => {
  const total = flows.reduce((sum, [weight]) => sum + weight, 0);
  let sum = 0;
  return Float64Array.from(flows, ([weight]) => {
    sum += weight;
    return sum / total;
  });
};
const ALLOWED_TABLE = tableOf(ALLOWED_FLOWS);
const DENIED_TABLE = tableOf(DENIED_FLOWS);

/** Logs one more flow, or one silent line. */
function step({ traffic, patterns }: Mill): void {
  if (traffic.wantsSilence) traffic.keepSilent();
  const [flows, table, fallback] = traffic.wantsDenied
    ? ([DENIED_FLOWS, DENIED_TABLE, scan] as const)
    : ([ALLOWED_FLOWS, ALLOWED_TABLE, kubelet] as const);
  traffic.begin();
  if (element(flows, drawRank(traffic.random, table))[1](patterns)) return;
  traffic.begin();
  fallback(patterns);
}

async function writeBlock(block: Block, out: Pieces, truth: TruthFile | null): Promise<void> {
  const { lines, order, offset, bytes } = block;
  for (let i = 0; i < lines; i++) {
    const line = order[i] ?? 0;
    const from = offset[line] ?? 0;
    const to = offset[line + 1] ?? 0;
    out.length = putRange(out.buffer, out.length, bytes, from, to);
    truth?.row(block, line);
    if (out.isFull) await out.flush();
    if (truth?.out.isFull) await truth.out.flush();
  }
}

/** Bytes on their way to a stream: gathered in a piece, handed over when it is full. */
class Pieces {
  buffer: Buffer = Buffer.allocUnsafe(PIECE_BYTES);
  length = 0;
  private readonly file: OpenFile;
  private readonly reserve: number;

  /** `reserve`: the longest thing written at a time, in bytes. */
  constructor(file: OpenFile, reserve: number) {
    this.file = file;
    this.reserve = reserve;
  }

  get isFull(): boolean {
    return this.length + this.reserve > PIECE_BYTES;
  }

  async text(text: string): Promise<void> {
    this.length += this.buffer.write(text, this.length, 'latin1');
    if (this.isFull) await this.flush();
  }

  async flush(): Promise<void> {
    const piece = this.buffer.subarray(0, this.length);
    // the stream keeps the piece: the next one is a new buffer
    this.buffer = Buffer.allocUnsafe(PIECE_BYTES);
    this.length = 0;
    // a file that fails never drains
    if (!this.file.input.write(piece)) await Promise.race([once(this.file.input, 'drain'), this.file.done]);
  }

  /** Closes the file; settles when its last byte is written. */
  async end(): Promise<void> {
    if (this.length > 0) await this.flush();
    this.file.input.end();
    await this.file.done;
  }
}

interface OpenFile {
  readonly input: Writable;
  readonly done: Promise<void>;
}

function openFile(path: string, gzip: boolean): OpenFile {
  const file = createWriteStream(path);
  const deflate = gzip ? createGzip({ level: GZIP_LEVEL, chunkSize: 256 * 1024 }) : null;
  const done = deflate === null ? finished(file) : pipeline(deflate, file);
  // whoever awaits it hears of the failure; until then it is not unhandled
  done.catch(() => {});
  return { input: deflate ?? file, done };
}

/** `DIR/truth.csv`. */
class TruthFile {
  readonly out: Pieces;
  private readonly rows: TruthRows;
  private name: Uint8Array = new Uint8Array(0);
  private line = 0;

  constructor(world: World, dir: string) {
    this.rows = new TruthRows(world);
    this.out = new Pieces(openFile(madeFile(dir, 'truth.csv'), false), TRUTH_BYTES_MAX);
    this.out.length += this.out.buffer.write(this.rows.header(), 0, 'latin1');
  }

  /** Starts a log file; its header is line 1. */
  begin(name: string): void {
    this.name = Buffer.from(`${name},`);
    this.line = 1;
  }

  row({ eni, src, dst, srcLife, dstLife, bits }: Block, i: number): void {
    const { out, rows } = this;
    this.line++;
    out.length = rows.put(
      out.buffer,
      out.length,
      this.name,
      this.line,
      eni[i] ?? 0,
      src[i] ?? 0,
      dst[i] ?? 0,
      srcLife[i] ?? -1,
      dstLife[i] ?? -1,
      bits[i] ?? 0,
    );
  }

  async end(): Promise<void> {
    await this.out.end();
  }
}
