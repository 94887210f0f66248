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
    const close = async (): Promise<void> => {
      await rows?.close();
      await quarantine?.close();
    };
    return { rows, quarantine, partFolder: createPartFolder(out?.path ?? '-'), close, abort };
  } catch (error) {
    await abort();
    throw error;
  }
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
