import { isIPv4, isIPv6 } from 'node:net';
import { FIELDS } from '../../src/model/flow.ts';
import type { Malformed } from '../../src/model/ledger.ts';

/** What one text line is, by split and regular expression. */
export type FlowLine =
  | { readonly kind: 'blank' | 'header' | 'nodata' | 'skipdata' }
  | { readonly kind: 'malformed'; readonly reason: Malformed }
  | { readonly kind: 'row'; readonly row: Readonly<Record<string, string | number | bigint>> };

const U64_END = 1n << 64n;

/** Decodes a line of the given fields (AWS's names, no two the same). */
export function flowLine(line: string, fields: readonly string[]): FlowLine {
  const tokens = tokensOf(line);
  if (tokens.length === 0) return { kind: 'blank' };
  if (isHeader(tokens)) return { kind: 'header' };
  if (tokens.length !== fields.length) return { kind: 'malformed', reason: 'field-count' };
  const status = tokens[fields.indexOf('log-status')];
  if (status === 'NODATA') return { kind: 'nodata' };
  if (status === 'SKIPDATA') return { kind: 'skipdata' };
  const row: Record<string, string | number | bigint> = {};
  for (const [i, name] of fields.entries()) {
    const token = tokens[i] ?? '';
    if (token === '' || token === '-' || token === 'None') continue;
    const value = fieldValue(name, token);
    if (value instanceof Error) return { kind: 'malformed', reason: value.message as Malformed };
    row[name] = value;
  }
  return { kind: 'row', row };
}

function tokensOf(line: string): string[] {
  const text = line.replace(/^[ \t\r]+|[ \t\r]+$/g, '');
  if (text === '') return [];
  const tokens = /[ \t\r]/.test(text) ? text.split(/[ \t\r]+/) : text.split(',');
  return /^\d{4}-\d\d-\d\dT\d\d:/.test(tokens[0] ?? '') ? tokens.slice(1) : tokens;
}

function isHeader(tokens: readonly string[]): boolean {
  const plain = (word: string): string => word.toLowerCase().replaceAll(/[-_]/g, '');
  if (!FIELDS.some((field) => plain(field.name) === plain(tokens[0] ?? ''))) return false;
  return !tokens.some((token) => token === '-' || /^[\d.+-]+$/.test(token) || isIPv6(token));
}

function fieldValue(name: string, token: string): string | number | bigint | Error {
  const field = FIELDS.find((known) => known.name === name);
  switch (field?.type) {
    case 'address':
      return isIPv4(token) || (isIPv6(token) && !token.includes('%')) ? canonical(token) : new Error('address');
    case 'u8':
    case 'u16':
    case 'u64':
    case 'seconds':
      return numberOf(name, field.type, token);
    case 'action':
      return /^(ACCEPT|REJECT)$/.test(token) ? token : new Error('action');
    case 'status':
      return /^(OK|NODATA|SKIPDATA)$/.test(token) ? token : new Error('log-status');
    case 'direction':
      return /^(ingress|egress)$/.test(token) ? token : new Error('flow-direction');
    default:
      return token;
  }
}

/** Fields whose number has no column keep their text. */
const CARRIED = /^(traffic-path|encryption-status|packets-lost-.*)$/;

function numberOf(
  name: string,
  type: 'u8' | 'u16' | 'u64' | 'seconds',
  token: string,
): string | number | bigint | Error {
  const reason = name === 'protocol' ? 'protocol' : type === 'u16' ? 'port' : 'number';
  if (!/^\d{1,20}$/.test(token) || (type !== 'u64' && token.length > 15)) return new Error(reason);
  const value = BigInt(token);
  if (type === 'seconds') {
    const seconds = value < 1n << 32n ? value : value / 1000n;
    return seconds < 1n << 32n ? Number(seconds) : new Error(reason);
  }
  const end = type === 'u8' ? 256n : type === 'u16' ? 65_536n : U64_END;
  if (value >= end) return new Error(reason);
  if (CARRIED.test(name)) return token;
  return type === 'u64' ? value : Number(value);
}

/** The text of an address after a way through the groups; RFC 5952. */
function canonical(token: string): string {
  if (isIPv4(token)) return token;
  return new URL(`http://[${token}]`).hostname.slice(1, -1);
}
