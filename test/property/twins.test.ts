import { expect, test } from 'vitest';
import { FlowWord, NO_ENI, TWIN_STRETCH } from '../../src/pods/twin-flow.ts';
import { createTwinMemory, TwinMatch, TwinTable, twinsOverflowed } from '../../src/pods/twins.ts';
import { Dice } from '../support/dice.ts';

const SLACK_SECONDS = 60;
const SEEDS = 12;
const START = 1_700_000_000;

type Flow = { -readonly [Word in Exclude<keyof typeof FlowWord, 'count' | 'evidence'>]: number };

/** Interface that owns an address; NO_ENI = none. */
const ownerOf = (address: number): number => (address > 0xffff_0000 ? NO_ENI : address & 3);

/** Few interfaces, addresses and ports, so that most flows are related to many; windows at and beyond every edge. */
function flowOf(dice: Dice): Flow {
  const start = START + dice.below(2) * 1024 + dice.pick([0, 1, 59, 60, 61, 121, 500, 1022, 1023]) + dice.below(3);
  const remote = dice.pick([0x0a00_0000, 0x0a00_0001, 0x0a00_0002, 0x0a00_0003, 0xffff_fffe]);
  return {
    eni: dice.below(4),
    remoteEni: ownerOf(remote),
    protocol: dice.pick([6, 6, 6, 6, 255]),
    local: dice.pick([0, 0, 0, 0x0a00_0001]),
    remote,
    localPort: dice.pick([443, 65_535]),
    remotePort: dice.pick([443, 65_535]),
    start,
    end: start + dice.pick([0, 1, 59, 60, 61, 600, 3600]),
    egress: dice.below(2),
    role: dice.below(3),
  };
}

function packed(flows: readonly Flow[]): Uint32Array {
  const words = new Uint32Array(flows.length * FlowWord.count);
  for (const [k, flow] of flows.entries()) {
    for (const [name, value] of Object.entries(flow)) {
      words[k * FlowWord.count + FlowWord[name as keyof Flow]] = value;
    }
  }
  return words;
}

/** What one flow tells another, as SEMANTICS.md says it; null = nothing. */
function told(asked: Flow, other: Flow): string | null {
  if (other.end + SLACK_SECONDS < asked.start || other.start > asked.end + SLACK_SECONDS) return null;
  if (other.protocol !== asked.protocol || other.egress === asked.egress) return null;
  if (other.eni === asked.eni) {
    const same = (['remote', 'local', 'localPort', 'remotePort'] as const).every((word) => other[word] === asked[word]);
    return same && other.role !== 0 ? `reverse ${3 - other.role}` : null;
  }
  if (other.eni !== asked.remoteEni || other.remoteEni !== asked.eni) return null;
  if (other.localPort !== asked.remotePort || other.remotePort !== asked.localPort) return null;
  if (other.local !== 0 && other.local !== asked.remote) return null;
  if (asked.local !== 0 && other.remote !== asked.local) return null;
  return `twin ${other.remote} ${other.role}`;
}

/** What the table finds; a twin counts only when the address it shows is the asking interface's own. */
function found(table: TwinTable, asked: readonly Flow[], owner: (address: number) => number): Set<string>[] {
  const sets = asked.map(() => new Set<string>());
  table.ask(packed(asked), asked.length, (matches, count) => {
    for (let m = 0; m < count; m++) {
      const [word = 0, remote = 0] = matches.subarray(2 * m, 2 * m + 2);
      const role = (word >>> TwinMatch.roleShift) & 3;
      const isReverse = (word & TwinMatch.reverse) !== 0;
      const k = word & TwinMatch.question;
      if (!isReverse && owner(remote) !== asked[k]?.eni) continue;
      sets[k]?.add(isReverse ? `reverse ${role}` : `twin ${remote} ${role}`);
    }
  });
  return sets;
}

test.each(Array.from({ length: SEEDS }, (_, seed) => seed))(
  'twins found are those that a plain search finds: %i',
  (seed) => {
    const dice = new Dice(seed);
    const memories = Array.from({ length: 1 + dice.below(3) }, () => createTwinMemory(1 << 20, 1 << dice.below(14)));
    const table = new TwinTable(memories);
    const added: Flow[] = [];
    for (let epoch = 0; epoch < memories.length; epoch++) {
      table.fill(epoch);
      const flows = Array.from({ length: TWIN_STRETCH - dice.below(20) }, () => flowOf(dice));
      // records of one flow that follow each other become one entry
      const repeated = flows.map((flow) => ({ ...flow, start: flow.start + 60, end: flow.end + 60 }));
      for (const part of [flows, repeated]) expect(table.add(packed(part), part.length)).toBe(part.length);
      added.push(...flows, ...repeated);
    }
    const asked = Array.from({ length: TWIN_STRETCH }, () => flowOf(dice));
    const expected = asked.map((flow) => new Set(added.flatMap((other) => told(flow, other) ?? [])));
    expect(found(table, asked, ownerOf)).toEqual(expected);
    // some are found at all
    expect(expected.filter((set) => set.size > 0).length).toBeGreaterThan(20);
  },
);

test('more matches than are handed over at once', () => {
  const table = new TwinTable([createTwinMemory(1 << 20, 1024)]);
  const asked = { ...flowOf(new Dice(1)), eni: 1, remoteEni: 2, local: 0, start: START, end: START + 60, egress: 1 };
  const others = Array.from({ length: 5000 }, (_, i) => ({
    ...{ ...asked, eni: 2, remoteEni: 1, remote: i + 1, egress: 0, role: 1 },
    ...{ localPort: asked.remotePort, remotePort: asked.localPort },
  }));
  for (let from = 0; from < others.length; from += TWIN_STRETCH) {
    const part = others.slice(from, from + TWIN_STRETCH);
    expect(table.add(packed(part), part.length)).toBe(part.length);
  }
  expect(found(table, [asked, asked], () => 1).map((set) => set.size)).toEqual([5000, 5000]);
});

test('a table that is full says how many records it took, and begins anew when it is cleared', () => {
  const memory = createTwinMemory(32 * 300, 300);
  const table = new TwinTable([memory]);
  const flows = Array.from({ length: TWIN_STRETCH }, (_, i) => ({ ...flowOf(new Dice(i)), remote: i }));
  expect(table.add(packed(flows), TWIN_STRETCH)).toBe(TWIN_STRETCH);
  expect(twinsOverflowed(memory)).toBe(false);
  const others = flows.map((flow) => ({ ...flow, remote: flow.remote + 1000 }));
  expect(table.add(packed(others), TWIN_STRETCH)).toBe(300 - TWIN_STRETCH);
  expect(twinsOverflowed(memory)).toBe(true);
});
