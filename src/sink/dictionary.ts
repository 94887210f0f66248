import { NULL_CODE } from './chunk-data.ts';
import { TextBuffer } from './text-buffer.ts';

/** Mark of an id that the chunk has not met. */
const UNSEEN = -2;

/** How the values behind the ids are told: text by id, or a copy into the dictionary when no two ids have the same. */
export type IdTexts =
  | { readonly kind: 'shared'; text(id: number): string | null }
  /** Id 0 is null. */
  | { readonly kind: 'distinct'; copy(id: number, texts: TextBuffer): void };

/**
 * The dictionary of one column of a chunk: small integers that stand for a value (a pod, a rule, an address of the
 * chunk) → codes in order of appearance. A text is made once for each id that the chunk meets. Ids of the same text
 * share a code; an id whose text is null is null.
 */
export class ChunkDictionary {
  readonly texts: TextBuffer = new TextBuffer();
  private readonly byText = new Map<string, number>();
  private local: Int32Array<ArrayBuffer> = new Int32Array(16).fill(UNSEEN);
  private readonly met: number[] = [];
  private readonly source: IdTexts;

  constructor(source: IdTexts) {
    this.source = source;
  }

  /** Codes of `count` ids, all below `size`; returns how many are null. */
  encode(ids: Int32Array, count: number, size: number, codes: Int32Array): number {
    if (size > this.local.length) {
      const longer = new Int32Array(Math.max(size, 2 * this.local.length)).fill(UNSEEN);
      longer.set(this.local);
      this.local = longer;
    }
    const { local } = this;
    let nulls = 0;
    for (let i = 0; i < count; i++) {
      let code = local[ids[i]!]!;
      if (code === UNSEEN) code = this.meet(ids[i]!);
      codes[i] = code;
      nulls -= code >> 31;
    }
    return nulls;
  }

  codeOf(text: string): number {
    let code = this.byText.get(text);
    if (code === undefined) {
      code = this.texts.count;
      this.texts.addText(text);
      this.byText.set(text, code);
    }
    return code;
  }

  private meet(id: number): number {
    const { source } = this;
    let code = NULL_CODE;
    if (source.kind === 'shared') {
      const text = source.text(id);
      if (text !== null) code = this.codeOf(text);
    } else if (id !== 0) {
      code = this.texts.count;
      source.copy(id, this.texts);
    }
    this.local[id] = code;
    this.met.push(id);
    return code;
  }

  /** Forgets everything: the next chunk begins. */
  reset(): void {
    for (const id of this.met) this.local[id] = UNSEEN;
    this.met.length = 0;
    this.texts.clear();
    this.byText.clear();
  }
}
