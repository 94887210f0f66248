import { strict as assert } from 'node:assert';
import type { FlowBatch } from '../model/flow.ts';
import type { VerdictBatch } from '../model/verdict.ts';
import type { ChunkColumn } from './chunk-column.ts';
import { type ColumnData, grown, NULL_WORD } from './chunk-data.ts';
import type { ChunkIds } from './chunk-ids.ts';
import { WORD_TABLES, type WordName, wordIndex, wordsOf } from './words.ts';

const ROWS_AT_FIRST = 4096;

/** What decides whether a row has a word: a bit of `present`, whether the record was judged, or nothing. */
export type WordRule = number | 'judged' | 'always';

/** A column of closed words: its codes are known before the first row. */
export class WordsColumn implements ChunkColumn {
  readonly textBytes = 0;
  private readonly name: WordName;
  private readonly values: (flow: FlowBatch, verdicts: VerdictBatch) => Uint8Array;
  private readonly rule: WordRule;
  private readonly words: readonly string[];
  private readonly index: Uint8Array;
  private codes = new Uint8Array(ROWS_AT_FIRST);
  private nullCount = 0;

  constructor(name: WordName, values: (flow: FlowBatch, verdicts: VerdictBatch) => Uint8Array, rule: WordRule) {
    this.name = name;
    this.values = values;
    this.rule = rule;
    this.words = wordsOf(name);
    this.index = wordIndex(name);
  }

  append(flow: FlowBatch, verdicts: VerdictBatch, _ids: ChunkIds, at: number): void {
    const { rows, present } = flow;
    this.codes = grown(this.codes, at + rows, (n) => new Uint8Array(n));
    const { codes, index, rule } = this;
    if (rule === 'judged' && !flow.judged) {
      this.nullCount += rows;
      codes.fill(NULL_WORD, at, at + rows);
      return;
    }
    const values = this.values(flow, verdicts);
    let most = 0;
    let nulls = 0;
    if (typeof rule === 'number') {
      for (let i = 0; i < rows; i++) {
        const code = (present[i]! & rule) === 0 ? -1 : values[i]!;
        if (code > most) most = code;
        const word = code < 0 ? NULL_WORD : index[code]!;
        codes[at + i] = word;
        if (word === NULL_WORD) nulls++;
      }
    } else {
      for (let i = 0; i < rows; i++) {
        const code = values[i]!;
        if (code > most) most = code;
        const word = index[code]!;
        codes[at + i] = word;
        if (word === NULL_WORD) nulls++;
      }
    }
    this.nullCount += nulls;
    assert(most < WORD_TABLES[this.name].length, `${this.name}: code ${most} is outside its table of words`);
  }

  take(rows: number): ColumnData {
    return { kind: 'words', codes: this.codes.subarray(0, rows), nullCount: this.nullCount, words: this.words };
  }

  reset(): void {
    this.nullCount = 0;
  }
}
