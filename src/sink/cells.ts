import { FIELDS, type FlowBatch } from '../model/flow.ts';
import { formatIpv4 } from '../model/ip.ts';
import type { Names } from '../model/names.ts';
import {
  ATTRIBUTION,
  DIRECTION,
  DRIFT,
  DRIFT_CAUSE,
  KIND,
  NO_ROUTER,
  NO_RULE,
  PATH,
  ROLE,
  ROLE_BASIS,
  ROUTE_KIND,
  VERDICT,
  type VerdictBatch,
} from '../model/verdict.ts';
import type { AddedName } from './columns.ts';
import {
  addressText,
  type CarriedFields,
  candidatesOf,
  carriedText,
  effectiveField,
  NO_INDEX,
  type OwnerNames,
  ownerNames,
  pairedAddress,
  type RowContext,
  ruleText,
  type Side,
  servedName,
  TYPED_FIELDS,
  type TypedField,
  wordOf,
} from './rows.ts';

/** The text of one column of a row, as CSV shows it; null = absent. */
export type TextCell = (flow: FlowBatch, verdicts: VerdictBatch, row: number) => string | null;

const U8_MAX = 255n;
const U64_MAX = 0xffff_ffff_ffff_ffffn;

/** Known fields that are numbers but carried as bytes (traffic-path, packets-lost-…): column → greatest value. */
export const CARRIED_NUMBERS: ReadonlyMap<string, bigint> = new Map(
  FIELDS.filter((f) => (f.type === 'u8' || f.type === 'u64') && !TYPED_FIELDS.has(f.column)).map(
    (f) => [f.column, f.type === 'u8' ? U8_MAX : U64_MAX] as const,
  ),
);

/**
 * Digits of a carried number without zeros in front. The decoder refuses lines where it is none; here it would be null.
 */
export function carriedDigits(text: string | null, max: bigint): string | null {
  const digits = text === null ? undefined : /^0*(\d{1,20})$/.exec(text)?.[1];
  return digits === undefined || BigInt(digits) > max ? null : digits;
}

/** One cell for every output column. `carried` must be bound to the batch that is read. */
export function textCells(context: RowContext, carried: CarriedFields): readonly TextCell[] {
  const added = addedCells(context);
  const extra = extraCell(context, carried);
  return context.columns.map((column, i): TextCell => {
    if (column.source === 'verdict') return added[column.name as AddedName];
    if (column.source === 'extra') return extra;
    const typed = TYPED_FIELDS.get(column.name);
    if (typed !== undefined) return typedCell(typed, context);
    const max = CARRIED_NUMBERS.get(column.name);
    if (max === undefined) return (flow, _, row) => carriedText(flow, carried.placed[i], row);
    return (flow, _, row) => carriedDigits(carriedText(flow, carried.placed[i], row), max);
  });
}

const TWO_32 = 0x1_0000_0000n;

function typedCell(field: TypedField, context: RowContext): TextCell {
  const read = typedReader(field, context);
  return (flow, _, row) => (((flow.present[row] ?? 0) & field.bit) === 0 ? null : read(flow, row));
}

function typedReader(field: TypedField, context: RowContext): (flow: FlowBatch, row: number) => string | null {
  switch (field.kind) {
    case 'number':
      return (flow, row) => String(field.values(flow)[row]);
    case 'u64':
      return (flow, row) => {
        const halves = field.values(flow);
        const high = halves[2 * row + 1] ?? 0;
        return high === 0 ? String(halves[2 * row]) : String(BigInt(high) * TWO_32 + BigInt(halves[2 * row] ?? 0));
      };
    case 'word':
      return (flow, row) => wordOf(field.words, field.values(flow)[row]);
    case 'interface':
      return (flow, row) => context.interfaceName(flow.interfaceId[row] ?? 0);
    case 'address':
      return (flow, row) => addressText(flow, row, field);
  }
}

type Column<T> = (verdicts: VerdictBatch) => T;

const word =
  (words: readonly string[], values: Column<Uint8Array>): TextCell =>
  (_, verdicts, row) =>
    wordOf(words, values(verdicts)[row]);

/** Columns that are null for records that are decoded and attributed but never judged. */
const judged =
  (cell: TextCell): TextCell =>
  (flow, verdicts, row) =>
    flow.judged ? cell(flow, verdicts, row) : null;

const judgedWord = (words: readonly string[], values: Column<Uint8Array>): TextCell => judged(word(words, values));

const WORD_CELLS = {
  direction: word(DIRECTION, (v) => v.direction),
  role: word(ROLE, (v) => v.role),
  role_basis: word(ROLE_BASIS, (v) => v.roleBasis),
  src_kind: word(KIND, (v) => v.srcKind),
  dst_kind: word(KIND, (v) => v.dstKind),
  src_attribution: word(ATTRIBUTION, (v) => v.srcAttribution),
  dst_attribution: word(ATTRIBUTION, (v) => v.dstAttribution),
  sg_verdict: judgedWord(VERDICT, (v) => v.sgVerdict),
  nacl_verdict: judgedWord(VERDICT, (v) => v.naclVerdict),
  policy_verdict: judgedWord(VERDICT, (v) => v.policyVerdict),
  policy_rule: () => null,
  route_kind: judgedWord(ROUTE_KIND, (v) => v.routeKind),
  predicted: judgedWord(VERDICT, (v) => v.predicted),
  drift: judgedWord(DRIFT, (v) => v.drift),
  drift_cause: judgedWord(DRIFT_CAUSE, (v) => v.driftCause),
  path: word(PATH, (v) => v.path),
} satisfies Partial<Record<AddedName, TextCell>>;

function addedCells(context: RowContext): Readonly<Record<AddedName, TextCell>> {
  const { names, versionLabels } = context;
  const namesOf = (v: VerdictBatch, row: number): Names | undefined => names[v.version[row] ?? 0];
  const rule = (values: Column<Int32Array>): TextCell =>
    judged((_, v, row) => ruleText(namesOf(v, row), values(v)[row]));
  const route = (table: 'routeTarget' | 'routePrefix'): TextCell =>
    judged((_, v, row) => {
      const rule = v.route[row] ?? NO_RULE;
      if (rule === NO_ROUTER) return NO_INDEX[table];
      return v.routeKind[row] === 0 ? null : (namesOf(v, row)?.[table][rule] ?? null);
    });
  const owner =
    (side: Side, key: keyof OwnerNames): TextCell =>
    (_, v, row) => {
      const [kind, index] = side === 'src' ? [v.srcKind[row], v.srcOwner[row]] : [v.dstKind[row], v.dstOwner[row]];
      return ownerNames(namesOf(v, row), kind ?? 0, index ?? -1)[key];
    };
  const service =
    (side: Side): TextCell =>
    (flow, v, row) =>
      servedName(namesOf(v, row), (side === 'src' ? v.srcService : v.dstService)[row] ?? -1) ??
      owner(side, 'service')(flow, v, row);
  const effective =
    (side: Side): TextCell =>
    (flow, v, row) => {
      const paired = pairedAddress(v, row, side);
      if (paired >= 0) return formatIpv4(paired);
      const field = effectiveField(flow, v, row, side);
      return field === null ? null : addressText(flow, row, field);
    };
  const candidates = (side: Side): TextCell => {
    const joined = new WeakMap<readonly string[], string>();
    return (_, v, row) => {
      const list = candidatesOf(context, v, row, side);
      if (list === null) return null;
      const text = joined.get(list) ?? list.join(';');
      joined.set(list, text);
      return text;
    };
  };
  return {
    ...WORD_CELLS,
    src_addr: effective('src'),
    dst_addr: effective('dst'),
    src_namespace: owner('src', 'namespace'),
    src_pod: owner('src', 'pod'),
    src_workload: owner('src', 'workload'),
    src_node: owner('src', 'node'),
    src_service: service('src'),
    dst_namespace: owner('dst', 'namespace'),
    dst_pod: owner('dst', 'pod'),
    dst_workload: owner('dst', 'workload'),
    dst_node: owner('dst', 'node'),
    dst_service: service('dst'),
    src_candidates: candidates('src'),
    dst_candidates: candidates('dst'),
    sg_rule: rule((v) => v.sgRule),
    nacl_rule: rule((v) => v.naclRule),
    route_target: route('routeTarget'),
    route_prefix: route('routePrefix'),
    decided_by: rule((v) => v.decidedBy),
    inventory_version: (_, v, row) => versionLabels[v.version[row] ?? 0] ?? null,
    agreeing_version: judged((_, v, row) => versionLabels[(v.agreeing[row] ?? 0) - 1] ?? null),
  };
}

/** Known fields that the inputs' first headers did not have. */
function lateFields(context: RowContext): readonly (readonly [string, TypedField])[] {
  return [...TYPED_FIELDS].filter(([name]) => !context.taken.has(name));
}

/** Their bits of `FlowBatch.present`. */
export function lateBits(context: RowContext): number {
  return lateFields(context).reduce((bits, [, field]) => bits | field.bit, 0);
}

/** False when no row of a batch has anything for `extra`; `late` are the bits of lateBits. */
export function mayHaveExtra(flow: FlowBatch, { unplaced, ownExtra }: CarriedFields, late: number): boolean {
  if (unplaced.length > 0 || ownExtra !== undefined) return true;
  const { present, rows } = flow;
  let bits = 0;
  if (late !== 0) for (let row = 0; row < rows; row++) bits |= present[row] ?? 0;
  return (bits & late) !== 0;
}

/**
 * JSON object of what the record has and no column takes: carried fields that appear later, and known fields that the
 * inputs' first headers did not have; in front the members it had when flowtrie wrote it. Null when there is none.
 * Numbers stay exact literals.
 */
export function extraCell(context: RowContext, carried: CarriedFields): TextCell {
  const late = lateFields(context);
  const bits = lateBits(context);
  const cells = late.map(([name, field]) => ({
    key: JSON.stringify(name),
    quoted: field.kind !== 'number' && field.kind !== 'u64',
    cell: typedCell(field, context),
  }));
  return (flow, verdicts, row) => {
    const hasLate = ((flow.present[row] ?? 0) & bits) !== 0;
    const own = carriedText(flow, carried.ownExtra, row);
    if (!hasLate && carried.unplaced.length === 0 && own === null) return null;
    const parts = own === null ? [] : ownMembers(own);
    for (const { key, quoted, cell } of cells) {
      const text = cell(flow, verdicts, row);
      if (text !== null) parts.push(`${key}:${quoted ? JSON.stringify(text) : text}`);
    }
    for (const { name, column } of carried.unplaced) {
      const text = carriedText(flow, column, row);
      if (text === null) continue;
      const max = CARRIED_NUMBERS.get(name);
      const digits = max === undefined ? null : carriedDigits(text, max);
      parts.push(`${JSON.stringify(name)}:${digits ?? JSON.stringify(text)}`);
    }
    return parts.length === 0 ? null : `{${parts.join(',')}}`;
  };
}

/** The members of an `extra` that was read, as they stand there; what is no JSON object is one text. */
function ownMembers(text: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`"extra":${JSON.stringify(text)}`];
  const members = text.trim().slice(1, -1).trim();
  return members === '' ? [] : [members.replaceAll('\n', ' ')];
}
