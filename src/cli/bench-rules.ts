import { readClassBench } from '../bench/classbench.ts';
import { measureFiveTuples } from '../bench/classbench-case.ts';
import { type Effort, type Findings, FULL_EFFORT, findingsText, SMOKE_EFFORT } from '../bench/findings.ts';
import { compileFiveTuples } from '../bench/five-tuple.ts';
import { matchTrace } from '../bench/match-trace.ts';
import { FlowtrieError } from '../model/errors.ts';
import { openDestination } from '../sink/destination.ts';

export interface BenchRulesFlags {
  readonly classbench?: string;
  readonly trace?: string;
  readonly matches?: string;
  readonly budget: number;
  readonly rounds?: number;
  readonly smoke?: boolean;
  readonly json?: boolean;
}

const MIB = 2 ** 20;

export async function benchRules(flags: BenchRulesFlags): Promise<void> {
  if (flags.trace !== undefined || flags.matches !== undefined) return writeMatches(flags);
  const findings: Findings[] = [];
  const tell = (found: Findings): void => {
    findings.push(found);
    if (flags.json !== true) process.stdout.write(`${findingsText(found)}\n`);
  };
  if (flags.classbench !== undefined) {
    const rules = await readClassBench(flags.classbench);
    tell(measureFiveTuples(flags.classbench, rules, flags.budget * MIB, effortOf(flags)));
  }
  if (flags.json === true) process.stdout.write(`${JSON.stringify({ findings })}\n`);
}

function effortOf({ smoke, rounds }: BenchRulesFlags): Effort {
  const effort = smoke === true ? SMOKE_EFFORT : FULL_EFFORT;
  return { ...effort, rounds: rounds ?? effort.rounds };
}

/** The first matching rule of each packet of a file, nothing timed. */
async function writeMatches({ classbench, trace, matches, budget }: BenchRulesFlags): Promise<void> {
  if (classbench === undefined || trace === undefined || matches === undefined) {
    const missing = classbench === undefined ? '--classbench' : trace === undefined ? '--trace' : '--matches';
    throw new FlowtrieError(
      'usage',
      `bench rules: --trace and --matches go together with --classbench, missing ${missing}`,
    );
  }
  const matcher = compileFiveTuples(await readClassBench(classbench), budget * MIB);
  const destination = await openDestination(matches);
  try {
    const packets = await matchTrace(matcher, trace, (bytes) => destination.write(bytes));
    await destination.commit();
    process.stderr.write(`${packets.toLocaleString('en-US')} packets matched (${matcher.tier})\n`);
  } catch (error) {
    await destination.abort();
    throw error;
  }
}
