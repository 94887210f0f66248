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
import type { AddedName } from './columns.ts';
import { fragment, keyOf, type Piece, type Value, writeAddress } from './json-piece.ts';
import {
  candidatesOf,
  effectiveField,
  ownerNames,
  pairedAddress,
  type RowContext,
  ruleText,
  type Side,
  servedName,
  wordOf,
} from './rows.ts';

/** Combinations of words that one piece may have. */
const COMBINATIONS_MAX = 4096;

/** What the columns of a piece depend on: the same words of a few codes, one owner, one rule, one route … */
type Family = 'words' | 'verdicts' | 'src' | 'dst' | 'candidates' | 'route' | 'versions' | AddedName;

const FAMILY: Readonly<Record<AddedName, Family>> = {
  direction: 'words',
  role: 'words',
  role_basis: 'words',
  src_addr: 'src_addr',
  dst_addr: 'dst_addr',
  src_kind: 'words',
  dst_kind: 'words',
  src_namespace: 'src',
  src_pod: 'src',
  src_workload: 'src',
  src_node: 'src',
  src_service: 'src_service',
  dst_namespace: 'dst',
  dst_pod: 'dst',
  dst_workload: 'dst',
  dst_node: 'dst',
  dst_service: 'dst_service',
  src_attribution: 'words',
  dst_attribution: 'words',
  src_candidates: 'candidates',
  dst_candidates: 'candidates',
  sg_verdict: 'verdicts',
  nacl_verdict: 'verdicts',
  policy_verdict: 'verdicts',
  sg_rule: 'sg_rule',
  nacl_rule: 'nacl_rule',
  policy_rule: 'policy_rule',
  route_kind: 'route',
  route_target: 'route',
  route_prefix: 'route',
  predicted: 'verdicts',
  decided_by: 'decided_by',
  drift: 'verdicts',
  drift_cause: 'verdicts',
  path: 'words',
  inventory_version: 'versions',
  agreeing_version: 'versions',
};

type Column<T> = (verdicts: VerdictBatch) => T;

const WORDS: Partial<Readonly<Record<AddedName, readonly [words: readonly string[], values: Column<Uint8Array>]>>> = {
  direction: [DIRECTION, (v) => v.direction],
  role: [ROLE, (v) => v.role],
  role_basis: [ROLE_BASIS, (v) => v.roleBasis],
  src_kind: [KIND, (v) => v.srcKind],
  dst_kind: [KIND, (v) => v.dstKind],
  src_attribution: [ATTRIBUTION, (v) => v.srcAttribution],
  dst_attribution: [ATTRIBUTION, (v) => v.dstAttribution],
  sg_verdict: [VERDICT, (v) => v.sgVerdict],
  nacl_verdict: [VERDICT, (v) => v.naclVerdict],
  policy_verdict: [VERDICT, (v) => v.policyVerdict],
  predicted: [VERDICT, (v) => v.predicted],
  drift: [DRIFT, (v) => v.drift],
  drift_cause: [DRIFT_CAUSE, (v) => v.driftCause],
  path: [PATH, (v) => v.path],
};

/** How many of the columns from the first on one piece can write. */
export function addedRun(names: readonly AddedName[]): number {
  const family = names[0] === undefined ? undefined : FAMILY[names[0]];
  let combinations = 1;
  let run = 0;
  for (const name of names) {
    combinations *= WORDS[name]?.[0].length ?? 1;
    if (FAMILY[name] !== family || combinations > COMBINATIONS_MAX) break;
    run++;
  }
  return run;
}

/** Writes neighbouring columns of one family (see addedRun). */
export function addedPiece(names: readonly AddedName[], context: RowContext): Piece {
  const family = names[0] === undefined ? 'words' : FAMILY[names[0]];
  switch (family) {
    case 'words':
      return wordsPiece(names);
    case 'verdicts':
      return judgedPiece(names, wordsPiece(names));
    case 'src_addr':
      return effectivePiece(family, 'src');
    case 'dst_addr':
      return effectivePiece(family, 'dst');
    case 'src':
    case 'dst':
      return ownerPiece(context, family, names);
    case 'src_service':
    case 'dst_service':
      return servicePiece(context, family === 'src_service' ? 'src' : 'dst');
    case 'candidates':
      return candidatesPiece(context, names);
    case 'route':
      return judgedPiece(names, routePiece(context, names));
    case 'sg_rule':
      return judgedPiece(
        names,
        rulePiece(family, context, (v) => v.sgRule),
      );
    case 'nacl_rule':
      return judgedPiece(
        names,
        rulePiece(family, context, (v) => v.naclRule),
      );
    case 'decided_by':
      return judgedPiece(
        names,
        rulePiece(family, context, (v) => v.decidedBy),
      );
    case 'versions':
      return versionsPiece(context, names);
    default: {
      // policy_rule, which no layer fills yet
      const none = nullsOf(names);
      return (out) => out.raw(none);
    }
  }
}

function nullsOf(names: readonly string[]): Uint8Array {
  return fragment(Object.fromEntries(names.map((name) => [name, null])));
}

/** The members of `found` that are asked for, in the order asked for. */
function only(names: readonly string[], found: Readonly<Record<string, Value>>): Uint8Array {
  return fragment(Object.fromEntries(names.map((name) => [name, found[name] ?? null])));
}

/** Rows that are never judged have nulls. */
function judgedPiece(names: readonly string[], piece: Piece): Piece {
  const none = nullsOf(names);
  return (out, flow, verdicts, row) => {
    if (flow.judged) piece(out, flow, verdicts, row);
    else out.raw(none);
  };
}

/** Columns of closed words: one fragment for each combination that occurs (see COMBINATIONS_MAX). */
function wordsPiece(names: readonly AddedName[]): Piece {
  const columns = names.map((name) => {
    const [words = [], values = () => new Uint8Array(0)] = WORDS[name] ?? [];
    return { name, words, values };
  });
  const fragments: Uint8Array[] = [];
  return (out, _, verdicts, row) => {
    let code = 0;
    for (const { words, values } of columns) code = code * words.length + values(verdicts)[row]!;
    fragments[code] ??= fragment(
      Object.fromEntries(columns.map(({ name, words, values }) => [name, wordOf(words, values(verdicts)[row])])),
    );
    out.raw(fragments[code]!);
  };
}

function effectivePiece(name: AddedName, side: Side): Piece {
  const key = keyOf(name);
  const none = fragment({ [name]: null });
  return (out, flow, verdicts, row) => {
    const paired = pairedAddress(verdicts, row, side);
    if (paired >= 0) {
      out.raw(key);
      return out.ipv4(paired);
    }
    const field = effectiveField(flow, verdicts, row, side);
    if (field === null) return out.raw(none);
    out.raw(key);
    writeAddress(out, flow, row, field);
  };
}

/** The name columns of a side: one fragment for each pod and interface. */
function ownerPiece(context: RowContext, side: Side, columns: readonly AddedName[]): Piece {
  const make = (names: Names | undefined, kind: number, owner: number): Uint8Array => {
    const found = Object.entries(ownerNames(names, kind, owner));
    return only(columns, Object.fromEntries(found.map(([name, value]) => [`${side}_${name}`, value])));
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

/** What answers at the side's port, else what its interface is: one fragment for each. */
function servicePiece(context: RowContext, side: Side): Piece {
  const name = `${side}_service` as const;
  const services: Uint8Array[][] = context.names.map(() => []);
  const byOwner = ownerPiece(context, side, [name]);
  return (out, flow, verdicts, row) => {
    const service = side === 'src' ? verdicts.srcService[row]! : verdicts.dstService[row]!;
    if (service < 0) return byOwner(out, flow, verdicts, row);
    const version = verdicts.version[row]!;
    const cache = services[version]!;
    cache[service] ??= fragment({ [name]: servedName(context.names[version], service) });
    out.raw(cache[service]);
  };
}

function candidatesPiece(context: RowContext, names: readonly AddedName[]): Piece {
  const none = nullsOf(names);
  const members = names.map((name) => candidatesMember(context, name));
  return (out, _, verdicts, row) => {
    const { srcAttribution, dstAttribution } = verdicts;
    if (srcAttribution[row] !== Attribution.candidates && dstAttribution[row] !== Attribution.candidates) {
      return out.raw(none);
    }
    for (const member of members) out.raw(member(verdicts, row));
  };
}

/** One of the columns of candidates: a fragment for each list. */
function candidatesMember(context: RowContext, name: AddedName): (verdicts: VerdictBatch, row: number) => Uint8Array {
  const side = name === 'src_candidates' ? 'src' : 'dst';
  const none = fragment({ [name]: null });
  const fragments = new WeakMap<readonly string[], Uint8Array>();
  return (verdicts, row) => {
    const list = candidatesOf(context, verdicts, row, side);
    if (list === null) return none;
    let found = fragments.get(list);
    if (found === undefined) {
      found = fragment({ [name]: list });
      fragments.set(list, found);
    }
    return found;
  };
}

/** A rule column: one fragment for each rule. */
function rulePiece(name: AddedName, context: RowContext, values: Column<Int32Array>): Piece {
  const make = (names: Names | undefined, rule: number): Uint8Array => fragment({ [name]: ruleText(names, rule) });
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

/** The route columns: one fragment for each (version, route, kind) that occurs. */
function routePiece(context: RowContext, columns: readonly AddedName[]): Piece {
  const make = (names: Names | undefined, kind: number, route: number): Uint8Array =>
    only(columns, {
      route_kind: wordOf(ROUTE_KIND, kind),
      route_target: names?.routeTarget[route] ?? null,
      route_prefix: names?.routePrefix[route] ?? null,
    });
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

/** The version that judged the row, and the one that explains an unexpected action: one fragment for each pair. */
function versionsPiece({ versionLabels }: RowContext, columns: readonly AddedName[]): Piece {
  const fragments: Uint8Array[] = [];
  return (out, _, verdicts, row) => {
    const version = verdicts.version[row]!;
    const agreeing = verdicts.agreeing[row]!;
    const code = version * (versionLabels.length + 1) + agreeing;
    fragments[code] ??= only(columns, {
      inventory_version: versionLabels[version] ?? null,
      agreeing_version: versionLabels[agreeing - 1] ?? null,
    });
    out.raw(fragments[code]!);
  };
}
