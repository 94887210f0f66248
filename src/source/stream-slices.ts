import { FlowtrieError } from '../model/errors.ts';
import type { Malformed } from '../model/ledger.ts';
import { framerOf, kindOf, OPENING_BYTES, openingOf, packedProblem } from './content.ts';
import type { FramedSlice, Framer } from './frame.ts';
import { type Compression, type Inflater, inflaterOf } from './inflater.ts';

/** Frames a stream; what it is, is told by its first bytes. */
class StreamFramer implements Framer {
  private framer: Framer | undefined;
  private head: Uint8Array[] = [];
  private headBytes = 0;

  *push(chunk: Uint8Array): Generator<FramedSlice> {
    if (this.framer !== undefined) {
      yield* this.framer.push(chunk);
      return;
    }
    this.head.push(new Uint8Array(chunk));
    this.headBytes += chunk.length;
    if (this.headBytes >= OPENING_BYTES) yield* this.open();
  }

  *finish(cut: Malformed | null): Generator<FramedSlice> {
    yield* this.open();
    if (this.framer !== undefined) yield* this.framer.finish(cut);
  }

  /** What is whole of a stream that is not read to its end; the record at the cut is nobody's. */
  *leave(): Generator<FramedSlice> {
    yield* this.open();
  }

  private *open(): Generator<FramedSlice> {
    if (this.framer !== undefined) return;
    const head = Buffer.concat(this.head);
    this.head = [];
    this.framer = framerOf(openingOf(head).content);
    yield* this.framer.push(head);
  }
}

/** Bytes that tell a stream's kind. */
const MAGIC_BYTES = 4;

function compressionOf(bytes: Uint8Array, name: string): Compression | undefined {
  const kind = kindOf(bytes);
  if (kind === 'gzip' || kind === 'zstd') return kind;
  if (kind === 'plain') return undefined;
  if (kind !== 'Parquet') throw new FlowtrieError('input', packedProblem(name, kind));
  throw new FlowtrieError('input', `${name}: Parquet on a stream: give it as a file: it is read from its end`);
}

/** Bytes of which, once they have ended, may be known that they were not read to their end. */
export interface Reads extends AsyncIterable<Uint8Array> {
  readonly interrupted?: boolean;
}

/** Slices of a stream of bytes, whatever it is compressed by and holds; throws FlowtrieError when it is damaged. */
export async function* streamSlices(reads: Reads, name: string): AsyncGenerator<FramedSlice> {
  const framer = new StreamFramer();
  let compression: Compression | undefined;
  let inflater: Inflater | undefined;
  let head: Uint8Array | undefined = new Uint8Array(0);
  for await (const read of reads) {
    let bytes = read;
    if (head !== undefined) {
      bytes = Buffer.concat([head, read]);
      head = bytes.length < MAGIC_BYTES ? bytes : undefined;
      if (head !== undefined) continue;
      compression = compressionOf(bytes, name);
      if (compression !== undefined) inflater = inflaterOf(compression);
    }
    if (inflater === undefined) {
      yield* framer.push(bytes);
      continue;
    }
    for await (const piece of inflater.write(bytes)) yield* framer.push(piece);
    if (inflater.problem !== undefined) break;
  }
  if (reads.interrupted === true) {
    yield* framer.leave();
    return;
  }
  if (head !== undefined && head.length > 0) yield* framer.push(head);
  if (inflater !== undefined) for await (const piece of inflater.end()) yield* framer.push(piece);
  const problem = inflater?.problem;
  yield* framer.finish(problem === undefined ? null : 'truncated');
  if (problem !== undefined) throw new FlowtrieError('input', `${name}: damaged ${compression}: ${problem}`);
}
