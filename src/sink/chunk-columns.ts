import { strict as assert } from 'node:assert';
import type { VerdictBatch } from '../model/verdict.ts';
import { ADDED_RULES, ADDED_WORDS } from './added-values.ts';
import { type CarriedText, carriedSource } from './carried-ids.ts';
import { CARRIED_NUMBERS, extraCell, lateBits, mayHaveExtra } from './cells.ts';
import { CandidatesColumn, CodesColumn, type IdSource } from './chunk-codes.ts';
import type { ChunkColumn } from './chunk-column.ts';
import { IdValues } from './chunk-dictionary.ts';
import type { ChunkIds } from './chunk-ids.ts';
import { CarriedNumbers, PlainNumbers } from './chunk-numbers.ts';
import { TextsColumn } from './chunk-texts.ts';
import { WordsColumn } from './chunk-words.ts';
import type { ColumnMemory } from './column-memory.ts';
import type { AddedName, OutputColumn } from './columns.ts';
import { type AddressName, type CarriedFields, type RowContext, type Side, TYPED_FIELDS } from './rows.ts';
import { isWordName } from './words.ts';

/** The column under construction of an output column; `carried` is bound to each batch before its rows are appended. */
export function chunkColumn(
  column: OutputColumn,
  index: number,
  context: RowContext,
  carried: CarriedFields,
  carriedText: CarriedText,
  memory: ColumnMemory,
): ChunkColumn {
  if (column.source === 'verdict') return addedColumn(column.name as AddedName, context, memory);
  if (column.source === 'extra') return extraColumn(context, carried);
  if (column.source === 'unknown') {
    return new TextsColumn((texts, flow) => {
      const source = carried.placed[index];
      if (source === undefined) return texts.addNulls(flow.rows);
      for (let row = 0; row < flow.rows; row++) texts.addBytes(flow.text, source.offset[row]!, source.length[row]!);
    });
  }
  const typed = TYPED_FIELDS.get(column.name);
  if (typed === undefined) {
    if (!CARRIED_NUMBERS.has(column.name)) {
      return new CodesColumn(carriedSource(carried, carriedText, index, memory));
    }
    return new CarriedNumbers(column.type, memory, () => carried.placed[index]);
  }
  switch (typed.kind) {
    case 'number':
    case 'u64':
      return new PlainNumbers(column.type, memory, typed);
    case 'word':
      assert(isWordName(column.name));
      return new WordsColumn(column.name, memory, (flow) => typed.values(flow), typed.bit);
    case 'interface':
      return new CodesColumn(interfaceSource(context, typed.bit, memory));
    case 'address':
      return new CodesColumn(addressSource((ids) => ids.address(column.name as AddressName)));
  }
}

function extraColumn(context: RowContext, carried: CarriedFields): ChunkColumn {
  const extra = extraCell(context, carried);
  const late = lateBits(context);
  return new TextsColumn((texts, flow, verdicts) => {
    if (!mayHaveExtra(flow, carried, late)) return texts.addNulls(flow.rows);
    for (let row = 0; row < flow.rows; row++) texts.add(extra(flow, verdicts, row));
  });
}

function addedColumn(name: AddedName, context: RowContext, memory: ColumnMemory): ChunkColumn {
  const words = ADDED_WORDS[name];
  if (words !== undefined) {
    const [values, rule] = words;
    assert(isWordName(name), `${name} has no table of words`);
    return new WordsColumn(name, memory, (_, verdicts) => values(verdicts), rule);
  }
  const rules = ADDED_RULES[name];
  if (rules !== undefined) return new CodesColumn(ruleSource(name, 'rules', rules));
  switch (name) {
    case 'src_addr':
    case 'dst_addr':
      return new CodesColumn(addressSource((ids) => ids.effective(name === 'src_addr' ? 'src' : 'dst')));
    case 'src_candidates':
    case 'dst_candidates':
      return new CandidatesColumn(
        name === 'src_candidates' ? 'src' : 'dst',
        (verdicts, row, side) => context.candidates(verdicts.version[row] ?? 0, row, side),
        memory.kernel,
      );
    case 'route_target':
      return new CodesColumn(ruleSource('route', 'routeTarget', (v) => v.route));
    case 'route_prefix':
      return new CodesColumn(ruleSource('route', 'routePrefix', (v) => v.route));
    case 'inventory_version':
    case 'agreeing_version':
      return new CodesColumn(versionSource(name));
    case 'policy_rule':
      return new CodesColumn(nothingSource(name, memory));
    default: {
      const match = /^(src|dst)_(namespace|pod|workload|node|service)$/.exec(name);
      assert(match !== null, `no column ${name}`);
      const side = match[1] as 'src' | 'dst';
      const key = match[2] as 'namespace' | 'pod' | 'workload' | 'node' | 'service';
      if (key === 'service') return new CodesColumn(serviceSource(side));
      return new CodesColumn({
        ids: (_flow, _verdicts, ids) => ids.owner(side),
        texts: (ids) => {
          const values = ids.valuesOf(key, (id) => ids.ownerText(id, key));
          return { kind: 'shared', values, size: ids.owners };
        },
      });
    }
  }
}

/** The Service that answers at the side's port, else what its interface is. */
function serviceSource(side: Side): IdSource {
  return {
    ids: (_flow, _verdicts, ids) => ids.service(side),
    texts: (ids) => {
      const values = ids.valuesOf('service', (id) => ids.serviceText(id));
      return { kind: 'shared', values, size: ids.owners + ids.services };
    },
  };
}

/** Labels of inventory versions. */
function versionSource(name: 'inventory_version' | 'agreeing_version'): IdSource {
  return {
    ids: (_flow, _verdicts, ids) => ids.version(name),
    texts: (ids) => {
      const values = ids.valuesOf(name, (id) => ids.versionText(name, id));
      return { kind: 'shared', values, size: ids.versions };
    },
  };
}

/** Null in every row. */
function nothingSource(name: string, memory: ColumnMemory): IdSource {
  const values = new IdValues(memory, () => null);
  return {
    ids: (_flow, _verdicts, ids) =>
      ids.column(name, ({ rows }, _, column, at) => {
        memory.kernel.fill(column.byteOffset + 4 * at, 0, 4 * rows);
      }),
    texts: () => ({ kind: 'shared', values, size: 1 }),
  };
}

function addressSource(column: (ids: ChunkIds) => Int32Array): IdSource {
  return {
    ids: (_flow, _verdicts, ids) => column(ids),
    texts: ({ addresses }) => ({ kind: 'distinct', texts: addresses.texts }),
  };
}

function ruleSource(
  name: string,
  table: 'rules' | 'routeTarget' | 'routePrefix',
  values: (verdicts: VerdictBatch) => Int32Array,
): IdSource {
  return {
    ids: (_flow, _verdicts, ids) => ids.rule(name, values),
    texts: (ids) => ({
      kind: 'shared',
      values: ids.valuesOf(table, (id) => ids.ruleText(id, table)),
      size: ids.rules,
    }),
  };
}

function interfaceSource(context: RowContext, bit: number, memory: ColumnMemory): IdSource {
  const values = new IdValues(memory, (id) => (id === 0 ? null : context.interfaceName(id - 1)));
  return {
    ids: (_flow, _verdicts, ids) => ids.interface(bit),
    texts: (ids) => ({ kind: 'shared', values, size: ids.interfaces }),
    // the next task may number its interfaces anew
    reset: () => values.clear(),
  };
}
