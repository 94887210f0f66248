import { createReadStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { ReadyJob, Turn } from '../measurement.ts';

interface AuditLine {
  readonly verb: string;
  readonly objectRef: { readonly resource: string; readonly uid?: string; readonly subresource?: string };
  readonly requestReceivedTimestamp: string;
  readonly requestObject?: { readonly status?: { readonly podIP?: string } };
}

/** The usual few lines of Node: readline, JSON.parse of every line, a Map by uid; no disorder, no owners. */
export async function readyAuditParse(turn: Turn): Promise<ReadyJob> {
  return {
    async run() {
      const path = turn.files[0] ?? '';
      const opened = new Map<string, number>();
      let [bytes, lines] = [0, 0];
      for await (const line of createInterface({ input: createReadStream(path) })) {
        lines++;
        const { objectRef, verb, requestObject, requestReceivedTimestamp } = JSON.parse(line) as AuditLine;
        if (objectRef.resource !== 'pods') continue;
        const second = Math.floor(Date.parse(requestReceivedTimestamp) / 1000);
        const uid = objectRef.uid ?? '';
        if (requestObject?.status?.podIP !== undefined && !opened.has(uid)) opened.set(uid, second);
        if (verb === 'delete') bytes += second - (opened.get(uid) ?? second);
      }
      return { bytes, lines, textBytes: statSync(path).size };
    },
  };
}
