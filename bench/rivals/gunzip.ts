import { openText } from '../../src/bench/log-rivals.ts';
import type { Claims, ReadyJob, Turn } from '../measurement.ts';

/** Node's own gunzip and nothing else: the bytes are counted and dropped. */
export async function readyGunzip(turn: Turn): Promise<ReadyJob> {
  return {
    async run(): Promise<Claims> {
      let textBytes = 0;
      for (const path of turn.files) {
        for await (const piece of openText({ path, gzip: true })) textBytes += (piece as Uint8Array).length;
      }
      return { textBytes };
    },
  };
}
