import { expect, test } from 'vitest';
import type { NetworkInterface, PrefixList } from '../../../src/inventory/inventory.ts';
import { sameAccount } from '../../../src/rules/account.ts';
import { eni, inventory, prefixList, securityGroup, vpc } from '../../support/inventory.ts';

const subject: NetworkInterface = { ...eni('eni-x', ['10.0.0.10', 'fd00::1'], ['sg-x']), tags: new Map([['a', 'b']]) };
const list: PrefixList = prefixList('pl-x', ['10.1.0.0/16']);
const world = inventory({
  prefixLists: [list],
  vpcs: [vpc('vpc-a', ['10.0.0.0/16'])],
  networkInterfaces: [subject],
  securityGroups: [securityGroup('sg-x', [])],
});

/** Any other value of about the same form. */
function otherThan(value: unknown): unknown {
  if (typeof value === 'string') return `${value}.`;
  if (typeof value === 'boolean') return !value;
  if (value === null || typeof value === 'number') return 7;
  if (Array.isArray(value)) return [...value, ...value, 'more'];
  if (value instanceof Map) return new Map([...value, ['more', '']]);
  return Object.fromEntries(Object.entries(value as object).map(([name, member]) => [name, otherThan(member)]));
}

test('equal contents are the same account, whatever its groups and its label say', () => {
  expect(sameAccount(world, structuredClone(world))).toBe(true);
  expect(sameAccount(world, { ...structuredClone(world), securityGroups: [], networkAcls: [], label: 'later' })).toBe(
    true,
  );
});

test.each(Object.keys(subject) as (keyof NetworkInterface)[])(
  'another %s of an interface is another account',
  (name) => {
    const other = { ...structuredClone(subject), [name]: otherThan(subject[name]) };
    expect(sameAccount(world, { ...structuredClone(world), networkInterfaces: [other] })).toBe(false);
  },
);

test.each(Object.keys(list) as (keyof PrefixList)[])('another %s of a prefix list is another account', (name) => {
  const other = { ...structuredClone(list), [name]: otherThan(list[name]) };
  expect(sameAccount(world, { ...structuredClone(world), prefixLists: [other] })).toBe(false);
});

test('deep members count: a value of a tag, a word of an address, where a document was read', () => {
  const others: Partial<NetworkInterface>[] = [
    { tags: new Map([['a', 'c']]) },
    { tags: new Map([['c', 'b']]) },
    { primary: { family: 4, words: [1] } },
    { secondary: [{ family: 6, words: [0xfd00_0000, 0, 0, 2] }] },
    { groups: ['sg-y'] },
    { groups: null },
    { primary: null },
    { origin: { ...subject.origin, path: '$.elsewhere' } },
  ];
  for (const other of others) {
    expect(sameAccount(world, { ...world, networkInterfaces: [{ ...subject, ...other }] })).toBe(false);
  }
});
