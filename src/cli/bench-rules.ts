import { measureAccount } from '../bench/account-case.ts';
import { readClassBench } from '../bench/classbench.ts';
import { measureFiveTuples } from '../bench/classbench-case.ts';
import { EKS_LIKE, eksInventory } from '../bench/eks-inventory.ts';
import { type Effort, type Findings, FULL_EFFORT, findingsText, SMOKE_EFFORT } from '../bench/findings.ts';
import { compileFiveTuples } from '../bench/five-tuple.ts';
import { measureGenerated, measureRuleCount } from '../bench/generated-case.ts';
import { AWS_RULES_MAX } from '../bench/generated-set.ts';
import { matchTrace } from '../bench/match-trace.ts';
import { measureMembership } from '../bench/membership-case.ts';
import { measurePrefixes } from '../bench/prefix-case.ts';
import { readPrefixFile } from '../bench/prefix-file.ts';
import { loadInventory } from '../inventory/load.ts';
import { FlowtrieError } from '../model/errors.ts';
import { openDestination } from '../sink/destination.ts';

export interface BenchRulesFlags {
  readonly inventory?: string;
  readonly sets?: number;
  readonly rules?: number;
  readonly prefixes?: string;
  readonly classbench?: string;
  readonly trace?: string;
  readonly matches?: string;
  readonly budget: number;
  readonly rounds?: number;
  readonly smoke?: boolean;
  readonly json?: boolean;
}

const MIB = 2 ** 20;
const DEFAULT_SETS = 1;
const DEFAULT_RULES = 100;

export async function benchRules(flags: BenchRulesFlags): Promise<void> {
  if (flags.trace !== undefined || flags.matches !== undefined) return writeMatches(flags);
  const findings: Findings[] = [];
  const out = await openDestination('-');
  for (const measure of await measurements(flags)) {
    const found = measure();
    findings.push(found);
    if (flags.json !== true) await out.write(Buffer.from(`${findingsText(found)}\n`));
    // a reader such as `head` has seen enough
    if (out.closed) break;
  }
  if (flags.json === true) await out.write(Buffer.from(`${JSON.stringify({ findings })}\n`));
  await out.commit();
}

/** What the flags ask for, in a fixed order; without any: a large generated account and what stands beside it. */
async function measurements(flags: BenchRulesFlags): Promise<readonly (() => Findings)[]> {
  const { inventory, prefixes, classbench, smoke } = flags;
  const effort = effortOf(flags);
  const budget = flags.budget * MIB;
  const asked: (() => Findings)[] = [];
  if (inventory !== undefined) {
    const newest = (await loadInventory(inventory)).versions.at(-1);
    if (newest === undefined)
      throw new FlowtrieError('inventory', `${inventory}: holds no document that is recognised`);
    asked.push(() => measureAccount(inventory, newest, effort));
  }
  if (flags.sets !== undefined || flags.rules !== undefined) {
    const [sets, rules] = [flags.sets ?? DEFAULT_SETS, flags.rules ?? DEFAULT_RULES];
    if (rules > AWS_RULES_MAX && sets > 1) {
      throw new FlowtrieError('usage', `--rules: more than ${AWS_RULES_MAX} go with --sets 1 only, got --sets ${sets}`);
    }
    asked.push(() => measureGenerated(sets, rules, budget, effort));
  }
  if (classbench !== undefined) {
    const rules = await readClassBench(classbench);
    asked.push(() => measureFiveTuples(classbench, rules, budget, effort));
  }
  if (prefixes !== undefined) {
    const families = await readPrefixFile(prefixes);
    asked.push(() => measurePrefixes(prefixes, families, effort));
  }
  if (asked.length > 0) return asked;
  const account = smoke === true ? { ...EKS_LIKE, enis: 300 } : EKS_LIKE;
  return [
    () => measureAccount('generated EKS account', eksInventory(account, 1), effort),
    () => measureRuleCount(smoke === true ? 100 : AWS_RULES_MAX, effort),
    () => measureGenerated(100, 100, budget, effort),
    () => measureMembership(effort),
  ];
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
