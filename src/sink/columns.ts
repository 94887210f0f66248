import { FIELDS, type Field, type FieldType } from '../model/flow.ts';
import { isWordName } from './words.ts';

/**
 * Arrow type of a column: `dictionary` = Dictionary<Utf8, Int32>, `word` = Dictionary<Utf8, Int8> over a closed table
 * of words, `utf8list` = List of dictionary items; the others by name.
 * Addresses are text here: binary addresses and the IPv6 side column never leave.
 */
export type ColumnType = 'dictionary' | 'word' | 'utf8' | 'utf8list' | 'uint8' | 'uint16' | 'uint64' | 'int64';

/**
 * One column of classified records, in every format; plain data, so that it can be sent to workers. All are nullable.
 * `source`: `field` = a field of model/flow FIELDS, `verdict` = added by flowtrie, `unknown` = an unknown word of an
 * input's first header, `extra` = the JSON column of names that are no column.
 */
export interface OutputColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly source: 'field' | 'verdict' | 'unknown' | 'extra';
  /** Unit and meaning, for the schema page. */
  readonly doc: string;
}

/** Unknown header words that get a column; the values of any further ones go to `extra`. */
export const UNKNOWN_COLUMNS_MAX = 256;

/** Fields that are always columns, whether the inputs have them or not: the default format, version 2. */
const DEFAULT_VERSION = 2;

const TYPE_OF_FIELD: Readonly<Record<FieldType, ColumnType>> = {
  u8: 'uint8',
  u16: 'uint16',
  u64: 'uint64',
  seconds: 'int64',
  address: 'dictionary',
  interface: 'dictionary',
  action: 'word',
  status: 'word',
  direction: 'word',
  text: 'dictionary',
};

/** What flowtrie adds to a record, in the order of the contract: name → meaning. */
const ADDED = {
  direction: 'ingress, egress or unknown, seen from the interface that logged the record',
  role: 'request, reply or unknown: whose half of the connection the record shows',
  role_basis: 'the evidence behind role',
  src_addr: 'source address of the packet; null when only the interface is known',
  dst_addr: 'destination address of the packet; null when only the interface is known',
  src_kind: 'what stands behind src_addr',
  dst_kind: 'what stands behind dst_addr',
  src_namespace: 'namespace of the source pod',
  src_pod: 'name of the source pod',
  src_workload: 'workload of the source pod, Kind/name',
  src_node: 'node of the source pod or interface',
  src_service:
    'namespace/name of the Services at the source port, what the load balancer serves, or what the interface is',
  dst_namespace: 'namespace of the destination pod',
  dst_pod: 'name of the destination pod',
  dst_workload: 'workload of the destination pod, Kind/name',
  dst_node: 'node of the destination pod or interface',
  dst_service:
    'namespace/name of the Services at the destination port, what the load balancer serves, or what the interface is',
  src_attribution: 'how sure the source is: exact, inferred, candidates or none',
  dst_attribution: 'how sure the destination is: exact, inferred, candidates or none',
  src_candidates: 'namespace/pod of each pod the source may be',
  dst_candidates: 'namespace/pod of each pod the destination may be',
  sg_verdict: 'answer of the security groups of the interface',
  nacl_verdict: 'answer of the network ACL of the subnet',
  policy_verdict: 'answer of the NetworkPolicies',
  sg_rule: 'id of the deciding security group rule, or implicit-deny',
  nacl_rule: 'id of the deciding network ACL entry',
  policy_rule: 'id of the deciding NetworkPolicy rule',
  route_kind: 'class of the route target; egress records only',
  route_target: 'target of the chosen route',
  route_prefix: 'destination of the chosen route',
  predicted: 'what security groups and network ACL say: allow, deny, unknown or exempt',
  decided_by: 'id of the rule of the layer that decided',
  drift: 'predicted against the logged action',
  drift_cause: 'why drift is not agree',
  path: 'the way between the two ends',
  inventory_version: 'version of the inventory that judged the record',
  agreeing_version: 'another version of the inventory that explains an unexpected action',
} as const;

export type AddedName = keyof typeof ADDED;

export const ADDED_NAMES: readonly AddedName[] = Object.keys(ADDED) as AddedName[];

const LISTS: ReadonlySet<string> = new Set(['src_candidates', 'dst_candidates'] satisfies AddedName[]);

/**
 * The columns of a run, fixed before the first row. `inputFields`: the field names of the inputs' first headers, AWS's
 * names where known. Known fields first (always at least the default 14), then what flowtrie adds, then the unknown
 * names in order of appearance, then `extra`. A word that would repeat a column's name
 * has no column of its own: its values go to `extra`.
 */
export function outputColumns(inputFields: readonly string[]): readonly OutputColumn[] {
  const present = new Set(inputFields.map(columnName));
  const columns: OutputColumn[] = [];
  for (const field of FIELDS) {
    if (field.version <= DEFAULT_VERSION || present.has(field.column)) columns.push(columnOf(field));
  }
  for (const name of ADDED_NAMES) {
    const type = LISTS.has(name) ? 'utf8list' : isWordName(name) ? 'word' : 'dictionary';
    columns.push({ name, type, source: 'verdict', doc: ADDED[name] });
  }
  const taken = new Set([...columns.map((c) => c.name), 'extra']);
  let room = UNKNOWN_COLUMNS_MAX;
  for (const name of present) {
    if (taken.has(name) || room-- <= 0) continue;
    columns.push({ name, type: 'utf8', source: 'unknown', doc: 'a field of the input that flowtrie does not know' });
  }
  const doc = 'JSON object of the fields of this record that have no column, as their names appear later in the input';
  columns.push({ name: 'extra', type: 'utf8', source: 'extra', doc });
  return columns;
}

/** The column of a known field by its column name, whether an input has it or not. */
export function fieldColumn(name: string): OutputColumn | undefined {
  const field = FIELDS.find(({ column }) => column === name);
  return field === undefined ? undefined : columnOf(field);
}

function columnOf({ column, type, doc }: Field): OutputColumn {
  return { name: column, type: TYPE_OF_FIELD[type], source: 'field', doc };
}

/** The column of a field: its name with `_` for `-`. */
export function columnName(field: string): string {
  return field.replaceAll('-', '_');
}

/** True for columns that the input fills. */
export function isInput(column: OutputColumn): boolean {
  return column.source === 'field' || column.source === 'unknown';
}

/** Names of the columns that the input fills. */
export function inputNames(columns: readonly OutputColumn[]): readonly string[] {
  return columns.filter(isInput).map((column) => column.name);
}
