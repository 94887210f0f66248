import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addWorld, newFindings } from '../support/churn.ts';
import { writeResult } from './results.ts';

/**
 * Attribution under churn, every source of pod history alone and mixed, against the generator's truth.
 * `npm run soak:churn -- [worlds] [--write]`, 2.5 million records a world; the result is written after each of them.
 */
const WORLD_RECORDS = 2_500_000;
const worlds = Number(process.argv.slice(2).find((text) => /^\d+$/.test(text)) ?? 4);

const root = mkdtempSync(join(tmpdir(), 'flowtrie-churn-'));
try {
  const found = newFindings();
  for (let seed = 1; seed <= worlds; seed++) {
    await addWorld(root, seed, WORLD_RECORDS, found, (text) => console.error(text));
    const counts = [...found].flatMap(([history, { records, sides, said, contained, wrong }]) => {
      return Object.entries({ records, sides, ...said, contained, wrong }).map(([what, count]) => [
        `${history}: ${what}`,
        count,
      ]);
    });
    writeResult('churn', { worlds: seed, ...Object.fromEntries(counts) });
  }
  for (const { examples } of found.values()) for (const example of examples) console.error(example);
  if ([...found.values()].some(({ wrong }) => wrong > 0)) process.exitCode = 1;
} finally {
  rmSync(root, { recursive: true, force: true });
}
