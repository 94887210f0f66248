// typed-array kernel: lines and their truth, gathered and put in a seeded random order
import { strict as assert } from 'node:assert';
import type { Random } from './random.ts';
import { type Leg, LINE_BYTES_MAX, type RecordFormat } from './record.ts';
import { packTruth, type Truth } from './truth.ts';

/** Lines shuffled together: a file mixes interfaces and the two ends of a flow, as AWS's aggregation does. */
const BLOCK_LINES = 16_384;
const LINE_BYTES_GUESS = 512;

/** Lines of a stretch of a file and what is true of them. */
export class Block {
  lines = 0;
  bytes: Uint8Array = Buffer.allocUnsafe(BLOCK_LINES * LINE_BYTES_GUESS + LINE_BYTES_MAX);
  readonly offset: Uint32Array = new Uint32Array(BLOCK_LINES + 1);
  readonly order: Uint32Array = new Uint32Array(BLOCK_LINES);
  readonly eni: Int32Array = new Int32Array(BLOCK_LINES);
  readonly src: Uint32Array = new Uint32Array(BLOCK_LINES);
  readonly dst: Uint32Array = new Uint32Array(BLOCK_LINES);
  readonly srcLife: Int32Array = new Int32Array(BLOCK_LINES);
  readonly dstLife: Int32Array = new Int32Array(BLOCK_LINES);
  readonly bits: Uint32Array = new Uint32Array(BLOCK_LINES);

  get room(): number {
    return BLOCK_LINES - this.lines;
  }

  clear(): void {
    this.lines = 0;
  }

  add(format: RecordFormat, leg: Leg, truth: Truth): void {
    const end = format.put(this.bytes, this.offset[this.lines]!, leg);
    this.close(end, leg.eni, leg.src, leg.dst, truth);
  }

  /** A ready line that is no record. */
  addText(text: string, eni: number, truth: Truth): void {
    const from = this.offset[this.lines]!;
    const end = from + Buffer.from(this.bytes.buffer, this.bytes.byteOffset).write(text, from, 'latin1');
    this.close(end, eni, 0, 0, truth);
  }

  private close(end: number, eni: number, src: number, dst: number, truth: Truth): void {
    const i = this.lines;
    assert(i < BLOCK_LINES && end - this.offset[i]! <= LINE_BYTES_MAX);
    this.eni[i] = eni;
    this.src[i] = src;
    this.dst[i] = dst;
    this.srcLife[i] = truth.srcLife;
    this.dstLife[i] = truth.dstLife;
    this.bits[i] = packTruth(truth);
    this.lines = i + 1;
    this.offset[i + 1] = end;
    if (end + LINE_BYTES_MAX > this.bytes.length) {
      const wider = Buffer.allocUnsafe(this.bytes.length * 2);
      wider.set(this.bytes);
      this.bytes = wider;
    }
  }

  /** Draws the order the lines are written in (Fisher–Yates). */
  shuffle(random: Random): void {
    const { order, lines } = this;
    for (let i = 0; i < lines; i++) order[i] = i;
    for (let i = lines - 1; i > 0; i--) {
      const j = random.below(i + 1);
      const swapped = order[i]!;
      order[i] = order[j]!;
      order[j] = swapped;
    }
  }
}
