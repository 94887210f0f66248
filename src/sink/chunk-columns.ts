import { strict as assert } from 'node:assert';
import type { FlowBatch } from '../model/flow.ts';
import {
  ATTRIBUTION,
  DIRECTION,
  DRIFT,
  DRIFT_CAUSE,
  KIND,
  PATH,
  ROLE,
  ROLE_BASIS,
  ROUTE_KIND,
  VERDICT,
  type VerdictBatch,
} from '../model/verdict.ts';
import type { BatchIds } from './batch-ids.ts';
import { CARRIED_NUMBERS, extraCell } from './cells.ts';
import { CodesColumn, type IdSource, ListsColumn } from './chunk-codes.ts';
import type { ChunkColumn } from './chunk-data.ts';
import { ByteIds } from './chunk-ids.ts';
import { CarriedNumbers, PlainNumbers } from './chunk-numbers.ts';
import { TextsColumn } from './chunk-texts.ts';
import type { AddedName, OutputColumn } from './columns.ts';
import {
  type AddressName,
  type CarriedFields,
  candidatesOf,
  type RowContext,
  type Side,
  TYPED_FIELDS,
  wordOf,
} from './rows.ts';

/** The column under construction of an output column; `carried` is bound to each batch before its rows are appended. */
export function chunkColumn(
  column: OutputColumn,
  index: number,
  context: RowContext,
  carried: CarriedFields,
): ChunkColumn {
  if (column.source === 'verdict') return addedColumn(column.name as AddedName, context);
  if (column.source === 'extra') {
    const extra = extraCell(context, carried);
    return new TextsColumn((texts, flow, verdicts) => {
      for (let row = 0; row < flow.rows; row++) texts.add(extra(flow, verdicts, row));
    });
  }
  const typed = TYPED_FIELDS.get(column.name);
  if (column.source === 'unknown') {
    return new TextsColumn((texts, flow) => {
      const source = carried.placed[index];
      for (let row = 0; row < flow.rows; row++)
        texts.addBytes(flow.text, source?.offset[row] ?? 0, source?.length[row] ?? 0);
    });
  }
  if (typed === undefined) {
    const max = CARRIED_NUMBERS.get(column.name);
    if (max === undefined) return new CodesColumn(carriedSource(carried, index));
    return new CarriedNumbers(column.type, () => carried.placed[index]);
  }
  switch (typed.kind) {
    case 'number':
    case 'u64':
      return new PlainNumbers(column.type, typed);
    case 'word':
      return new CodesColumn(wordSource(typed.words, (flow) => typed.values(flow), typed.bit));
    case 'interface':
      return new CodesColumn(interfaceSource(context, typed.bit));
    case 'address':
      return new CodesColumn(addressSource((ids) => ids.address(column.name as AddressName)));
  }
}

type Values = (verdicts: VerdictBatch) => Uint8Array;

/** Columns of closed words: table, values, and whether rows that are never judged have none. */
const WORDS: Partial<Readonly<Record<AddedName, readonly [words: readonly string[], values: Values, judged?: true]>>> =
  {
    direction: [DIRECTION, (v) => v.direction],
    role: [ROLE, (v) => v.role],
    role_basis: [ROLE_BASIS, (v) => v.roleBasis],
    src_kind: [KIND, (v) => v.srcKind],
    dst_kind: [KIND, (v) => v.dstKind],
    src_attribution: [ATTRIBUTION, (v) => v.srcAttribution],
    dst_attribution: [ATTRIBUTION, (v) => v.dstAttribution],
    sg_verdict: [VERDICT, (v) => v.sgVerdict, true],
    nacl_verdict: [VERDICT, (v) => v.naclVerdict, true],
    policy_verdict: [VERDICT, (v) => v.policyVerdict, true],
    route_kind: [ROUTE_KIND, (v) => v.routeKind, true],
    predicted: [VERDICT, (v) => v.predicted, true],
    drift: [DRIFT, (v) => v.drift, true],
    drift_cause: [DRIFT_CAUSE, (v) => v.driftCause, true],
    path: [PATH, (v) => v.path],
  };

const RULES: Partial<Readonly<Record<AddedName, (verdicts: VerdictBatch) => Int32Array>>> = {
  sg_rule: (v) => v.sgRule,
  nacl_rule: (v) => v.naclRule,
  decided_by: (v) => v.decidedBy,
};

function addedColumn(name: AddedName, context: RowContext): ChunkColumn {
  const words = WORDS[name];
  if (words !== undefined) {
    const [table, values, judged] = words;
    return new CodesColumn(wordSource(table, (_, verdicts) => values(verdicts), null, judged));
  }
  const rules = RULES[name];
  if (rules !== undefined) return new CodesColumn(ruleSource(name, 'rules', rules));
  switch (name) {
    case 'src_addr':
    case 'dst_addr':
      return new CodesColumn(addressSource((ids) => ids.effective(name === 'src_addr' ? 'src' : 'dst')));
    case 'src_candidates':
    case 'dst_candidates': {
      const side = name === 'src_candidates' ? 'src' : 'dst';
      return new ListsColumn((verdicts, row) => candidatesOf(context, verdicts, row, side));
    }
    case 'route_target':
      return new CodesColumn(ruleSource('route', 'routeTarget', (v) => v.route));
    case 'route_prefix':
      return new CodesColumn(ruleSource('route', 'routePrefix', (v) => v.route));
    case 'inventory_version':
      return new CodesColumn({
        size: () => context.versionLabels.length,
        ids: (_, verdicts) => verdicts.version,
        text: (id) => context.versionLabels[id] ?? null,
      });
    case 'agreeing_version':
      return new CodesColumn({
        size: () => context.versionLabels.length + 1,
        ids: (_, verdicts) => verdicts.agreeing,
        text: (id) => context.versionLabels[id - 1] ?? null,
      });
    case 'policy_rule':
      return new CodesColumn({ size: () => 1, ids: (flow) => new Uint8Array(flow.rows), text: () => null });
    default: {
      const match = /^(src|dst)_(namespace|pod|workload|node|service)$/.exec(name);
      if (match?.[2] === 'service') return new CodesColumn(serviceSource(match[1] === 'src' ? 'src' : 'dst'));
      assert(match !== null, `no column ${name}`);
      const side = match[1] as 'src' | 'dst';
      const key = match[2] as 'namespace' | 'pod' | 'workload' | 'node';
      return new CodesColumn({
        size: (ids) => ids.owners,
        ids: (_flow, _verdicts, ids) => ids.owner(side),
        text: (id, ids) => ids.ownerText(id, key),
      });
    }
  }
}

/** What answers at the side's port, else what its interface is. */
function serviceSource(side: Side): IdSource {
  return {
    size: (ids) => ids.owners + ids.services,
    ids: (_flow, _verdicts, ids) => ids.service(side),
    text: (id, ids) => (id < ids.owners ? ids.ownerText(id, 'service') : ids.serviceText(id)),
  };
}

/** Words of a table; the code one above the table stands for null. */
function wordSource(
  words: readonly string[],
  values: (flow: FlowBatch, verdicts: VerdictBatch) => Uint8Array,
  bit: number | null,
  judged = false,
): IdSource {
  const none = words.length;
  let masked = new Uint8Array(0);
  return {
    size: () => none + 1,
    ids: (flow, verdicts) => {
      const codes = values(flow, verdicts);
      if (bit === null && (!judged || flow.judged)) return codes;
      if (masked.length < flow.rows) masked = new Uint8Array(flow.capacity);
      for (let i = 0; i < flow.rows; i++) masked[i] = bit !== null && (flow.present[i]! & bit) !== 0 ? codes[i]! : none;
      return masked;
    },
    text: (id) => (id === none ? null : wordOf(words, id)),
  };
}

function addressSource(column: (ids: BatchIds) => Int32Array): IdSource {
  return {
    ids: (_flow, _verdicts, ids) => column(ids),
    size: (ids) => ids.addresses.size,
    text: (id, ids) => ids.addresses.text(id),
    distinct: true,
  };
}

function ruleSource(
  name: string,
  table: 'rules' | 'routeTarget' | 'routePrefix',
  values: (verdicts: VerdictBatch) => Int32Array,
): IdSource {
  return {
    size: (ids) => ids.rules,
    ids: (_flow, _verdicts, ids) => ids.rule(name, values),
    text: (id, ids) => ids.ruleText(id, table),
  };
}

function interfaceSource(context: RowContext, bit: number): IdSource {
  let plusOne = new Int32Array(0);
  let size = 1;
  return {
    ids: (flow) => {
      if (plusOne.length < flow.rows) plusOne = new Int32Array(flow.capacity);
      for (let i = 0; i < flow.rows; i++) {
        const id = (flow.present[i]! & bit) !== 0 ? flow.interfaceId[i]! + 1 : 0;
        plusOne[i] = id;
        if (id >= size) size = id + 1;
      }
      return plusOne;
    },
    size: () => size,
    text: (id) => (id === 0 ? null : context.interfaceName(id - 1)),
    distinct: true,
  };
}

function carriedSource(carried: CarriedFields, index: number): IdSource {
  const values = new ByteIds();
  let ids = new Int32Array(0);
  return {
    ids: (flow) => {
      if (ids.length < flow.rows) ids = new Int32Array(flow.capacity);
      const source = carried.placed[index];
      if (source === undefined) ids.fill(0, 0, flow.rows);
      else values.number(flow.text, source.offset, source.length, flow.rows, ids);
      return ids;
    },
    size: () => values.size,
    text: (id) => values.text(id),
    reset: () => values.reset(),
    bytes: () => values.byteLength,
  };
}
