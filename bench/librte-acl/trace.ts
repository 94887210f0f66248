import { readClassBench } from '../../src/bench/classbench.ts';
import { RANDOM_SEED } from '../../src/bench/classbench-case.ts';
import { FULL_EFFORT } from '../../src/bench/findings.ts';
import { drawPackets } from '../../src/bench/trace.ts';
import { formatAddress } from '../../src/model/ip.ts';

/** Writes the random trace that `flowtrie bench rules --classbench RULES` measures: `src dst sport dport proto`. */
async function writeTrace(rulesPath: string | undefined): Promise<void> {
  if (rulesPath === undefined) throw new Error('usage: trace RULES > TRACE');
  const packets = drawPackets(await readClassBench(rulesPath), FULL_EFFORT.packets, false, RANDOM_SEED);
  const dotted = (address = 0): string => formatAddress({ family: 4, words: [address] });
  const lines = Array.from(packets.src, (src, i) => {
    const { dst, srcPort, dstPort, protocol } = packets;
    return `${dotted(src)} ${dotted(dst[i])} ${srcPort[i]} ${dstPort[i]} ${protocol[i]}\n`;
  });
  process.stdout.write(lines.join(''));
}

await writeTrace(process.argv[2]);
