import { readTrace } from './classbench.ts';
import type { FiveTupleMatcher } from './five-tuple.ts';

/**
 * For each packet of a trace file one line: index of the first matching rule, −1 = none. Memory does not grow with the
 * trace. Returns the number of packets.
 */
export async function matchTrace(
  matcher: FiveTupleMatcher,
  tracePath: string,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<number> {
  let packets = 0;
  for await (const batch of readTrace(tracePath)) {
    const found = new Int32Array(batch.count);
    matcher.match(batch, found);
    packets += batch.count;
    await write(Buffer.from(`${found.join('\n')}\n`, 'latin1'));
  }
  return packets;
}
