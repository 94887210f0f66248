import type { Malformed } from '../model/ledger.ts';
import { documentTarget, type EnvelopeTarget } from './envelope.ts';
import type { FramedSlice, Framer } from './frame.ts';
import { JsonFramer } from './json-framer.ts';
import { SliceBuffer } from './slice-buffer.ts';

/** Slices of an input of JSON documents. */
export class JsonSlices implements Framer {
  private readonly target = new FileTarget();
  private readonly framer = new JsonFramer(documentTarget(this.target));

  *push(chunk: Uint8Array): Generator<FramedSlice> {
    this.framer.push(chunk);
    yield* this.target.take(false);
  }

  *finish(): Generator<FramedSlice> {
    this.framer.finish();
    yield* this.target.take(true);
  }

  /** The slices of one chunk at the beginning of an input, whether full or not. */
  opening(chunk: Uint8Array): FramedSlice[] {
    this.framer.push(chunk);
    return this.target.take(true);
  }
}

/** A notification of an object is no record where files are read. */
class FileTarget extends SliceBuffer implements EnvelopeTarget {
  object(bucket: string, key: string): void {
    const reason: Malformed = 'no-record';
    this.broken(reason, Buffer.from(`s3://${bucket}/${key}`));
  }

  noObject(): void {}
}
