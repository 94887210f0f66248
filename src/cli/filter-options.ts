import { type Command, Option } from 'commander';
import { FlowtrieError } from '../model/errors.ts';
import type { Condition, FilterName, RecordFilter } from '../model/filter.ts';
import type { Span } from '../source/s3/key-time.ts';
import { instantOrAgo } from './options.ts';

/** Flag → how its value is called and what it means. */
const HELP: Readonly<Record<FilterName, readonly [value: string, text: string]>> = {
  namespace: ['name', 'either end is a pod of the namespace'],
  pod: ['[ns/]name', 'either end is the pod; a beginning means all such pods'],
  workload: ['name', 'either end is of the workload: web, Deployment/web, shop/web'],
  ip: ['cidr', 'an address of the record lies in the block'],
  port: ['n|a-b', 'source or destination port'],
  protocol: ['name', 'tcp, udp, icmp, icmpv6 or a number'],
  action: ['word', 'logged ACCEPT or REJECT'],
  direction: ['word', 'ingress, egress or unknown'],
  verdict: ['word', 'predicted allow, deny, unknown or exempt'],
  drift: ['word', 'agree, unexpected-accept, unexpected-reject or undetermined'],
  rule: ['id', 'a rule or route that decided, or implicit-deny'],
  eni: ['id', 'interface that logged the record'],
};

const GROUP = 'Filters (a repeated flag: any of them; different flags: all of them):';

/** Adds --since and --until to a command; `allowed` may refuse one. The result tells, once it is parsed, the span. */
export function addSpanOptions(command: Command, allowed: (name: 'since' | 'until') => void = () => {}): () => Span {
  const bounds: { since: number | null; until: number | null } = { since: null, until: null };
  for (const name of ['since', 'until'] as const) {
    const side = name === 'since' ? 'from this start on' : 'only before this start';
    command.addOption(
      flag(`--${name} <time>`, `records ${side}: RFC 3339, or 2h, 7d ago`).argParser((text) => {
        allowed(name);
        bounds[name] = instantOrAgo(text, `--${name}`);
        return text;
      }),
    );
  }
  return () => {
    const { since, until } = bounds;
    if (since !== null && until !== null && since >= until)
      throw new FlowtrieError('usage', '--since, --until: expected an instant before --until, got an empty span');
    return bounds;
  };
}

function flag(flags: string, text: string): Option {
  return new Option(flags, text).helpGroup(GROUP);
}

type Given = readonly [filter: FilterName, text: string];

/**
 * Adds the filter flags to a command; the result tells, once it is parsed, what they ask for: null = all records. What
 * reads addresses is loaded then: `--help` needs none of it.
 */
export function addFilterOptions(command: Command): () => Promise<RecordFilter | null> {
  const wanted: Given[] = [];
  const unwanted: Given[] = [];
  let negated = false;
  const span = addSpanOptions(command, (name) => {
    if (negated) throw new FlowtrieError('usage', `--not --${name}: expected a filter after --not`);
  });
  for (const filter of Object.keys(HELP) as FilterName[]) {
    const [value, text] = HELP[filter];
    command.addOption(
      flag(`--${filter} <${value}>`, text).argParser((given) => {
        (negated ? unwanted : wanted).push([filter, given]);
        negated = false;
        return given;
      }),
    );
  }
  command.addOption(flag('--not', 'negates the next filter'));
  // commander parses flags in the order given and calls no parser for a flag without value
  command.on('option:not', () => {
    if (negated) throw new FlowtrieError('usage', '--not --not: expected a filter after --not');
    negated = true;
  });
  return async () => {
    if (negated) throw new FlowtrieError('usage', '--not: expected a filter after it, got nothing');
    const { since, until } = span();
    if (since === null && until === null && wanted.length + unwanted.length === 0) return null;
    const { parseCondition } = await import('../model/filter.ts');
    const conditions = (given: readonly Given[]): Condition[] => given.map((one) => parseCondition(...one));
    return { sinceSeconds: since, untilSeconds: until, wanted: conditions(wanted), unwanted: conditions(unwanted) };
  };
}
