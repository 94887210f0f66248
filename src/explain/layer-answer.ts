import type { Inventory, Peer, Selector } from '../inventory/inventory.ts';
import { type Address, cidrContains } from '../model/ip.ts';
import { IMPLICIT_DENY, NO_RULE, VERDICT, Verdict, type Verdict as VerdictWord } from '../model/verdict.ts';
import { type Catalog, type CellMatch, compareText, matchesOf } from '../rules/catalog.ts';
import { addressClass4, addressClass6, cellOf, portClass } from '../rules/lookup.ts';
import { selectorOrder } from '../rules/port-class.ts';
import { NO_SET, type RulesView, UNKNOWN_SET } from '../rules/view.ts';
import type { ExplainTables } from './tables.ts';

/** Answer of one layer to one packet, with names. */
export interface LayerAnswer {
  readonly verdict: VerdictWord;
  /** Rule id, `implicit-deny`, or null when no single rule decides. */
  readonly rule: string | null;
  /** Ids of every rule that matches (or may match), the deciding one first. */
  readonly matched: readonly string[];
}

/** The service ports a question is about: one, or a range when the port is not known. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** One packet as a layer sees it. */
interface LayerQuestion {
  /** The peer's address; null = not known. */
  readonly remote: Address | null;
  /** null = not known: every protocol it may be. */
  readonly protocol: number | null;
  readonly ports: PortRange;
  readonly icmp: IcmpPacket;
}

/** ICMP type and code of the packet; null = not known. */
export interface IcmpPacket {
  readonly type: number | null;
  readonly code: number | null;
}

const TCP = 6;
const UDP = 17;
const ICMP = 1;
const ICMPV6 = 58;
const ALL_PROTOCOLS: readonly number[] = Array.from({ length: 256 }, (_, protocol) => protocol);
const UNKNOWN: LayerAnswer = { verdict: 'unknown', rule: null, matched: [] };

export function addressClass(view: RulesView, address: Address): number {
  return address.family === 4 ? addressClass4(view, address.words[0]) : addressClass6(view, ...address.words);
}

/**
 * Asks a rule set about one packet. With an unknown port the answer is that of every port it may be: the same for all,
 * or `unknown`. With a known ICMP type, rules that name types decide for certain.
 */
export function askSet(tables: ExplainTables, set: number, question: LayerQuestion): LayerAnswer {
  const { view, catalog } = tables;
  const { remote, protocol, ports, icmp } = question;
  if (set === NO_SET) return { verdict: 'none', rule: null, matched: [] };
  if (set === UNKNOWN_SET || remote === null) return UNKNOWN;
  const cls = addressClass(view, remote);
  const isIcmp = protocol === ICMP || protocol === ICMPV6;
  if (isIcmp && icmp.type !== null) {
    const cell = cellOf(view, set, cls, portClass(view, protocol, 0));
    return decideIcmp(tables, cell, remote, icmp.type, icmp.code);
  }
  const cells = new Set<number>();
  for (const one of protocol === null ? ALL_PROTOCOLS : [protocol]) {
    const hasPorts = one === TCP || one === UDP;
    for (let port = ports.from; port <= (hasPorts ? ports.to : ports.from); port++) {
      cells.add(cellOf(view, set, cls, portClass(view, one, port)));
    }
  }
  const answers = [...cells].map((cell) => cellAnswer(view, catalog, cell));
  const [first] = answers;
  if (first === undefined) return UNKNOWN;
  if (answers.length === 1) return first;
  const matched = [...new Set(answers.flatMap((answer) => answer.matched))];
  if (answers.some((answer) => answer.verdict !== first.verdict)) return { ...UNKNOWN, matched };
  const sameRule = answers.every((answer) => answer.rule === first.rule);
  return { verdict: first.verdict, rule: sameRule ? first.rule : null, matched };
}

function cellAnswer(view: RulesView, catalog: Catalog, cell: number): LayerAnswer {
  return {
    verdict: VERDICT[view.cellVerdict[cell] ?? Verdict.unknown] ?? 'unknown',
    rule: ruleId(catalog, view.cellRule[cell] ?? NO_RULE),
    matched: matchesOf(view, cell).map((match) => ruleId(catalog, match.rule) ?? ''),
  };
}

function ruleId(catalog: Catalog, rule: number): string | null {
  return rule === IMPLICIT_DENY ? 'implicit-deny' : (catalog.rules[rule]?.id ?? null);
}

/** Resolves the three-valued cell with the type known; the compiled table keeps typed rules as "maybe". */
function decideIcmp(
  { inventory, view, catalog }: ExplainTables,
  cell: number,
  remote: Address,
  type: number,
  code: number | null,
): LayerAnswer {
  const matches = matchesOf(view, cell).flatMap((match) => {
    const covers = coversType(selectorOf(catalog, match), type, code);
    return covers === 'no' ? [] : [{ ...match, certain: match.peerCertain && covers === 'yes' }];
  });
  const isAcl = matches.some((match) => catalog.rules[match.rule]?.layer === 'nacl');
  if (isAcl) return decideOrdered(catalog, matches);
  const ranked = matches.toSorted((a, b) => compareSecurityGroupRules(inventory, catalog, remote, a, b));
  const certain = ranked.find((match) => match.certain);
  const ids = [...new Set(ranked.map((match) => ruleId(catalog, match.rule) ?? ''))];
  if (certain !== undefined) return { verdict: 'allow', rule: ruleId(catalog, certain.rule), matched: ids };
  // what an undescribed group might allow is in no match list: the cell itself says unknown without a candidate
  const openEnded = view.cellVerdict[cell] === Verdict.unknown && matchesOf(view, cell).every((match) => match.certain);
  if (ranked.length > 0 || openEnded) return { verdict: 'unknown', rule: null, matched: ids };
  return { verdict: 'deny', rule: 'implicit-deny', matched: [] };
}

function selectorOf(catalog: Catalog, match: CellMatch): Selector | undefined {
  const rule = catalog.rules[match.rule];
  if (rule?.layer === 'sg') return rule.rule.selector;
  return rule?.layer === 'nacl' ? rule.entry.selector : undefined;
}

function coversType(selector: Selector | undefined, type: number, code: number | null): 'yes' | 'no' | 'maybe' {
  if (selector === undefined || selector.icmpType === null || selector.protocol === -1) return 'yes';
  if (selector.icmpType !== type) return 'no';
  if (selector.icmpCode === null) return 'yes';
  if (code === null) return 'maybe';
  return selector.icmpCode === code ? 'yes' : 'no';
}

/** Network ACL: the lowest number decides; a maybe of the other action before it leaves the answer open. */
function decideOrdered(catalog: Catalog, matches: readonly CellMatch[]): LayerAnswer {
  const entries = matches.flatMap((match) => {
    const rule = catalog.rules[match.rule];
    return rule?.layer === 'nacl' ? [{ id: rule.id, entry: rule.entry, certain: match.certain }] : [];
  });
  entries.sort((a, b) => a.entry.number - b.entry.number);
  const decider = entries.find((e) => e.certain);
  const matched = entries.map((e) => e.id);
  if (decider === undefined) return { verdict: 'unknown', rule: null, matched };
  const before = entries.slice(0, entries.indexOf(decider));
  if (before.some((e) => e.entry.allow !== decider.entry.allow)) return { verdict: 'unknown', rule: null, matched };
  return {
    verdict: decider.entry.allow ? 'allow' : 'deny',
    rule: decider.id,
    matched: [decider.id, ...matched.filter((id) => id !== decider.id)],
  };
}

/** The contract's canonical order: most specific remote, then selector, then id by code unit. */
function compareSecurityGroupRules(
  inventory: Inventory,
  catalog: Catalog,
  remote: Address,
  a: CellMatch,
  b: CellMatch,
): number {
  const x = catalog.rules[a.rule];
  const y = catalog.rules[b.rule];
  if (x?.layer !== 'sg' || y?.layer !== 'sg') return 0;
  const specific = peerLength(inventory, y.rule.peer, remote) - peerLength(inventory, x.rule.peer, remote);
  return specific || selectorOrder(x.rule.selector) - selectorOrder(y.rule.selector) || compareText(x.id, y.id);
}

function peerLength(inventory: Inventory, peer: Peer, remote: Address): number {
  if (peer.kind === 'group') return remote.family === 4 ? 32 : 128;
  if (peer.kind === 'cidr') return peer.cidr.length;
  const cidrs = inventory.prefixLists.find((list) => list.id === peer.id)?.cidrs ?? [];
  return cidrs.reduce((longest, cidr) => (cidrContains(cidr, remote) ? Math.max(longest, cidr.length) : longest), 0);
}
