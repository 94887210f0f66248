import { describe, expect, it } from 'vitest';
import { ownCall, shellWord } from '../../../src/cli/own-call.ts';

describe('ownCall', () => {
  it.each([
    ['/usr/local/bin/flowtrie', '/home/me', 'flowtrie'],
    ['/home/me/app/node_modules/.bin/flowtrie', '/home/me/app', 'npx flowtrie'],
    ['/home/me/flowtrie/dist/src/cli/main.js', '/home/me/flowtrie', 'node dist/src/cli/main.js'],
    ['/home/me/flowtrie/dist/src/cli/main.js', '/home/me/lab', 'node ../flowtrie/dist/src/cli/main.js'],
    ['/home/me/my code/main.js', '/home/me', "node 'my code/main.js'"],
  ])('%s from %s: %s', (script, folder, call) => {
    expect(ownCall(script, folder)).toBe(call);
  });
});

describe('shellWord', () => {
  it.each([
    ['demo-out/rows.ndjson', 'demo-out/rows.ndjson'],
    ['a b', "'a b'"],
    ["it's", `'it'\\''s'`],
    ['', "''"],
    ['$HOME', "'$HOME'"],
  ])('%s is %s', (text, word) => {
    expect(shellWord(text)).toBe(word);
  });
});
