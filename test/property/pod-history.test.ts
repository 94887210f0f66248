import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { loadInventory } from '../../src/inventory/load.ts';
import { formatAddress } from '../../src/model/ip.ts';
import { openAddressBook } from '../../src/pods/holders.ts';
import { audit } from '../support/history.ts';

const SEED = Number(process.env.FLOWTRIE_SEED ?? 20_260_115);
/** FLOWTRIE_HISTORIES=2000 is a nightly size. */
const RUNS = Number(process.env.FLOWTRIE_HISTORIES ?? 60);
const root = mkdtempSync(join(tmpdir(), 'flowtrie-histories-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const ADDRESSES = ['10.0.1.11', '10.0.1.12', '10.0.1.13'];

/** Lives of pods at few addresses, each a few events. */
const life = fc.record({
  at: fc.integer({ min: 0, max: 600 }),
  length: fc.integer({ min: 4, max: 300 }),
  address: fc.constantFrom(...ADDRESSES),
  moves: fc.option(fc.constantFrom(...ADDRESSES), { freq: 3, nil: null }),
  ends: fc.constantFrom('delete', 'finish', 'both', 'never'),
  created: fc.boolean(),
});

/** What goes wrong on the way: clocks of other nodes, lost, doubled and mixed up events, cut lines. */
const damage = fc.record({
  skew: fc.integer({ min: -90, max: 90 }),
  lose: fc.integer({ min: 0, max: 9 }),
  double: fc.integer({ min: 0, max: 9 }),
  cut: fc.option(fc.nat(), { nil: null }),
  order: fc.infiniteStream(fc.nat({ max: 1_000_000 })),
});

type Life = typeof life extends fc.Arbitrary<infer T> ? T : never;
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function eventsOf(lives: readonly Life[], { skew }: Damage): object[] {
  return lives.flatMap(({ at, length, address, moves, ends, created }, i) => {
    const pod = { uid: `u${i}`, name: `web-${i}`, node: `n${i % 2}` };
    const clock = i % 2 === 0 ? 0 : skew;
    const end = at + length + clock;
    return [
      ...(created ? [audit.create(at, pod), audit.bind(at, pod)] : []),
      audit.running(at + clock + 1, pod, address, at),
      ...(moves === null ? [] : [audit.running(at + clock + 1.5 + length / 2, pod, moves, at)]),
      ...(ends === 'finish' || ends === 'both' ? [audit.finish(end, pod)] : []),
      ...(ends === 'delete' || ends === 'both' ? [audit.delete(end + 1, pod)] : []),
    ];
  });
}

/** Lines in another order, some twice, some lost. */
function damaged(events: readonly object[], { lose, double, order }: Damage): string[] {
  const keys = order[Symbol.iterator]();
  const lines = events.map((event) => ({ key: Number(keys.next().value), text: JSON.stringify(event) }));
  return lines
    .filter(({ key }) => key % 10 !== lose || key % 3 > 0)
    .flatMap((line) => (line.key % 10 === double ? [line, { ...line, key: line.key + 1 }] : [line]))
    .sort((a, b) => a.key - b.key)
    .map(({ text }) => text);
}

let folders = 0;
async function loaded(text: string): Promise<Awaited<ReturnType<typeof loadInventory>>> {
  const folder = join(root, `${folders++}`);
  const { mkdirSync } = await import('node:fs');
  mkdirSync(folder);
  writeFileSync(join(folder, 'audit.log'), text);
  writeFileSync(join(folder, 'vpc.json'), JSON.stringify({ Vpcs: [{ VpcId: 'v1', CidrBlock: '10.0.0.0/16' }] }));
  const found = await loadInventory(folder);
  rmSync(folder, { recursive: true });
  return found;
}

test(`damaged histories: located words, one owner at a time (seed ${SEED})`, { timeout: 600_000 }, async () => {
  const check = async (lives: readonly Life[], how: Damage): Promise<void> => {
    const lines = damaged(eventsOf(lives, how), how);
    const whole = lines.map((line) => `${line}\n`).join('');
    const { cut } = how;
    const text = cut === null ? whole : whole.slice(0, Math.max(0, whole.length - 1 - (cut % 200)));
    if (!text.startsWith('{"kind":"Event"') || !text.includes('\n')) return;
    const { versions, warnings } = await loaded(text);
    const [inventory] = versions;
    if (inventory === undefined) throw new Error('no version');
    for (const { message, file } of warnings) {
      expect(message).not.toBe('');
      expect(file).toMatch(/^(audit\.log|pods)$/);
    }
    if (
      cut !== null &&
      cut % 200 > 1 &&
      (lines.at(-1)?.length ?? 0) > 210 &&
      /"pods"/.test(text.slice(text.lastIndexOf('\n')))
    )
      expect(warnings.map(({ message }) => message)).toContainEqual(expect.stringMatching(/broken JSON/));
    // stretches of one uid at one address are disjoint, whatever the sources say
    const spans = new Map<string, { start: number; end: number }[]>();
    for (const { uid, namespace, name, address, startSeconds, endSeconds } of inventory.pods) {
      expect(endSeconds).toBeGreaterThanOrEqual(startSeconds);
      const key = `${uid ?? `${namespace}/${name}`} ${formatAddress(address)}`;
      for (const { start, end } of spans.get(key) ?? []) expect(startSeconds >= end || endSeconds <= start).toBe(true);
      spans.set(key, [...(spans.get(key) ?? []), { start: startSeconds, end: endSeconds }]);
    }
    // of one address at most those that begin together share time
    const book = openAddressBook(inventory);
    for (const at of inventory.pods.map(({ address }) => address)) {
      for (const { holders } of book.historyOf(at, null)) {
        holders.forEach((holder, i) => {
          const before = holders[i - 1];
          if (before === undefined || before.start === holder.start) return;
          expect(before.end ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(holder.start ?? 0);
        });
      }
    }
    // the order of lines tells nothing
    if (cut !== null) return;
    const mirrored = await loaded(
      [...lines]
        .sort()
        .map((line) => `${line}\n`)
        .join(''),
    );
    expect(mirrored.versions[0]?.pods).toEqual(inventory.pods);
  };
  await fc.assert(fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 8 }), damage, check), {
    seed: SEED,
    numRuns: RUNS,
    endOnFailure: true,
  });
  expect(folders).toBeGreaterThan(RUNS);
});
