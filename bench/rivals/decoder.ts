import { readFileSync } from 'node:fs';
import { DEFAULT } from '../../src/decode/format.ts';
import { DecodeKernel } from '../../src/decode/kernel.ts';
import { FlowDecoder } from '../../src/decode/text.ts';
import { Action } from '../../src/model/verdict.ts';
import type { Claims, ReadyJob, Turn } from '../measurement.ts';

const TWO_32 = 2 ** 32;

/**
 * flowtrie's decoder over text in memory: all 14 fields into columns, then one pass that sums them. As a worker does,
 * it keeps one kernel for all it decodes.
 */
export async function readyDecoder(turn: Turn): Promise<ReadyJob> {
  const kernel = new DecodeKernel();
  const texts = turn.files.map((file) => new Uint8Array(readFileSync(file)));
  return {
    async run(): Promise<Claims> {
      const sums = { records: 0, bytes: 0, accept: 0, reject: 0 };
      let lines = 0;
      for (const text of texts) {
        const decoder = new FlowDecoder({ format: DEFAULT, carry: false, kernel });
        for (let at = 0; at < text.length; ) {
          at = decoder.decode(text, at, text.length);
          addBatch(decoder, sums);
          decoder.clear();
        }
        lines += decoder.ledger.lines;
      }
      return { ...sums, lines };
    },
  };
}

interface Sums {
  records: number;
  bytes: number;
  accept: number;
  reject: number;
}

function addBatch(decoder: FlowDecoder, sums: Sums): void {
  const { rows, bytes, action } = decoder.batch;
  let sum = 0;
  let accept = 0;
  let reject = 0;
  for (let row = 0; row < rows; row++) {
    sum += (bytes[2 * row] ?? 0) + (bytes[2 * row + 1] ?? 0) * TWO_32;
    accept += action[row] === Action.accept ? 1 : 0;
    reject += action[row] === Action.reject ? 1 : 0;
  }
  sums.records += rows;
  sums.bytes += sum;
  sums.accept += accept;
  sums.reject += reject;
}
