import { strict as assert } from 'node:assert';
import type { FlowBatch } from '../model/flow.ts';
import { Attribution } from '../model/verdict.ts';
import { ADDED_RULES, ADDED_WORDS } from './added-values.ts';
import { CarriedIds, type CarriedText } from './carried-ids.ts';
import { CARRIED_NUMBERS, carriedDigits, extraCell, lateBits, mayHaveExtra } from './cells.ts';
import { IdValues } from './chunk-dictionary.ts';
import type { ChunkIds } from './chunk-ids.ts';
import type { ColumnMemory } from './column-memory.ts';
import type { AddedName, OutputColumn } from './columns.ts';
import {
  AddressMember,
  EffectiveMember,
  IdMember,
  type JsonIds,
  type JsonMember,
  members,
  NumberMember,
  nothing,
  type RowText,
  RowTextMember,
  WordMember,
} from './json-members.ts';
import type { JsonPlace } from './json-place.ts';
import { type CarriedFields, candidatesOf, type OwnerNames, type RowContext, type Side, TYPED_FIELDS } from './rows.ts';
import { isWordName, WORD_TABLES } from './words.ts';

/** Bytes of a carried field's distinct values after which they are forgotten. */
const CARRIED_BYTES_MAX = 1024 * 1024;

/** What members are made from. */
export interface JsonParts {
  readonly context: RowContext;
  readonly memory: ColumnMemory;
  readonly ids: ChunkIds;
  /** Bound to a batch before its rows are written. */
  readonly carried: CarriedFields;
  readonly carriedText: CarriedText;
}

/** How many of the columns from `from` on one member writes: the names of one owner stand side by side. */
export function columnsOfMember(columns: readonly OutputColumn[], from: number): number {
  const side = ownerColumn(columns[from])?.side;
  if (side === undefined) return 1;
  const end = columns.findIndex((column, i) => i > from && ownerColumn(column)?.side !== side);
  return (end < 0 ? columns.length : end) - from;
}

function ownerColumn(column: OutputColumn | undefined): { side: Side; key: keyof OwnerNames } | null {
  if (column === undefined || column.source !== 'verdict') return null;
  const match = /^(src|dst)_(namespace|pod|workload|node)$/.exec(column.name);
  return match === null ? null : { side: match[1] as Side, key: match[2] as keyof OwnerNames };
}

/** The member for some columns (see columnsOfMember), of which the first is number `index`. */
export function jsonMember(
  columns: readonly OutputColumn[],
  index: number,
  parts: JsonParts,
  place: () => JsonPlace,
): JsonMember {
  const [column] = columns;
  assert(column !== undefined);
  const { name } = column;
  const own = place();
  if (column.source === 'verdict') return addedMember(columns, parts, own, place);
  const { context, memory, carried } = parts;
  if (column.source === 'extra') return extraMember(name, parts, own);
  const typed = TYPED_FIELDS.get(name);
  switch (typed?.kind) {
    case undefined:
      return new IdMember(
        own,
        [name],
        carriedIds(name, parts, () => carried.placed[index]),
      );
    case 'number':
    case 'u64':
      return new NumberMember(own, name, typed);
    case 'word':
      return new WordMember(own, memory, name, typed.words, typed.bit, typed.values, () => true);
    case 'interface':
      return new IdMember(own, [name], interfaceIds(name, context, memory, typed.bit));
    case 'address':
      return new AddressMember(own, name, typed);
  }
}

function addedMember(
  columns: readonly OutputColumn[],
  parts: JsonParts,
  own: JsonPlace,
  place: () => JsonPlace,
): JsonMember {
  const { memory } = parts;
  const name = columns[0]!.name as AddedName;
  const words = ADDED_WORDS[name];
  if (words !== undefined) {
    assert(isWordName(name), `${name} has no table of words`);
    const [values, rule] = words;
    const has = rule === 'judged' ? (flow: FlowBatch) => flow.judged : () => true;
    return new WordMember(own, memory, name, WORD_TABLES[name], 0, (_, verdicts) => values(verdicts), has);
  }
  switch (name) {
    case 'src_addr':
    case 'dst_addr':
      return new EffectiveMember(own, name === 'src_addr' ? 'src' : 'dst', name, place(), place());
    case 'src_candidates':
    case 'dst_candidates':
      return candidatesMember(name, parts, own);
    case 'policy_rule':
      return nothing(own, name);
  }
  if (ownerColumn(columns[0]) !== null) return ownerMember(columns, parts, own);
  const { textOf, ...source } = addedIds(name, parts);
  const values = new IdValues(memory, (id) => {
    const text = textOf(id);
    return text === null ? null : members({ [name]: text });
  });
  return new IdMember(own, [name], { ...source, values });
}

type AddedIds = Omit<JsonIds, 'values'> & { readonly textOf: (id: number) => string | null };

/** Rules, routes, Services, versions. */
function addedIds(name: AddedName, { ids }: JsonParts): AddedIds {
  const rules = ADDED_RULES[name];
  if (rules !== undefined) {
    return {
      ids: (_flow, _verdicts, all) => all.rule(name, rules),
      size: (all) => all.rules,
      textOf: (id) => ids.ruleText(id, 'rules'),
    };
  }
  switch (name) {
    case 'route_target':
    case 'route_prefix':
      return {
        ids: (_flow, _verdicts, all) => all.rule('route', (v) => v.route),
        size: (all) => all.rules,
        textOf: (id) => ids.ruleText(id, name === 'route_target' ? 'routeTarget' : 'routePrefix'),
      };
    case 'src_service':
    case 'dst_service':
      return {
        ids: (_flow, _verdicts, all) => all.service(name === 'src_service' ? 'src' : 'dst'),
        size: (all) => all.owners + all.services,
        textOf: (id) => ids.serviceText(id),
      };
  }
  assert(name === 'inventory_version' || name === 'agreeing_version', `no column ${name}`);
  return {
    ids: (_flow, _verdicts, all) => all.version(name),
    size: (all) => all.versions,
    textOf: (id) => ids.versionText(name, id),
  };
}

/** The names of an owner: one text for all columns. */
function ownerMember(columns: readonly OutputColumn[], { memory, ids }: JsonParts, own: JsonPlace): JsonMember {
  const owned = columns.map((column) => {
    const found = ownerColumn(column);
    assert(found !== null, `no column ${column.name}`);
    return { name: column.name, ...found };
  });
  const { side } = owned[0]!;
  const values = new IdValues(memory, (id) => {
    if (id === 0) return null;
    return members(Object.fromEntries(owned.map(({ name, key }) => [name, ids.ownerText(id, key)])));
  });
  const names = owned.map(({ name }) => name);
  return new IdMember(own, names, { ids: (_f, _v, all) => all.owner(side), values, size: (all) => all.owners });
}

function interfaceIds(name: string, context: RowContext, memory: ColumnMemory, bit: number): JsonIds {
  const values = new IdValues(memory, (id) => (id === 0 ? null : members({ [name]: context.interfaceName(id - 1) })));
  return {
    ids: (_flow, _verdicts, all) => all.interface(bit),
    values,
    size: (all) => all.interfaces,
    // the next task may number its interfaces anew
    reset: () => values.clear(),
  };
}

function carriedIds(
  name: string,
  { memory, carriedText }: JsonParts,
  column: () => CarriedFields['placed'][number],
): JsonIds {
  const numbers = new CarriedIds(memory);
  const max = CARRIED_NUMBERS.get(name);
  const values = new IdValues(memory, (id) => {
    const text = numbers.values.text(id);
    if (text === null || max === undefined) return text === null ? null : members({ [name]: text });
    const digits = carriedDigits(text, max);
    return digits === null ? null : `,${JSON.stringify(name)}:${digits}`;
  });
  const reset = (): void => {
    numbers.reset();
    values.clear();
  };
  return {
    ids(flow) {
      if (numbers.values.byteLength > CARRIED_BYTES_MAX) reset();
      return numbers.number(flow, column(), carriedText, 0);
    },
    values,
    size: () => numbers.values.size,
    reset,
  };
}

function candidatesMember(
  name: 'src_candidates' | 'dst_candidates',
  { context, memory }: JsonParts,
  own: JsonPlace,
): JsonMember {
  const side = name === 'src_candidates' ? 'src' : 'dst';
  const texts = new WeakMap<readonly string[], string>();
  const text: RowText = (_flow, verdicts, row) => {
    const list = candidatesOf(context, verdicts, row, side);
    if (list === null) return null;
    const known = texts.get(list) ?? JSON.stringify(list);
    texts.set(list, known);
    return known;
  };
  return new RowTextMember(
    own,
    memory,
    name,
    ({ rows }, { srcAttribution, dstAttribution }) => {
      const attribution = side === 'src' ? srcAttribution : dstAttribution;
      return memory.kernel.countByte(attribution.byteOffset, rows, Attribution.candidates) > 0;
    },
    text,
  );
}

function extraMember(name: string, { context, memory, carried }: JsonParts, own: JsonPlace): JsonMember {
  const late = lateBits(context);
  const mayHave = (flow: FlowBatch): boolean => mayHaveExtra(flow, carried, late);
  return new RowTextMember(own, memory, name, mayHave, extraCell(context, carried));
}
