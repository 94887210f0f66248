import { type FlowBatch, V6_WORDS } from '../model/flow.ts';
import type { VerdictBatch } from '../model/verdict.ts';
import type { JsonBytes } from './json-bytes.ts';
import type { AddressField } from './rows.ts';

/** Writes one or more neighbouring columns of a row, `,"name":value` each. */
export type Piece = (out: JsonBytes, flow: FlowBatch, verdicts: VerdictBatch, row: number) => void;

export type Value = string | null | readonly string[];

/** `,"a":"x","b":null` as bytes: everything about a row that depends on one index is such a fragment, made once. */
export function fragment(members: Readonly<Record<string, Value>>): Uint8Array {
  const text = Object.entries(members).map(([name, value]) => `,${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return Buffer.from(text.join(''));
}

/** `,"name":` as bytes. */
export function keyOf(name: string): Uint8Array {
  return Buffer.from(`,${JSON.stringify(name)}:`);
}

export function writeAddress(out: JsonBytes, flow: FlowBatch, row: number, field: AddressField): void {
  if ((flow.present[row]! & field.v6Bit) === 0) {
    out.ipv4(field.values(flow)[row]!);
    return;
  }
  const at = row * V6_WORDS.perRow + field.v6Word;
  const { v6 } = flow;
  out.ipv6(v6[at]!, v6[at + 1]!, v6[at + 2]!, v6[at + 3]!);
}
