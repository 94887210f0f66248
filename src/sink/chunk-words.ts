import { strict as assert } from 'node:assert';
import type { FlowBatch } from '../model/flow.ts';
import type { VerdictBatch } from '../model/verdict.ts';
import type { WordRule } from './added-values.ts';
import type { ChunkColumn } from './chunk-column.ts';
import { type ColumnData, NULL_WORD } from './chunk-data.ts';
import type { ChunkIds } from './chunk-ids.ts';
import type { ColumnMemory } from './column-memory.ts';
import { WORD_TABLES, type WordName, wordIndex, wordsOf } from './words.ts';

const ROWS_AT_FIRST = 4096;

/** A column of closed words: its codes are known before the first row. */
export class WordsColumn implements ChunkColumn {
  readonly textBytes = 0;
  private readonly name: WordName;
  private readonly values: (flow: FlowBatch, verdicts: VerdictBatch) => Uint8Array;
  private readonly rule: WordRule;
  private readonly words: readonly string[];
  private readonly index: Uint8Array;
  private readonly size: number;
  private readonly memory: ColumnMemory;
  private codes: Uint8Array;
  private nullCount = 0;

  constructor(
    name: WordName,
    memory: ColumnMemory,
    values: (flow: FlowBatch, verdicts: VerdictBatch) => Uint8Array,
    rule: WordRule,
  ) {
    this.memory = memory;
    this.codes = memory.u8(ROWS_AT_FIRST);
    this.name = name;
    this.values = values;
    this.rule = rule;
    this.words = wordsOf(name);
    this.size = WORD_TABLES[name].length;
    this.index = memory.u8(256);
    this.index.set(wordIndex(name));
  }

  append(flow: FlowBatch, verdicts: VerdictBatch, ids: ChunkIds, at: number): void {
    const { rows } = flow;
    this.codes = this.memory.longer(this.codes, at + rows);
    const { codes, index, rule } = this;
    const { kernel } = this.memory;
    if (rule === 'judged' && !flow.judged) {
      this.nullCount += rows;
      kernel.fill(codes.byteOffset + at, NULL_WORD, rows);
      return;
    }
    const values = this.values(flow, verdicts).byteOffset;
    const out = codes.byteOffset + at;
    const { size } = this;
    const most =
      typeof rule === 'number' && (ids.allPresent & rule) === 0
        ? kernel.presentWords(flow.present.byteOffset, rule, values, index.byteOffset, out, rows)
        : kernel.words(values, index.byteOffset, size, out, rows);
    assert(most < size, `${this.name}: code ${most} is outside its table of words`);
    this.nullCount += kernel.countByte(out, rows, NULL_WORD);
  }

  take(rows: number): ColumnData {
    return { kind: 'words', codes: this.codes.subarray(0, rows), nullCount: this.nullCount, words: this.words };
  }

  reset(): void {
    this.nullCount = 0;
  }
}
