import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outputColumns } from '../../../src/sink/columns.ts';
import { openOutput } from '../../../src/sink/output.ts';

// appends parts to stdout until all are written or nobody reads; reports on stderr
const [folder = '.', parts = '1'] = process.argv.slice(2);
const output = await openOutput('ndjson', '-', outputColumns([]));
let appended = 0;
while (!output.closed && appended < Number(parts)) {
  const part = join(folder, `part-${appended}`);
  writeFileSync(part, `${String(appended).padEnd(65_535, '.')}\n`);
  await output.append({ path: part });
  appended++;
}
await output.close();
process.stderr.write(JSON.stringify({ closed: output.closed, appended }));
