import { describe, expect, it } from 'vitest';
import { compileInventory } from '../../src/engine/versions.ts';
import { inventoryFromDocuments } from '../../src/inventory/load.ts';
import { FILTERS, type FilterName, parseCondition } from '../../src/model/filter.ts';
import { cidrContains, hostCidr, parseAddress, parseCidr } from '../../src/model/ip.ts';
import { Dice } from '../support/dice.ts';
import { type EngineRow, logOf, replayText } from '../support/engine-rows.ts';
import { randomRecord } from '../support/random-records.ts';
import { randomWorld } from '../support/random-world.ts';
import { sourceOf } from '../support/source-document.ts';

const SEED = Number(process.env.FLOWTRIE_SEED ?? 20_260_302);
const WORLDS = 8;
/** More than one batch. */
const RECORDS = 4500;
const FIELDS = [
  ...['version', 'interface-id', 'srcaddr', 'dstaddr', 'srcport', 'dstport', 'protocol', 'packets', 'bytes', 'start'],
  ...['end', 'action', 'log-status', 'pkt-srcaddr', 'pkt-dstaddr', 'flow-direction', 'made-up'],
];

type Term = readonly [filter: FilterName, value: string, negated: boolean];

/** A condition on the text of a printed row, written from the words of the contract. */
function holds(row: EngineRow, filter: FilterName, value: string, pods: ReadonlySet<string>): boolean {
  const either = (...columns: readonly string[]): unknown[] =>
    columns.map((name) => row[name]).filter((v) => v !== null);
  switch (filter) {
    case 'namespace':
      return either('src_namespace', 'dst_namespace').includes(value);
    case 'pod': {
      const names = (['src', 'dst'] as const).map((side) => `${row[`${side}_namespace`]}/${row[`${side}_pod`]}`);
      const known = names.filter((_, i) => row[i === 0 ? 'src_pod' : 'dst_pod'] !== null);
      return known.some((name) => (pods.has(value) ? name === value : name.startsWith(value)));
    }
    case 'workload':
      return either('src_workload', 'dst_workload').includes(value);
    case 'ip': {
      const address = parseAddress(value);
      const cidr = address === undefined ? parseCidr(value) : hostCidr(address);
      return either('srcaddr', 'dstaddr', 'pkt_srcaddr', 'pkt_dstaddr').some((text) => {
        const found = parseAddress(String(text));
        return cidr !== undefined && found !== undefined && cidrContains(cidr, found);
      });
    }
    case 'port': {
      const [from = 0, to = from] = value.split('-').map(Number);
      return either('srcport', 'dstport').some((port) => Number(port) >= from && Number(port) <= to);
    }
    case 'protocol':
      return row.protocol === { tcp: 6, udp: 17, icmp: 1, icmpv6: 58 }[value] || String(row.protocol) === value;
    case 'rule':
      return [row.sg_rule, row.nacl_rule, row.decided_by].includes(value);
    case 'eni':
      return row.interface_id === value;
    default:
      return row[filter === 'verdict' ? 'predicted' : filter] === value;
  }
}

/** Values that occur in the rows, and some that do not. */
function randomTerm(dice: Dice, rows: readonly EngineRow[]): Term | null {
  const filter = dice.pick(FILTERS);
  const row = dice.pick(rows);
  const side = dice.pick(['src', 'dst']);
  const text = (name: string): string | null => (row[name] === null ? null : String(row[name]));
  const address = text(dice.pick(['srcaddr', 'dstaddr', 'pkt_srcaddr', 'pkt_dstaddr']));
  const port = dice.below(65_000);
  const values: Readonly<Record<FilterName, string | null>> = {
    namespace: dice.below(5) === 0 ? 'nowhere' : text(`${side}_namespace`),
    pod: row[`${side}_pod`] === null ? null : `${row[`${side}_namespace`]}/${row[`${side}_pod`]}`,
    workload: text(`${side}_workload`),
    ip:
      address === null ? null : dice.pick([address, `${address}/${dice.below(33)}`, '0.0.0.0/0', '::/0', '10.0.0.0/8']),
    port: dice.pick([text('dstport'), `${port}-${port + 400}`, '0']),
    protocol: dice.pick(['tcp', 'udp', 'icmp', 'icmpv6', '47', '99']),
    action: dice.pick(['ACCEPT', 'REJECT']),
    direction: dice.pick(['ingress', 'egress', 'unknown']),
    verdict: dice.pick(['allow', 'deny', 'unknown', 'exempt']),
    drift: dice.pick(['agree', 'unexpected-accept', 'unexpected-reject', 'undetermined']),
    rule: text(dice.pick(['sg_rule', 'nacl_rule', 'decided_by'])),
    eni: text('interface_id'),
  };
  let value = values[filter];
  if (value === null) return null;
  // half of a pod's name: all pods that begin so
  if (filter === 'pod' && dice.below(2) === 0)
    value = value.slice(0, Math.max(value.indexOf('/') + 2, value.length - 1));
  return [filter, value, dice.below(3) === 0];
}

function wanted(row: EngineRow, terms: readonly Term[], pods: ReadonlySet<string>): boolean {
  return FILTERS.every((filter) => {
    const mine = terms.filter(([name]) => name === filter);
    const positive = mine.filter(([, , negated]) => !negated);
    if (positive.length > 0 && !positive.some(([, value]) => holds(row, filter, value, pods))) return false;
    return !mine.some(([, value, negated]) => negated && holds(row, filter, value, pods));
  });
}

const shown = (row: EngineRow): string => JSON.stringify(row);

describe(`filters (seed ${SEED})`, () => {
  it('leave the rows that a naive reading of the unfiltered rows leaves', async () => {
    const dice = new Dice(SEED);
    let some = 0;
    for (let w = 0; w < WORLDS; w++) {
      const world = randomWorld(dice, new Set());
      const inventory = compileInventory(inventoryFromDocuments(world.documents.map(sourceOf)));
      const names = inventory.versions.flatMap(({ shared }) => shared.names.pods);
      const pods = new Set(names.map((pod) => `${pod.namespace}/${pod.name}`));
      const records = Array.from({ length: 300 }, (_, i) => ({ ...randomRecord(dice, world), 'made-up': `m${i % 7}` }));
      const text = logOf(
        FIELDS,
        Array.from({ length: RECORDS }, () => dice.pick(records)),
      );
      const { rows } = await replayText(inventory, text);
      const terms = Array.from({ length: 1 + dice.below(4) }, () => randomTerm(dice, rows)).filter((t) => t !== null);
      const [sinceSeconds, untilSeconds] = [null, dice.pick([null, dice.pick(world.instants)])];
      const of = (negated: boolean) =>
        terms.filter((term) => term[2] === negated).map(([filter, value]) => parseCondition(filter, value));
      const filter = { sinceSeconds, untilSeconds, wanted: of(false), unwanted: of(true) };
      const found = await replayText(inventory, text, { filter });
      const expected = rows.filter(
        (row) => wanted(row, terms, pods) && (untilSeconds === null || Number(row.start) < untilSeconds),
      );
      expect(found.rows.map(shown), `world ${w}: ${JSON.stringify(terms)}`).toEqual(expected.map(shown));
      const { ledger, drift } = found.summary;
      expect(ledger.classified).toBe(expected.length);
      expect(ledger.filtered).toBe(RECORDS - expected.length);
      expect(drift.agree).toBe(expected.filter((row) => row.drift === 'agree').length);
      if (expected.length > 0 && expected.length < RECORDS) some++;
    }
    expect(some).toBeGreaterThan(WORLDS / 3);
  });
});
