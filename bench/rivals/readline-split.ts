import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { DEFAULT_FORMAT } from '../../src/model/flow.ts';
import type { Claims, ReadyJob, Turn } from '../measurement.ts';

const COLUMN = { bytes: DEFAULT_FORMAT.indexOf('bytes'), action: DEFAULT_FORMAT.indexOf('action') } as const;

/** The usual few lines of Node: readline's `line` events and split(' '). */
export async function readyReadlineSplit(turn: Turn): Promise<ReadyJob> {
  return {
    async run(): Promise<Claims> {
      const claims = { records: 0, bytes: 0, accept: 0, reject: 0, lines: 0 };
      for (const file of turn.files) await addFile(file, claims);
      return claims;
    },
  };
}

interface Sums {
  records: number;
  bytes: number;
  accept: number;
  reject: number;
  lines: number;
}

function addFile(file: string, sums: Sums): Promise<void> {
  return new Promise((resolve, reject) => {
    const source = createReadStream(file);
    source.on('error', reject);
    const lines = createInterface({ input: source });
    lines.on('line', (line) => {
      sums.lines++;
      const fields = line.split(' ');
      if (fields.at(-1) !== 'OK') return;
      sums.records++;
      sums.bytes += Number(fields[COLUMN.bytes]);
      if (fields[COLUMN.action] === 'ACCEPT') sums.accept++;
      else if (fields[COLUMN.action] === 'REJECT') sums.reject++;
    });
    lines.on('close', resolve);
  });
}
