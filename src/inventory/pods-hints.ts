/** `"pods"` as it stands in a text inside a text. */
const PLAIN = Buffer.from('\\"pods\\"');
const ESCAPE = Buffer.from('\\u00');
/** Its quotes and letters as hexadecimal digits: JSON may escape each of them, on either level. */
const ESCAPED = ['22', '70', '6f', '6F', '64', '73'];
const ESCAPED_PATTERN = new RegExp(`\\\\u00(?:${ESCAPED.join('|')})`);
const DIGITS: ReadonlySet<number> = new Set(ESCAPED.map((digits) => Buffer.from(digits).readUInt16LE(0)));

/** True when a text may name pods: by the bare word, or by an escape that it may be spelt with. */
export function mayNamePods(text: string): boolean {
  return text.includes('pods') || ESCAPED_PATTERN.test(text);
}

/**
 * Places in a block of envelopes that may name pods; lines without one are never parsed. Escapes that spell nothing of
 * the word (`\\u003c` is how Go writes `<`) are passed over.
 */
export class PodsHints {
  private readonly block: Buffer;
  private plain = -1;
  private escaped = -1;

  constructor(block: Buffer) {
    this.block = block;
  }

  /** Place of the first one from `from` on; the block's end when there is none. `from` never goes back. */
  next(from: number): number {
    if (this.plain < from) this.plain = this.find(PLAIN, from);
    if (this.escaped < from) this.escaped = this.findEscape(from);
    return Math.min(this.plain, this.escaped);
  }

  private findEscape(from: number): number {
    for (
      let at = this.find(ESCAPE, from);
      at + ESCAPE.length + 2 <= this.block.length;
      at = this.find(ESCAPE, at + 1)
    ) {
      if (DIGITS.has(this.block.readUInt16LE(at + ESCAPE.length))) return at;
    }
    return this.block.length;
  }

  private find(bytes: Buffer, from: number): number {
    const at = this.block.indexOf(bytes, from);
    return at < 0 ? this.block.length : at;
  }
}
