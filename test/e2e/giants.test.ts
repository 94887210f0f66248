import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import type { Summary } from '../../src/model/summary.ts';
import { openDuck } from '../support/duckdb.ts';

/** Size of what is too large; FLOWTRIE_GIANT_BYTES sets another (test:nightly: 1 GiB). */
const GIANT = Number(process.env.FLOWTRIE_GIANT_BYTES ?? 192 * 1024 * 1024);
/** What a run may take above one that reads a single record: buffers of fixed size, a document of at most 64 MiB. */
const ROOM_KIB = 160 * 1024;
const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const INVENTORY = fileURLToPath(new URL('../conformance/inventories/aws-fixture', import.meta.url));
const RECORD = '2 123456789012 eni-1 10.0.0.1 10.0.0.2 443 50000 6 1 40 1700000000 1700000060 ACCEPT OK';
const folder = mkdtempSync(join(tmpdir(), 'flowtrie-giants-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Measured {
  readonly code: number | null;
  readonly stderr: string;
  readonly ledger: Summary['ledger'];
  /** Most memory that it had, in KiB. */
  readonly peak: number;
}

/** Memory of a process at its most so far; the system keeps the mark. */
function peakOf(child: ChildProcess): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

async function measured(path: string, ...flags: readonly string[]): Promise<Measured> {
  const args = [
    MAIN,
    'replay',
    path,
    '--inventory',
    INVENTORY,
    '--threads',
    '0',
    '--json',
    '-q',
    '--no-pair',
    ...flags,
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr, peak] = ['', '', 0];
  child.stdout.on('data', (piece) => {
    stdout += piece;
  });
  child.stderr.on('data', (piece) => {
    stderr += piece;
  });
  const timer = setInterval(() => {
    peak = Math.max(peak, peakOf(child));
  }, 20);
  const code = await new Promise<number | null>((done) => child.on('close', done));
  clearInterval(timer);
  return { code, stderr, ledger: (JSON.parse(stdout || '{}') as Summary).ledger, peak };
}

/** A file of `head`, then GIANT bytes of `piece` over and over, then `tail`. */
function writeGiant(name: string, head: string, piece: Uint8Array, tail: string): string {
  const fd = openSync(at(name), 'w');
  writeSync(fd, head);
  for (let written = 0; written < GIANT; written += piece.length) writeSync(fd, piece);
  writeSync(fd, tail);
  closeSync(fd);
  return at(name);
}

const MIB = Buffer.alloc(1024 * 1024, 'x');

describe.skipIf(!existsSync('/proc/self/status'))(
  `inputs of ${GIANT} bytes in little memory`,
  { timeout: 300_000 },
  () => {
    let base = 0;
    const within = ({ peak }: Measured): void => {
      expect(base).toBeGreaterThan(0);
      expect(peak - base).toBeLessThan(ROOM_KIB);
    };

    it('one record, for comparison', async () => {
      writeFileSync(at('one.log'), `${RECORD}\n`);
      const result = await measured(at('one.log'));
      expect(result).toMatchObject({ code: 0, ledger: { lines: 1, classified: 1 } });
      base = result.peak;
    });

    it.each([
      ['a line', `${RECORD}\n`, `\n${RECORD}\n`],
      ['a line of one word and no end', `${RECORD}\n${RECORD}\n`, ''],
      ['a value in quotes', `"version","srcaddr"\n"2","10.0.0.1"\n"`, `"\n"2","10.0.0.2"\n`],
      ['a JSON document', `{"message":"${RECORD}"}\n{"message":"`, `"}\n{"message":"${RECORD}"}\n`],
    ])('%s', async (name, head, tail) => {
      const path = writeGiant('giant', head, MIB, tail);
      const result = await measured(path, '--quarantine', at('quarantine'));
      expect(result, name).toMatchObject({ code: 0, stderr: '', ledger: { classified: 2 } });
      expect(Object.values(result.ledger.malformed)).toEqual([1]);
      expect(readFileSync(at('quarantine')).length).toBeLessThan(10_000);
      within(result);
      rmSync(path);
    });

    it('a gzip bomb', async () => {
      const member = gzipSync(Buffer.alloc(16 * 1024 * 1024, 'x'), { level: 9 });
      const members = Array.from({ length: Math.ceil(GIANT / 2 ** 24) }, () => member);
      const [head, tail] = [gzipSync(`${RECORD}\n`), gzipSync(`\n${RECORD}\n`)];
      writeFileSync(at('bomb.gz'), Buffer.concat([head, ...members, tail]));
      const result = await measured(at('bomb.gz'));
      expect(result).toMatchObject({ code: 0, stderr: '', ledger: { lines: 3, classified: 2 } });
      expect(result.ledger.malformed).toEqual({ 'line-too-long': 1 });
      within(result);
    });

    it('Parquet whose footer and page headers lie', async () => {
      const duck = await openDuck();
      await duck.run(`copy (select 'eni-1' interface_id, '10.0.0.' || (i % 200) srcaddr, i::bigint bytes
      from range(12000) r(i)) to '${at('whole.parquet')}' (format parquet, compression zstd)`);
      duck.close();
      const whole = readFileSync(at('whole.parquet'));
      // 12,000 as Thrift writes it: rows of file and group, values of columns and pages
      const rows = Buffer.from([0xc0, 0xbb, 0x01]);
      const lie = Buffer.from([0xfe, 0xff, 0x7f]);
      expect(whole.includes(rows)).toBe(true);
      for (let from = whole.indexOf(rows); from >= 0; from = whole.indexOf(rows, from + 1)) {
        const damaged = Buffer.from(whole);
        lie.copy(damaged, from);
        writeFileSync(at('lies.parquet'), damaged);
        const result = await measured(at('lies.parquet'));
        if (result.code !== 0) expect(result.stderr).toMatch(/lies\.parquet: /);
        within(result);
      }
    });
  },
);
