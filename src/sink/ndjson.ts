import { strict as assert } from 'node:assert';
import { type FlowBatch, V6_WORDS } from '../model/flow.ts';
import type { Names } from '../model/names.ts';
import {
  ATTRIBUTION,
  Attribution,
  DIRECTION,
  DRIFT,
  DRIFT_CAUSE,
  IMPLICIT_DENY,
  KIND,
  Kind,
  NO_RULE,
  PATH,
  ROLE,
  ROLE_BASIS,
  ROUTE_KIND,
  VERDICT,
  type VerdictBatch,
} from '../model/verdict.ts';
import { CARRIED_NUMBERS, carriedDigits, extraCell } from './cells.ts';
import { ADDED_NAMES, type AddedName, type OutputColumn } from './columns.ts';
import { JsonBytes } from './json-bytes.ts';
import type { BatchEncoder } from './part.ts';
import {
  type AddressField,
  CarriedFields,
  candidatesOf,
  carriedText,
  effectiveField,
  ownerNames,
  type RowContext,
  ruleText,
  type Side,
  TYPED_FIELDS,
  type TypedField,
  wordOf,
} from './rows.ts';

/** Writes one or more neighbouring columns of a row, `,"name":value` each. */
type Piece = (out: JsonBytes, flow: FlowBatch, verdicts: VerdictBatch, row: number) => void;

type Value = string | null | readonly string[];

/** `,"a":"x","b":null` as bytes: everything about a row that depends on one index is such a fragment, made once. */
function fragment(members: Readonly<Record<string, Value>>): Uint8Array {
  const text = Object.entries(members).map(([name, value]) => `,${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return Buffer.from(text.join(''));
}

/** `,"name":` as bytes. */
function keyOf(name: string): Uint8Array {
  return Buffer.from(`,${JSON.stringify(name)}:`);
}

const ROW_START = '{'.charCodeAt(0);
const ROW_END = Buffer.from('}\n');

/**
 * NDJSON: one object a row, every column a key in column order, absent = null, 64-bit integers as exact literals.
 * The bytes it returns are valid until the next call.
 */
export function ndjsonEncoder(context: RowContext): BatchEncoder {
  const carried = new CarriedFields(context.columns);
  const pieces = rowPieces(context, carried);
  const out = new JsonBytes();
  return {
    encode(flow, verdicts) {
      carried.bind(flow);
      for (let row = 0; row < flow.rows; row++) {
        const start = out.length;
        for (const piece of pieces) piece(out, flow, verdicts, row);
        // the comma of the first column opens the object
        out.replace(start, ROW_START);
        out.raw(ROW_END);
      }
      return out.take();
    },
  };
}

function rowPieces(context: RowContext, carried: CarriedFields): readonly Piece[] {
  const { columns } = context;
  const first = columns.findIndex((column) => column.source === 'verdict');
  const added = columns.filter((column) => column.source === 'verdict').map((column) => column.name);
  assert.deepEqual(added, ADDED_NAMES, 'added columns are fixed');
  const piece = (column: OutputColumn, i: number): Piece => inputPiece(column, i, context, carried);
  return [
    ...columns.slice(0, first).map(piece),
    ...addedPieces(context),
    ...columns.slice(first + added.length).map((column, i) => piece(column, first + added.length + i)),
  ];
}

function inputPiece(column: OutputColumn, index: number, context: RowContext, carried: CarriedFields): Piece {
  const key = keyOf(column.name);
  const none = fragment({ [column.name]: null });
  if (column.source === 'extra') {
    const extra = extraCell(context, carried);
    return (out, flow, verdicts, row) => {
      const text = extra(flow, verdicts, row);
      if (text === null) return out.raw(none);
      out.raw(key);
      out.json(text);
    };
  }
  const typed = TYPED_FIELDS.get(column.name);
  if (typed !== undefined) return typedPiece(column.name, typed, context);
  const max = CARRIED_NUMBERS.get(column.name);
  return (out, flow, _, row) => {
    const source = carried.placed[index];
    const length = source === undefined ? 0 : source.length[row]!;
    if (source === undefined || length === 0) return out.raw(none);
    if (max === undefined) {
      out.raw(key);
      return out.text(flow.text, source.offset[row]!, length);
    }
    const digits = carriedDigits(carriedText(flow, source, row), max);
    if (digits === null) return out.raw(none);
    out.raw(key);
    out.json(digits);
  };
}

function typedPiece(name: string, field: TypedField, context: RowContext): Piece {
  const key = keyOf(name);
  const none = fragment({ [name]: null });
  const { bit } = field;
  switch (field.kind) {
    case 'number':
      return (out, flow, _, row) => {
        if ((flow.present[row]! & bit) === 0) return out.raw(none);
        out.raw(key);
        out.u32(field.values(flow)[row]!);
      };
    case 'u64':
      return (out, flow, _, row) => {
        if ((flow.present[row]! & bit) === 0) return out.raw(none);
        const halves = field.values(flow);
        out.raw(key);
        out.u64(halves[2 * row]!, halves[2 * row + 1]!);
      };
    case 'address':
      return (out, flow, _, row) => {
        if ((flow.present[row]! & bit) === 0) return out.raw(none);
        out.raw(key);
        writeAddress(out, flow, row, field);
      };
    case 'word': {
      const words = field.words.map((_, code) => fragment({ [name]: wordOf(field.words, code) }));
      return (out, flow, _, row) => {
        out.raw((flow.present[row]! & bit) === 0 ? none : words[field.values(flow)[row]!]!);
      };
    }
    case 'interface': {
      const ids: Uint8Array[] = [];
      return (out, flow, _, row) => {
        if ((flow.present[row]! & bit) === 0) return out.raw(none);
        const code = flow.interfaceId[row]!;
        ids[code] ??= fragment({ [name]: context.interfaceName(code) });
        out.raw(ids[code]);
      };
    }
  }
}

function writeAddress(out: JsonBytes, flow: FlowBatch, row: number, field: AddressField): void {
  if ((flow.present[row]! & field.v6Bit) === 0) {
    out.ipv4(field.values(flow)[row]!);
    return;
  }
  const at = row * V6_WORDS.perRow + field.v6Word;
  const { v6 } = flow;
  out.ipv6(v6[at]!, v6[at + 1]!, v6[at + 2]!, v6[at + 3]!);
}

/** The added columns in contract order; rows that are never judged have one fragment of nulls for the verdicts. */
function addedPieces(context: RowContext): readonly Piece[] {
  const judged: readonly Piece[] = [
    wordsPiece([
      ['sg_verdict', VERDICT, (v) => v.sgVerdict],
      ['nacl_verdict', VERDICT, (v) => v.naclVerdict],
      ['policy_verdict', VERDICT, (v) => v.policyVerdict],
    ]),
    rulePiece('sg_rule', context, (v) => v.sgRule),
    rulePiece('nacl_rule', context, (v) => v.naclRule),
    routePiece(context),
    wordsPiece([['predicted', VERDICT, (v) => v.predicted]]),
    rulePiece('decided_by', context, (v) => v.decidedBy),
    wordsPiece([
      ['drift', DRIFT, (v) => v.drift],
      ['drift_cause', DRIFT_CAUSE, (v) => v.driftCause],
    ]),
  ];
  const unjudged = ADDED_NAMES.slice(ADDED_NAMES.indexOf('sg_verdict'), ADDED_NAMES.indexOf('path'));
  const nulls = fragment(Object.fromEntries(unjudged.map((name) => [name, null])));
  return [
    wordsPiece([
      ['direction', DIRECTION, (v) => v.direction],
      ['role', ROLE, (v) => v.role],
      ['role_basis', ROLE_BASIS, (v) => v.roleBasis],
    ]),
    effectivePiece('src_addr', 'src'),
    effectivePiece('dst_addr', 'dst'),
    wordsPiece([
      ['src_kind', KIND, (v) => v.srcKind],
      ['dst_kind', KIND, (v) => v.dstKind],
    ]),
    ownerPiece(context, 'src'),
    ownerPiece(context, 'dst'),
    wordsPiece([
      ['src_attribution', ATTRIBUTION, (v) => v.srcAttribution],
      ['dst_attribution', ATTRIBUTION, (v) => v.dstAttribution],
    ]),
    candidatesPiece(context),
    (out, flow, verdicts, row) => {
      if (!flow.judged) return out.raw(nulls);
      for (const piece of judged) piece(out, flow, verdicts, row);
    },
    wordsPiece([['path', PATH, (v) => v.path]]),
    versionsPiece(context),
  ];
}

/** The version that judged the row, and the one that explains an unexpected action: one fragment for each pair. */
function versionsPiece({ versionLabels }: RowContext): Piece {
  const fragments: Uint8Array[] = [];
  return (out, _, verdicts, row) => {
    const version = verdicts.version[row]!;
    const agreeing = verdicts.agreeing[row]!;
    const code = version * (versionLabels.length + 1) + agreeing;
    fragments[code] ??= fragment({
      inventory_version: versionLabels[version] ?? null,
      agreeing_version: versionLabels[agreeing - 1] ?? null,
    } satisfies Members);
    out.raw(fragments[code]!);
  };
}

type Members = Partial<Record<AddedName, Value>>;
type WordColumn = readonly [name: AddedName, words: readonly string[], values: (v: VerdictBatch) => Uint8Array];

/** Columns of closed words: one fragment for each combination that occurs (at most 600). */
function wordsPiece(columns: readonly WordColumn[]): Piece {
  const fragments: Uint8Array[] = [];
  return (out, _, verdicts, row) => {
    let code = 0;
    for (const [, words, values] of columns) code = code * words.length + values(verdicts)[row]!;
    fragments[code] ??= fragment(
      Object.fromEntries(columns.map(([name, words, values]) => [name, wordOf(words, values(verdicts)[row])])),
    );
    out.raw(fragments[code]!);
  };
}

function effectivePiece(name: AddedName, side: Side): Piece {
  const key = keyOf(name);
  const none = fragment({ [name]: null });
  return (out, flow, verdicts, row) => {
    const field = effectiveField(flow, verdicts, row, side);
    if (field === null) return out.raw(none);
    out.raw(key);
    writeAddress(out, flow, row, field);
  };
}

/** The five name columns of a side: one fragment for each pod and interface. */
function ownerPiece(context: RowContext, side: Side): Piece {
  const make = (names: Names | undefined, kind: number, owner: number): Uint8Array => {
    const found = Object.entries(ownerNames(names, kind, owner));
    return fragment(Object.fromEntries(found.map(([name, value]) => [`${side}_${name}`, value])));
  };
  const nobody = make(undefined, Kind.unknown, -1);
  const pods: Uint8Array[][] = context.names.map(() => []);
  const enis: Uint8Array[][] = context.names.map(() => []);
  return (out, _, verdicts, row) => {
    const owner = side === 'src' ? verdicts.srcOwner[row]! : verdicts.dstOwner[row]!;
    if (owner < 0) return out.raw(nobody);
    const kind = side === 'src' ? verdicts.srcKind[row]! : verdicts.dstKind[row]!;
    const version = verdicts.version[row]!;
    const cache = (kind === Kind.pod ? pods : enis)[version]!;
    cache[owner] ??= make(context.names[version], kind, owner);
    out.raw(cache[owner]);
  };
}

function candidatesPiece(context: RowContext): Piece {
  const none = fragment({ src_candidates: null, dst_candidates: null } satisfies Members);
  return (out, _, verdicts, row) => {
    const { srcAttribution, dstAttribution } = verdicts;
    if (srcAttribution[row] !== Attribution.candidates && dstAttribution[row] !== Attribution.candidates) {
      return out.raw(none);
    }
    const lists = {
      src_candidates: candidatesOf(context, verdicts, row, 'src'),
      dst_candidates: candidatesOf(context, verdicts, row, 'dst'),
    } satisfies Members;
    out.raw(fragment(lists));
  };
}

/** A rule column: one fragment for each rule. `nacl_rule` brings `policy_rule`, which no layer fills yet. */
function rulePiece(
  name: 'sg_rule' | 'nacl_rule' | 'decided_by',
  context: RowContext,
  values: (v: VerdictBatch) => Int32Array,
): Piece {
  const make = (names: Names | undefined, rule: number): Uint8Array => {
    const members = { [name]: ruleText(names, rule) };
    return fragment(name === 'nacl_rule' ? { ...members, policy_rule: null } : members);
  };
  const none = make(undefined, NO_RULE);
  const implicit = make(undefined, IMPLICIT_DENY);
  const rules: Uint8Array[][] = context.names.map(() => []);
  return (out, _, verdicts, row) => {
    const rule = values(verdicts)[row]!;
    if (rule < 0) return out.raw(rule === IMPLICIT_DENY ? implicit : none);
    const version = verdicts.version[row]!;
    const cache = rules[version]!;
    cache[rule] ??= make(context.names[version], rule);
    out.raw(cache[rule]);
  };
}

/** The three route columns: one fragment for each (version, route, kind) that occurs. */
function routePiece(context: RowContext): Piece {
  const make = (names: Names | undefined, kind: number, route: number): Uint8Array =>
    fragment({
      route_kind: wordOf(ROUTE_KIND, kind),
      route_target: names?.routeTarget[route] ?? null,
      route_prefix: names?.routePrefix[route] ?? null,
    } satisfies Members);
  const none = make(undefined, 0, -1);
  const routes: Map<number, Uint8Array>[] = context.names.map(() => new Map());
  return (out, _, verdicts, row) => {
    const kind = verdicts.routeKind[row]!;
    if (kind === 0) return out.raw(none);
    const version = verdicts.version[row]!;
    const route = verdicts.route[row]!;
    const key = (route + 1) * ROUTE_KIND.length + kind;
    let found = routes[version]!.get(key);
    if (found === undefined) {
      found = make(context.names[version], kind, route);
      routes[version]!.set(key, found);
    }
    out.raw(found);
  };
}
