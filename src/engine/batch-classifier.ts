import { strict as assert } from 'node:assert';
import { columnBatch, type RecordBatch, type Schema } from '../decode/arrow.ts';
import { formatOf } from '../decode/format.ts';
import type { Summary } from '../model/summary.ts';
import { recordBatches, schemaOf } from '../sink/arrow-batches.ts';
import { inputNames, type OutputColumn, outputColumns } from '../sink/columns.ts';
import { analyzeTask, type Bench, openBench } from './analyze.ts';
import { summaryOf } from './summary.ts';
import type { AnalyzeSetup } from './task.ts';
import { Totals } from './totals.ts';
import type { CompiledInventory } from './versions.ts';

/**
 * Classifies flow log records that come as Arrow record batches, in the calling thread: batches of fields in, batches
 * of the columns of `replay --out` out. Each batch is judged alone: what another record would tell of a hidden pod
 * (`--pair`) is not asked for. Columns may be of any type that holds the field's values (source: docs/inputs.md);
 * times are Unix seconds, or timestamps.
 */
export class BatchClassifier {
  /** Of the batches that classify() gives. */
  readonly schema: Schema;
  private readonly columns: readonly OutputColumn[];
  private readonly fields: readonly string[];
  private readonly inventory: CompiledInventory;
  private readonly bench: Bench;
  private readonly totals: Totals;
  private batches = 0;
  private elapsedMs = 0;
  private before: Promise<unknown> = Promise.resolve();

  /** `fields`: the schema of the batches to come, or the names of its fields; they decide the columns. */
  constructor(inventory: CompiledInventory, fields: Schema | readonly string[]) {
    const names = 'fields' in fields ? fields.fields.map((field) => field.name) : fields;
    this.fields = formatOf(names).names;
    this.columns = outputColumns(this.fields);
    this.schema = schemaOf(this.columns);
    this.inventory = inventory;
    this.totals = new Totals(inventory.versions);
    this.bench = openBench(setupOf(inventory, this.columns));
  }

  /**
   * The rows of the batch that are records, in order, in batches of up to 131,072. NODATA, SKIPDATA and malformed rows
   * give none: the summary's ledger has them. Batches are taken one after the other, also when it is not awaited.
   */
  classify(batch: RecordBatch): Promise<RecordBatch[]> {
    const result = this.before.then(() => this.take(batch));
    this.before = result.catch(() => {});
    return result;
  }

  /** Of all batches so far; bytes and files are 0, seconds those spent here. */
  summary(): Summary {
    return summaryOf(this.totals, this.inventory, { files: 0, bytes: 0 }, this.elapsedMs / 1000);
  }

  private async take(batch: RecordBatch): Promise<RecordBatch[]> {
    const startedAt = performance.now();
    const seq = this.batches++;
    const source = { kind: 'columns', columns: columnBatch(batch) } as const;
    const fields = { names: this.fields, parting: 'none' } as const;
    const about = { flowLog: 1, fields, spilled: false, generation: null };
    const result = await analyzeTask(this.bench, { seq, name: `batch ${seq}`, source, ...about });
    assert(result.failure === null && result.rows !== null, 'columns in memory can be read');
    this.totals.add(result);
    const rows = await recordBatches(this.columns, result.rows);
    this.elapsedMs += performance.now() - startedAt;
    return rows;
  }
}

function setupOf({ versions }: CompiledInventory, columns: readonly OutputColumn[]): AnalyzeSetup {
  return {
    versions: versions.map((version) => version.shared),
    rows: { format: 'arrows', columns, taken: inputNames(columns), compression: 'none', byHour: false },
    filter: null,
    met: null,
    quarantine: false,
    partFolder: null,
    partMemory: null,
    turn: null,
    groupMemory: null,
    progress: new SharedArrayBuffer(16),
    stop: new SharedArrayBuffer(4),
    twins: null,
    kept: null,
    windowSeconds: 0,
  };
}
