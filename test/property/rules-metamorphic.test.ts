import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Inventory, SecurityGroupRule } from '../../src/inventory/inventory.ts';
import { type Cidr, formatCidr } from '../../src/model/ip.ts';
import { Verdict } from '../../src/model/verdict.ts';
import { attachRules } from '../../src/rules/arena.ts';
import { loadRules, saveRules } from '../../src/rules/arena-file.ts';
import { matchesOf } from '../../src/rules/catalog.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { addressClass4, addressClass6, cellOf, portClass } from '../../src/rules/lookup.ts';
import { EniSet, type RulesView, SETS_STRIDE } from '../../src/rules/view.ts';
import { Dice } from '../support/dice.ts';
import { cidr, eni, inventory, ORIGIN, securityGroup, vpc } from '../support/inventory.ts';
import { groupScan, type Packet, scan } from '../support/packet-oracle.ts';
import { edgePackets, someUniverse } from '../support/random-universe.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowtrie-rules-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const WORDS = [EniSet.sgIngress, EniSet.sgEgress, EniSet.naclIngress, EniSet.naclEgress];
const GROUP_WORDS: readonly number[] = [EniSet.sgIngress, EniSet.sgEgress];

interface Asked {
  readonly view: RulesView;
  readonly ids: readonly string[];
}

function ask(world: Inventory): Asked {
  const { buffer, byteLength, catalog } = compileRules(world);
  return { view: attachRules(buffer, 0, byteLength), ids: catalog.rules.map((rule) => rule.id) };
}

function cellFor(view: RulesView, index: number, word: number, packet: Packet): number {
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = packet.words;
  const cls = packet.family === 4 ? addressClass4(view, w0) : addressClass6(view, w0, w1, w2, w3);
  const set = view.eniSets[index * SETS_STRIDE + word] ?? -1;
  return cellOf(view, set, cls, portClass(view, packet.protocol, packet.port));
}

/** Verdict, deciding rule and all matching rules in words. */
function answer({ view, ids }: Asked, index: number, word: number, packet: Packet): string {
  const cell = cellFor(view, index, word, packet);
  return `${view.cellVerdict[cell]} ${matchesOf(view, cell).map((match) => ids[match.rule])}`;
}

function packetsOf(world: Inventory): Packet[] {
  const rules = world.securityGroups.flatMap((group) => group.rules);
  return rules.flatMap((rule) => (rule.peer.kind === 'cidr' ? edgePackets([rule.peer.cidr], rule.selector) : []));
}

function withRules(world: Inventory, change: (rules: readonly SecurityGroupRule[]) => SecurityGroupRule[]): Inventory {
  const securityGroups = world.securityGroups.map((group) => ({ ...group, rules: change(group.rules) }));
  return { ...world, securityGroups };
}

const SEEDS = Array.from({ length: 8 }, (_, seed) => seed + 1);

describe.each(SEEDS)('universe %d', (seed) => {
  const dice = new Dice(seed);
  const world = someUniverse(dice, 40);
  const before = ask(world);
  const packets = packetsOf(world);
  const enis = world.networkInterfaces.map((_, index) => index);
  const everywhere = (check: (index: number, word: number, packet: Packet) => void): void => {
    for (const packet of packets) for (const word of WORDS) check(dice.pick(enis), word, packet);
  };

  test('the order of rules changes nothing', () => {
    const after = ask(withRules(world, (rules) => dice.shuffle(rules)));
    everywhere((index, word, packet) => {
      if (answer(after, index, word, packet) !== answer(before, index, word, packet))
        expect.fail(JSON.stringify(packet));
    });
    expect(packets.length).toBeGreaterThan(100);
  });

  test('one more group never takes an allow away', () => {
    const after = ask({
      ...world,
      networkInterfaces: world.networkInterfaces.map((e) => ({
        ...e,
        groups: [...new Set([...(e.groups ?? []), 'sg-3'])],
      })),
    });
    let allowed = 0;
    everywhere((index, word, packet) => {
      if (!GROUP_WORDS.includes(word)) return;
      if (before.view.cellVerdict[cellFor(before.view, index, word, packet)] !== Verdict.allow) return;
      allowed++;
      const verdict = after.view.cellVerdict[cellFor(after.view, index, word, packet)];
      if (verdict !== Verdict.allow) expect.fail(JSON.stringify(packet));
    });
    expect(allowed).toBeGreaterThan(30);
  });

  test('a CIDR cut in two halves changes ids only', () => {
    const after = ask(withRules(world, (rules) => rules.flatMap(halves)));
    let allowed = 0;
    everywhere((index, word, packet) => {
      const [was, is] = [before, after].map(({ view }) => view.cellVerdict[cellFor(view, index, word, packet)]);
      if (was !== is) expect.fail(JSON.stringify(packet));
      if (was === Verdict.allow) allowed++;
    });
    expect(allowed).toBeGreaterThan(30);
  });

  test('saved and loaded: the same bytes, the same answers', async () => {
    const compiled = compileRules(world);
    const path = join(folder, `rules-${seed}`);
    await saveRules(path, compiled);
    expect(readFileSync(path).equals(Buffer.from(compiled.buffer, 0, compiled.byteLength))).toBe(true);
    const loaded = await loadRules(path);
    expect(Buffer.from(loaded.buffer).equals(Buffer.from(compiled.buffer))).toBe(true);
    const after = { view: loaded.view, ids: before.ids };
    everywhere((index, word, packet) => {
      if (answer(after, index, word, packet) !== answer(before, index, word, packet))
        expect.fail(JSON.stringify(packet));
    });
  });
});

function halves(rule: SecurityGroupRule): SecurityGroupRule[] {
  if (rule.peer.kind !== 'cidr') return [rule];
  const { cidr: block } = rule.peer;
  const bits = block.family === 4 ? 32 : 128;
  if (block.length === bits) return [rule];
  const upper = block.words.map((word, w) => {
    const at = block.length - 32 * w;
    return at >= 0 && at < 32 ? word + 2 ** (31 - at) : word;
  });
  const [a = 0, b = 0, c = 0, d = 0] = upper;
  const length = block.length + 1;
  const second: Cidr =
    block.family === 4 ? { family: 4, words: [a], length } : { family: 6, words: [a, b, c, d], length };
  return [{ ...block, length }, second].map((half) => ({
    ...rule,
    id: `${rule.id}/${formatCidr(half)}`,
    peer: { kind: 'cidr', cidr: half },
  }));
}

describe('arena files', () => {
  test('a file that is cut short, changed or none is refused by name', async () => {
    const path = join(folder, 'broken');
    await saveRules(path, compileRules(someUniverse(new Dice(1), 4)));
    const bytes = readFileSync(path);
    bytes.writeUInt8((bytes.at(-200) ?? 0) ^ 1, bytes.length - 200);
    writeFileSync(path, bytes);
    await expect(loadRules(path)).rejects.toThrow(/broken: rules arena: contents do not match their digest/);
    truncateSync(path, bytes.length - 64);
    await expect(loadRules(path)).rejects.toThrow(/broken: rules arena: header says \d+ bytes, got \d+/);
    writeFileSync(path, 'x');
    await expect(loadRules(path)).rejects.toThrow(/broken: rules arena: 1 bytes are fewer/);
    await expect(loadRules(join(folder, 'absent'))).rejects.toThrow(/absent: ENOENT/);
    await expect(saveRules(join(folder, 'no/such'), compileRules(someUniverse(new Dice(1), 4)))).rejects.toThrow(
      /cannot write .*no\/such/,
    );
  });
});

test('a toy address space, every point: 256 addresses × 16 ports × 2 protocols', () => {
  for (const seed of SEEDS) {
    const dice = new Dice(seed);
    const rows = Array.from({ length: 24 }, (_, i) => {
      const [a, b] = [dice.below(16), dice.below(16)];
      const what = dice.pick(['all', 'tcp', `tcp ${Math.min(a, b)}-${Math.max(a, b)}`, `udp ${a}`]);
      const length = 24 + dice.below(9);
      const base = Math.floor(dice.below(256) / 2 ** (32 - length)) * 2 ** (32 - length);
      return [`r${i}`, 'in', what, dice.below(6) === 0 ? 'sg-t' : `10.0.0.${base}/${length}`] as const;
    });
    const world = inventory({
      vpcs: [vpc('vpc-a', ['10.0.0.0/24'])],
      networkInterfaces: [eni('eni-t', [`10.0.0.${dice.below(256)}`, `10.0.0.${16 * dice.below(16)}/28`], ['sg-t'])],
      securityGroups: [securityGroup('sg-t', rows)],
    });
    const asked = ask(world);
    const [own] = world.networkInterfaces;
    if (own === undefined) throw new Error('no interface');
    const rules = groupScan(world, own, false);
    for (let host = 0; host < 256; host++) {
      for (let port = 0; port < 16; port++) {
        for (const protocol of [6, 17]) {
          const packet: Packet = { family: 4, words: [0x0a00_0000 + host], protocol, port };
          const expected = scan(rules, packet).map((rule) => rule.id);
          const got = answer(asked, 0, EniSet.sgIngress, packet);
          const verdict = expected.length > 0 ? Verdict.allow : Verdict.deny;
          if (got !== `${verdict} ${expected}`)
            expect.fail(`seed ${seed} .${host} ${protocol}/${port}: ${got}, not ${expected}`);
        }
      }
    }
    expect(asked.view.cellCount).toBeGreaterThan(10);
  }
});

test('an IPv4 address written in IPv6 is IPv6: rules for IPv4 do not match it', () => {
  const asked = ask(
    inventory({
      networkInterfaces: [eni('eni-x', ['10.0.0.1'], ['sg-x'])],
      securityGroups: [
        {
          ...securityGroup('sg-x', [['four', 'in', 'tcp 443', '10.0.0.0/8']]),
          rules: [
            ...securityGroup('sg-x', [['four', 'in', 'tcp 443', '0.0.0.0/0']]).rules,
            {
              id: 'mapped',
              groupId: 'sg-x',
              egress: false,
              selector: { protocol: 6, ports: null, icmpType: null, icmpCode: null, valid: true },
              peer: { kind: 'cidr', cidr: cidr('::ffff:0:0/96') },
              origin: ORIGIN,
            },
          ],
        },
      ],
    }),
  );
  const mapped: Packet = { family: 6, words: [0, 0, 0xffff, 0x0a00_0001], protocol: 6, port: 443 };
  const plain: Packet = { family: 4, words: [0x0a00_0001], protocol: 6, port: 443 };
  expect(answer(asked, 0, EniSet.sgIngress, mapped)).toBe(`${Verdict.allow} mapped`);
  expect(answer(asked, 0, EniSet.sgIngress, plain)).toBe(`${Verdict.allow} four`);
});
