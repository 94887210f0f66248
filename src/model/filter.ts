import { FlowtrieError } from './errors.ts';
import { type Cidr, hostCidr, parseAddress, parseCidr } from './ip.ts';
import { Action, DIRECTION, DRIFT, VERDICT } from './verdict.ts';

/** The filters of the command line, by flag; a condition of one of them is true or false of a record. */
export const FILTERS = [
  'namespace',
  'pod',
  'workload',
  'ip',
  'port',
  'protocol',
  'action',
  'direction',
  'verdict',
  'drift',
  'rule',
  'eni',
] as const;
export type FilterName = (typeof FILTERS)[number];

/**
 * One value of one filter: names as text, the rest as the numbers that columns hold. `from`–`to` are inclusive; `code`
 * is a protocol number or an index of ACTION, DIRECTION, VERDICT or DRIFT.
 */
export type Condition =
  | { readonly filter: 'namespace' | 'pod' | 'workload' | 'rule' | 'eni'; readonly name: string }
  | { readonly filter: 'ip'; readonly cidr: Cidr }
  | { readonly filter: 'port'; readonly from: number; readonly to: number }
  | { readonly filter: 'protocol' | 'action' | 'direction' | 'verdict' | 'drift'; readonly code: number };

/**
 * Which records are wanted: any of the conditions of a filter (OR), all filters (AND), none of the negated conditions,
 * and `start` in [sinceSeconds, untilSeconds). Plain data, so that it can be sent to workers.
 */
export interface RecordFilter {
  /** Unix seconds; null = no bound. A record without `start` lies within no bound. */
  readonly sinceSeconds: number | null;
  readonly untilSeconds: number | null;
  readonly wanted: readonly Condition[];
  readonly unwanted: readonly Condition[];
}

const PORT_MAX = 65_535;
const PROTOCOLS: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 };

/** The condition that a value of a filter asks for. Throws FlowtrieError `usage` that names flag and value. */
export function parseCondition(filter: FilterName, text: string): Condition {
  switch (filter) {
    case 'ip': {
      const address = parseAddress(text);
      const cidr = address === undefined ? parseCidr(text) : hostCidr(address);
      if (cidr === undefined) throw wrong(filter, 'an address or a CIDR', text);
      return { filter, cidr };
    }
    case 'port': {
      const [, first, last] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
      const [from, to] = [Number(first), Number(last ?? first)];
      if (!(from <= to && to <= PORT_MAX)) throw wrong(filter, `a port from 0 to ${PORT_MAX} or a range A-B`, text);
      return { filter, from, to };
    }
    case 'protocol': {
      const code = PROTOCOLS[text.toLowerCase()] ?? (/^\d{1,3}$/.test(text) ? Number(text) : Number.NaN);
      if (!(code <= 255)) throw wrong(filter, 'tcp, udp, icmp, icmpv6 or a number from 0 to 255', text);
      return { filter, code };
    }
    case 'action': {
      const code = { ACCEPT: Action.accept, REJECT: Action.reject }[text.toUpperCase()];
      if (code === undefined) throw wrong(filter, 'ACCEPT or REJECT', text);
      return { filter, code };
    }
    case 'direction':
      return { filter, code: codeOf(filter, DIRECTION, text) };
    case 'verdict':
      return { filter, code: codeOf(filter, VERDICT.slice(1), text) + 1 };
    case 'drift':
      return { filter, code: codeOf(filter, DRIFT, text) };
    default:
      if (text.trim() === '') throw wrong(filter, 'a name', text);
      return { filter, name: text };
  }
}

function codeOf(filter: FilterName, words: readonly string[], text: string): number {
  const code = words.indexOf(text.toLowerCase());
  if (code < 0) throw wrong(filter, words.join(', '), text);
  return code;
}

function wrong(filter: FilterName, expected: string, got: string): FlowtrieError {
  return new FlowtrieError('usage', `--${filter}: expected ${expected}, got '${got}'`);
}
