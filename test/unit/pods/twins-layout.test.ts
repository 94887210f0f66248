import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { FlowWord, NO_ENI, TWIN_STRETCH } from '../../../src/pods/twin-flow.ts';
import { MATCHES_MAX, NUMBERS_MAX, TwinDesk, TwinMatch, TwinState } from '../../../src/pods/twins.ts';

const SOURCE = readFileSync(fileURLToPath(new URL('../../../src/kernel/twins/layout.ts', import.meta.url)), 'utf8');

/** Constants of the kernel by name. */
const CONSTANTS = new Map(
  Array.from(SOURCE.matchAll(/^export const (\w+): (?:u32|usize) = ([\w]+);$/gm), ([, name = '', value = '']) => {
    return [name, Number(value.replaceAll('_', ''))];
  }),
);

function upper(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** Words of 4 bytes as byte offsets. */
function inBytes(prefix: string, words: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(words).map(([name, word]) => [`${prefix}_${upper(name)}`, word * 4]);
}

test('the twin kernel and TypeScript lay out one memory alike', () => {
  const { count, ...words } = FlowWord;
  const { question: _question, ...match } = TwinMatch;
  const expected = [
    ...inBytes('FLOW', words),
    ['FLOW_BYTES', count * 4],
    ...inBytes('STATE', TwinState),
    ...Object.entries(TwinDesk).map(([name, at]) => [`DESK_${upper(name)}`, at]),
    ...Object.entries(match).map(([name, bits]) => [`MATCH_${upper(name)}`, bits]),
    ...Object.entries({ NO_ENI, TWIN_STRETCH, MATCHES_MAX, NONE: NUMBERS_MAX }),
  ];
  expect(Object.fromEntries(CONSTANTS)).toMatchObject(Object.fromEntries(expected));
});
