import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArrowCompression } from '../sink/arrow-compression.ts';
import type { OutputColumn } from '../sink/columns.ts';
import { cannotWrite } from '../sink/destination.ts';
import { isDevice, openOutput } from '../sink/output.ts';
import type { OrderedOutput, OutputFormat } from '../sink/part.ts';
import { openQuarantine, type Quarantine } from './quarantine.ts';

/** Where classified records go; `columns`: names of the columns wanted, in order, null = all. */
export interface OutputRequest {
  readonly path: string;
  readonly format: OutputFormat;
  readonly columns?: readonly string[] | null;
  /** Of Arrow messages; absent = none. */
  readonly compression?: ArrowCompression;
}

/** What a run writes. */
export interface RunOutputs {
  readonly rows: OrderedOutput | null;
  readonly quarantine: Quarantine | null;
  /** Where tasks leave what they wrote until it is their turn. */
  readonly partFolder: string;
  close(): Promise<void>;
  /**
   * Ends the outputs of a run that ended early: what stood under their names stays, they get names of their own, which
   * it resolves to. What holds nothing is left out: `lines` counts what each has taken up.
   */
  keep(lines: { readonly rows: number; readonly malformed: number }): Promise<readonly string[]>;
  abort(): Promise<void>;
}

/** Opens what was asked for. Throws FlowtrieError `output`; nothing is left behind then. */
export async function openRunOutputs(
  out: OutputRequest | null,
  quarantinePath: string | null,
  columns: readonly OutputColumn[],
): Promise<RunOutputs> {
  let rows: OrderedOutput | null = null;
  let quarantine: Quarantine | null = null;
  const abort = async (): Promise<void> => {
    await rows?.abort();
    await quarantine?.abort();
  };
  try {
    if (out !== null) rows = await openOutput(out.format, out.path, columns, out.compression);
    if (quarantinePath !== null) quarantine = await openQuarantine(quarantinePath);
    const [rowsTo, malformedTo] = [rows, quarantine];
    return {
      rows: rowsTo,
      quarantine: malformedTo,
      partFolder: createPartFolder(out?.path ?? '-'),
      async close() {
        await rowsTo?.close();
        await malformedTo?.close();
      },
      async keep(lines) {
        const kept = [await keepSome(rowsTo, lines.rows), await keepSome(malformedTo, lines.malformed)];
        return kept.filter((path) => path !== null);
      },
      abort,
    };
  } catch (error) {
    await abort();
    throw error;
  }
}

async function keepSome(output: Pick<OrderedOutput, 'keep' | 'abort'> | null, lines: number): Promise<string | null> {
  if (lines > 0) return (await output?.keep()) ?? null;
  await output?.abort();
  return null;
}

/** A folder beside the output, which has room for its rows; where that is no file, among temporary ones. */
function createPartFolder(out: string): string {
  const beside = out !== '-' && !isDevice(out);
  const base = `${beside ? out.replace(/(?<=.)\/+$/, '') : join(tmpdir(), 'flowtrie')}.part-`;
  try {
    return mkdtempSync(base);
  } catch (error) {
    throw cannotWrite(base, error);
  }
}
