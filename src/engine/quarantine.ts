import { createReadStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { FlowtrieError } from '../model/errors.ts';

/** The file of malformed lines: NDJSON, one `{file, line, reason, text}` each, in input order. */
export interface Quarantine {
  /** Adds the lines of a task's part file, whose line numbers count from the task's first line, and deletes it. */
  append(partPath: string, file: string, linesBefore: number): Promise<void>;
  close(): Promise<void>;
}

export async function openQuarantine(path: string): Promise<Quarantine> {
  const handle = await openForWriting(path);
  return {
    async append(partPath, file, linesBefore) {
      for await (const text of createInterface({
        input: createReadStream(partPath),
        crlfDelay: Number.POSITIVE_INFINITY,
      })) {
        const entry = JSON.parse(text) as { readonly line: number; readonly reason: string; readonly text: string };
        const line = { file, line: entry.line + linesBefore, reason: entry.reason, text: entry.text };
        await handle.write(`${JSON.stringify(line)}\n`);
      }
      await rm(partPath, { force: true });
    },
    close: () => handle.close(),
  };
}

async function openForWriting(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'w');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new FlowtrieError('output', `--quarantine: cannot write ${path} (${reason})`, { cause: error });
  }
}
