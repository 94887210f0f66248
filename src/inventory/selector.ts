import type { Cursor } from './cursor.ts';
import type { Selector } from './inventory.ts';
import type { Warn } from './warnings.ts';

/** Names of IpProtocol (EC2 API, IpPermission); the same numbers are printed as decimal text. */
const PROTOCOL_NUMBERS: ReadonlyMap<string, number> = new Map([
  ['all', -1],
  ['icmp', 1],
  ['tcp', 6],
  ['udp', 17],
  ['icmpv6', 58],
]);
const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map(
  [...PROTOCOL_NUMBERS].map(([name, number]) => [number, name]),
);

const TCP = 6;
const UDP = 17;

function isIcmp(protocol: number): boolean {
  return protocol === 1 || protocol === 58;
}

/** −1 = all, else an IANA protocol number. The APIs print text; a bare number is a wrong type, as with every id. */
function readProtocol(cursor: Cursor): number {
  const { value } = cursor;
  if (typeof value === 'string') {
    const named = PROTOCOL_NUMBERS.get(value.toLowerCase());
    if (named !== undefined) return named;
    if (value === '-1') return -1;
    if (/^\d{1,3}$/.test(value) && Number(value) <= 255) return Number(value);
  }
  return cursor.fail('a protocol as text: "tcp", "udp", "icmp", "icmpv6", "-1" or "0" to "255"');
}

/** Absent and −1 are the open end. */
function bound(cursor: Cursor, key: string, max: number, expected: string): number | null {
  const value = cursor.integer(key, -1, max, expected);
  return value === -1 ? null : value;
}

/** Where a rule keeps its ports and its ICMP type and code: security groups share the keys, network ACLs do not. */
export interface SelectorFields {
  readonly protocol: Cursor;
  /** null = the rule has no port range. */
  readonly ports: Cursor | null;
  readonly portKeys: readonly [string, string];
  readonly icmp: Cursor | null;
  readonly icmpKeys: readonly [string, string];
}

/**
 * Reads what packets a rule is about. Ports of protocols without ports are ignored, as AWS does (VPC User Guide). With
 * one warning: a range from > to may match, see `isTurned`; an ICMP code without a type matches nothing, `valid` false.
 */
export function readSelector(fields: SelectorFields, warn: Warn): Selector {
  const protocol = readProtocol(fields.protocol);
  const all: Selector = { protocol, ports: null, icmpType: null, icmpCode: null, valid: true };
  if (protocol === TCP || protocol === UDP) {
    if (fields.ports === null) return all;
    const expected = 'a port from 0 to 65535, or -1';
    const [fromKey, toKey] = fields.portKeys;
    const from = bound(fields.ports, fromKey, 65_535, expected) ?? 0;
    const to = bound(fields.ports, toKey, 65_535, expected) ?? 65_535;
    if (from === 0 && to === 65_535) return all;
    if (from > to)
      warn(fields.ports, `${fromKey} ${from} is greater than ${toKey} ${to}: it may match ports ${to} to ${from}`);
    return { ...all, ports: { from, to } };
  }
  if (!isIcmp(protocol) || fields.icmp === null) return all;
  const [typeKey, codeKey] = fields.icmpKeys;
  const icmpType = bound(fields.icmp, typeKey, 255, 'an ICMP type from 0 to 255, or -1');
  const icmpCode = bound(fields.icmp, codeKey, 255, 'an ICMP code from 0 to 255, or -1');
  const valid = icmpType !== null || icmpCode === null;
  if (!valid) warn(fields.icmp, `ICMP code ${icmpCode} without a type: the rule matches nothing`);
  return { ...all, icmpType, icmpCode, valid };
}

/** True of a range from > to: the ports between both may be meant, or none. */
export function isTurned({ ports }: Selector): boolean {
  return ports !== null && ports.from > ports.to;
}

/** PROTO/PORTS of a synthetic rule id: `tcp/443`, `udp/53-60`, `icmp/8-0`, `all/all`, `47/all`. */
export function selectorId(selector: Selector): string {
  const { protocol, ports, icmpType, icmpCode } = selector;
  const name = PROTOCOL_NAMES.get(protocol) ?? `${protocol}`;
  if (ports !== null) return `${name}/${ports.from === ports.to ? ports.from : `${ports.from}-${ports.to}`}`;
  if (icmpType === null && icmpCode === null) return `${name}/all`;
  return `${name}/${icmpType ?? 'all'}-${icmpCode ?? 'all'}`;
}
