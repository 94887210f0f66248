import { statSync } from 'node:fs';
import { readEventLines } from '../../src/inventory/event-lines.ts';
import { livesOf } from '../../src/inventory/pod-lives.ts';
import type { ReadyJob, Turn } from '../measurement.ts';

/** flowtrie's reading of an audit log: from the file to the intervals of every pod. */
export async function readyAuditEvents(turn: Turn): Promise<ReadyJob> {
  return {
    async run() {
      const path = turn.files[0] ?? '';
      const warn = (_: unknown, message: string): never => {
        throw new Error(message);
      };
      const events = await readEventLines(path, path, false, 'audit', warn);
      const spans = livesOf([events], warn).flatMap((pod) => pod.spans);
      const bytes = spans.reduce((sum, span) => sum + Math.floor(span.end) - Math.floor(span.start), 0);
      return { bytes, textBytes: statSync(path).size };
    },
  };
}
