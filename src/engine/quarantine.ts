import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { openDestination } from '../sink/destination.ts';

/** The file of malformed lines: NDJSON, one `{file, line, reason, text}` each, in input order. */
export interface Quarantine {
  /** Adds the lines of a task's part file, whose line numbers count from the task's first line, and deletes it. */
  append(partPath: string, file: string, linesBefore: number): Promise<void>;
  close(): Promise<void>;
  /** As that of an output. */
  keep(): Promise<string | null>;
  abort(): Promise<void>;
}

/** Characters of entries that are written at once. */
const WRITTEN_CHARACTERS = 64 * 1024;

/** Opens the file; it appears under its name when it is complete. Throws FlowtrieError `output`. */
export async function openQuarantine(path: string): Promise<Quarantine> {
  const destination = await openDestination(path);
  return {
    async append(partPath, file, linesBefore) {
      let entries = '';
      const write = async (): Promise<void> => {
        await destination.write(Buffer.from(entries));
        entries = '';
      };
      for await (const text of createInterface({
        input: createReadStream(partPath),
        crlfDelay: Number.POSITIVE_INFINITY,
      })) {
        const entry = JSON.parse(text) as { readonly line: number; readonly reason: string; readonly text: string };
        const line = { file, line: entry.line + linesBefore, reason: entry.reason, text: entry.text };
        entries += `${JSON.stringify(line)}\n`;
        if (entries.length >= WRITTEN_CHARACTERS) await write();
      }
      await write();
      await rm(partPath, { force: true });
    },
    close: () => destination.commit(),
    keep: () => destination.keep(),
    abort: () => destination.abort(),
  };
}
