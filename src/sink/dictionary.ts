/** Code of a value that is null, and mark of an id that the chunk has not met. */
const NULL_CODE = -1;
const UNSEEN = -2;

/**
 * The dictionary of one column of a chunk: small integers that stand for a value (a code table's index, a pod, a rule,
 * an address of the chunk) → codes in order of appearance. A text is made once for each id that the chunk meets. Ids
 * of the same text share a code, unless `distinct` promises that there are none; an id whose text is null is null.
 */
export class ChunkDictionary {
  /** Distinct values by code. */
  readonly values: string[] = [];
  private readonly byText = new Map<string, number>();
  private local: Int32Array<ArrayBuffer>;
  private readonly met: number[] = [];
  private readonly textOf: (id: number) => string | null;
  private readonly distinct: boolean;

  constructor(size: number, textOf: (id: number) => string | null, distinct: boolean) {
    this.local = new Int32Array(size).fill(UNSEEN);
    this.textOf = textOf;
    this.distinct = distinct;
  }

  /** Makes room for ids below `size`. */
  reserve(size: number): void {
    if (size <= this.local.length) return;
    const grown = new Int32Array(Math.max(size, 2 * this.local.length)).fill(UNSEEN);
    grown.set(this.local);
    this.local = grown;
  }

  /** Codes of `count` ids; every id is below what was reserved. */
  encode(ids: ArrayLike<number>, count: number, codes: Int32Array, at: number): void {
    const { local } = this;
    for (let i = 0; i < count; i++) {
      const code = local[ids[i]!]!;
      codes[at + i] = code !== UNSEEN ? code : this.meet(ids[i]!);
    }
  }

  codeOf(text: string): number {
    let code = this.byText.get(text);
    if (code === undefined) {
      code = this.values.length;
      this.values.push(text);
      this.byText.set(text, code);
    }
    return code;
  }

  private meet(id: number): number {
    const text = this.textOf(id);
    const code = text === null ? NULL_CODE : this.distinct ? this.values.push(text) - 1 : this.codeOf(text);
    this.local[id] = code;
    this.met.push(id);
    return code;
  }

  /** Forgets everything: the next chunk begins. */
  reset(): void {
    for (const id of this.met) this.local[id] = UNSEEN;
    this.met.length = 0;
    this.values.length = 0;
    this.byText.clear();
  }
}
