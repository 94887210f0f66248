import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';

const INVENTORY = fileURLToPath(new URL('../conformance/inventories/aws-fixture', import.meta.url));

// needs no server: the SDK finds out before it asks one
it.each([
  [{}, 'Region is missing: set AWS_REGION'],
  [{ AWS_REGION: 'us-east-1' }, 'set AWS_PROFILE, or AWS_ACCESS_KEY_ID'],
])('says what is to be set when %j is all there is', async (given, message) => {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  const home = mkdtempSync(join(tmpdir(), 'flowtrie-no-aws-'));
  const env = { HOME: home, AWS_EC2_METADATA_DISABLED: 'true', ...given };
  const { code, stderr } = await runCli(['replay', 's3://some-bucket/x', '--inventory', INVENTORY], { env });
  rmSync(home, { recursive: true, force: true });
  expect(code).toBe(3);
  expect(stderr).toContain(message);
});
