import { type Heading, headingOf, parseHeader, sameHeading } from '../decode/format.ts';
import type { AnalyzeTask, TaskResult, TaskSource } from '../engine/task.ts';
import { FlowtrieError, messageOf } from '../model/errors.ts';
import type { ByteSource } from '../source/byte-source.ts';
import { kindOf, openingOf } from '../source/content.ts';
import type { NamedObject } from '../source/notification.ts';
import { outlineOf } from '../source/parquet/slices.ts';
import { type FoundObject, findObject, mayPass, objectFault, openFound } from '../source/s3/found.ts';
import { AHEAD_BYTES, objectName, partsOf } from '../source/s3/object.ts';
import { streamChunks } from '../source/stdin.ts';
import type { Credits } from './credits.ts';
import { ObjectQueue } from './object-queue.ts';
import { backoffMs, pause, type Status } from './status.ts';
import type { LaneTask, ObjectPiece, ObjectTrouble } from './stream-sink.ts';

/** What a reading has to know of the result of a piece. */
export type PieceResult = Pick<TaskResult, 'ledger' | 'endFields' | 'failure' | 'failurePasses'>;

export interface ObjectReadingOptions<R extends PieceResult> {
  readonly objects: readonly NamedObject[];
  /** What is done with each piece. */
  run(task: AnalyzeTask): Promise<R>;
  /** What all readings of the process may have in memory. */
  readonly credits: Credits;
  readonly status: Status;
  /** Resolves when the reading before it in the lane has its credits: a later one must never wait in front of it. */
  readonly turn: Promise<void>;
  task(name: string, source: TaskSource, fields: Heading | null): AnalyzeTask;
}

/** Text of one task. Rows are several times as long as their lines. */
const PIECE_BYTES = 2 * 1024 * 1024;

/** Tasks of one object under way, or waiting to be taken. */
const PIECES_AHEAD = 3;

/** What the text of a compressed object has at least the room for. */
const INFLATES = 16;

const CREDIT_MS = 1_000;

/** Credits of one reading: the more a small object needs less. */
function memoryOf(objects: readonly NamedObject[], firstSize: number): number {
  const most = AHEAD_BYTES + PIECES_AHEAD * PIECE_BYTES;
  return objects.length === 1 ? Math.min(most, firstSize * INFLATES) : most;
}

type Item<R> =
  | { readonly kind: 'task'; readonly name: string; readonly task: AnalyzeTask; readonly result: Promise<R> }
  | { readonly kind: 'end'; readonly name: string; readonly bytes: number; readonly trouble: ObjectTrouble | null };

/** The reading was given up. */
class GivenUp extends Error {}

/**
 * Reads the objects that one message names, one after the other, from the moment it is made: what is ready waits in
 * bounded memory for `pieces` to take it. What may pass (the connection, the server, credentials) is tried again until
 * it has passed; what is the object's own fault is told with its last piece.
 */
export class ObjectReading<R extends PieceResult = TaskResult> {
  /** Resolves when the reading has its credits, or needs none any more. */
  readonly granted: Promise<void>;
  private readonly options: ObjectReadingOptions<R>;
  private readonly queue = new ObjectQueue<Item<R>>(PIECES_AHEAD);
  private readonly giveUp = new AbortController();
  private readonly troubled = new Set<string>();
  private grant: () => void = () => {};
  private credit = 0;

  constructor(options: ObjectReadingOptions<R>) {
    this.options = options;
    this.granted = new Promise((resolve) => {
      this.grant = resolve;
    });
    void this.readAll();
  }

  /** The results in order. Throws when the objects have to be read again from their beginning. */
  async *pieces(): AsyncGenerator<Pick<LaneTask, 'generation'> & { readonly result: R; readonly object: ObjectPiece }> {
    let fields: Heading | null = null;
    let linesBefore = 0;
    let damage: ObjectTrouble | null = null;
    let truncated = false;
    for (let item = await this.queue.take(); item !== undefined; item = await this.queue.take()) {
      if (item.kind === 'task') {
        const { name, task } = item;
        const result = await this.resultOf(item, fields);
        if (result.endFields !== null) fields = result.endFields;
        if (result.failure !== null) damage ??= { end: 'damaged', message: result.failure };
        truncated = (result.ledger.malformed.truncated ?? 0) > 0;
        yield { result, generation: task.generation, object: { name, linesBefore, end: null } };
        linesBefore += result.ledger.lines;
        continue;
      }
      const { name, bytes } = item;
      const trouble = item.trouble ?? damage;
      const task = this.options.task(name, lastOf(name, trouble, truncated), null);
      const result = await this.options.run(task);
      yield { result, generation: task.generation, object: { name, linesBefore, end: { bytes, trouble } } };
      [fields, linesBefore, damage, truncated] = [null, 0, null, false];
    }
    this.close();
  }

  /** Nothing more of it is wanted. */
  close(): void {
    this.giveUp.abort();
    this.queue.end();
    this.grant();
    for (const name of this.troubled) this.options.status.clear(name);
    if (this.credit > 0) this.options.credits.give(this.credit);
    this.credit = 0;
  }

  private async resultOf(item: Extract<Item<R>, { kind: 'task' }>, fields: Heading | null): Promise<R> {
    const { run } = this.options;
    let { task } = item;
    let result = await item.result;
    if (fields !== null && !sameHeading(fields, task.fields)) {
      // an earlier part of the object met another header: this one was decoded with the wrong fields
      task = { ...task, fields };
      result = await run(task);
    }
    for (let tries = 0; result.failurePasses; tries++) {
      await this.again(item.name, result.failure, tries);
      result = await run(task);
    }
    this.well(item.name);
    return result;
  }

  private async readAll(): Promise<void> {
    try {
      for (const [i, named] of this.options.objects.entries()) {
        const name = objectName(named);
        let bytes = 0;
        try {
          const found = await this.found(named);
          if (i === 0) await this.takeCredit(found.object.size);
          bytes = found.object.size;
          await this.readObject(name, found);
          await this.queue.put({ kind: 'end', name, bytes, trouble: null });
        } catch (error) {
          // a reading that has not begun needs credits for the objects behind this one
          if (i === 0 && this.credit === 0) await this.takeCredit(0);
          await this.queue.put({ kind: 'end', name, bytes, trouble: troubleOf(error) });
        }
      }
      this.queue.end();
    } catch (error) {
      this.queue.end(error);
    }
  }

  private async readObject(name: string, found: FoundObject): Promise<void> {
    const { run, task } = this.options;
    if (found.object.size === 0) return;
    let tries = 0;
    const source = openFound(found, (error) => this.again(name, error, tries++));
    let fields: Heading | null = null;
    for await (const piece of piecesOf(name, found, source)) {
      if (this.giveUp.signal.aborted) throw new GivenUp();
      if (tries > 0) this.well(name);
      tries = 0;
      fields ??= fieldsOf(piece);
      const planned = task(name, piece, fields);
      const result = run(planned);
      // a rejection is met when its turn comes; until then it must not count as unhandled
      result.catch(() => {});
      await this.queue.put({ kind: 'task', name, task: planned, result });
    }
  }

  private async found(named: NamedObject): Promise<FoundObject> {
    const name = objectName(named);
    for (let tries = 0; ; tries++) {
      try {
        const found = await findObject(named);
        this.well(name);
        return found;
      } catch (error) {
        if (!mayPass(error)) throw error;
        await this.again(name, error, tries);
      }
    }
  }

  private async takeCredit(firstSize: number): Promise<void> {
    const { objects, turn, credits } = this.options;
    const wanted = Math.max(1, memoryOf(objects, firstSize));
    await turn;
    while (!this.giveUp.signal.aborted && !credits.tryTake(wanted)) await credits.changed(CREDIT_MS);
    if (this.giveUp.signal.aborted) {
      if (this.credit === 0) throw new GivenUp();
      return;
    }
    this.credit = wanted;
    this.grant();
  }

  /** Resolves when it is time for the next try. */
  private async again(name: string, error: unknown, tries: number): Promise<void> {
    const { signal } = this.giveUp;
    if (signal.aborted) throw new GivenUp();
    this.troubled.add(name);
    this.options.status.trouble(name, `not read yet, trying again: ${messageOf(error)}`);
    await pause(backoffMs(tries), signal);
    if (signal.aborted) throw new GivenUp();
  }

  private well(name: string): void {
    if (this.troubled.delete(name)) this.options.status.clear(name);
  }
}

/** What is the object's own fault; everything else is thrown on. */
function troubleOf(error: unknown): ObjectTrouble {
  const fault = objectFault(error);
  if (!(error instanceof FlowtrieError) || fault === 'changed' || fault === 'passing') throw error;
  return { end: fault ?? 'damaged', message: error.message };
}

/** The last task of an object counts what could not be read as one line, unless the cut last line was counted. */
function lastOf(name: string, trouble: ObjectTrouble | null, truncated: boolean): TaskSource {
  if (trouble === null || (trouble.end === 'damaged' && truncated)) {
    return { kind: 'chunk', bytes: new SharedArrayBuffer(0), length: 0, read: 0 };
  }
  return {
    kind: 'broken',
    reason: trouble.end === 'damaged' ? 'truncated' : 'no-record',
    text: Buffer.from(name),
  };
}

async function* piecesOf(name: string, { object, head }: FoundObject, source: ByteSource): AsyncGenerator<TaskSource> {
  if (kindOf(head) === 'Parquet') {
    const { groups } = await outlineOf(source);
    for (const group of groups.keys()) yield { kind: 'parquet', path: name, object, first: group, last: group + 1 };
    return;
  }
  for await (const chunk of streamChunks(
    partsOf(source, () => {}),
    name,
    PIECE_BYTES,
  )) {
    if (chunk.kind === 'broken') yield chunk.slice;
    else if (chunk.kind === 'records') yield chunk;
    else yield { kind: 'chunk', bytes: chunk.bytes, length: chunk.length, read: chunk.length };
  }
}

/** The fields of an object's header, which its first piece begins with. */
function fieldsOf(piece: TaskSource): Heading | null {
  if (piece.kind !== 'chunk') return null;
  const header = parseHeader(openingOf(new Uint8Array(piece.bytes, 0, piece.length)).firstLine);
  return header === undefined ? null : headingOf(header);
}
