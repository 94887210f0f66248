import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeNeeding } from '../needs.ts';

const PYTHON = process.env.FLOWTRIE_PYTHON ?? 'python3';
const SERVER = fileURLToPath(new URL('server.py', import.meta.url));

/** A suite against the real engine of ClickHouse behind its HTTP interface. */
export function describeClickHouse(name: string, suite: () => void): void {
  describeNeeding('clickhouse', name, hasEngine() ? null : 'no chdb: pip install chdb', suite);
}

function hasEngine(): boolean {
  try {
    execFileSync(PYTHON, ['-c', 'import importlib.util, sys; sys.exit(importlib.util.find_spec("chdb") is None)'], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}

export interface ClickHouseServer {
  readonly url: string;
  /** What a query answers, as lines of values separated by tabs. */
  query(text: string): Promise<string>;
  start(): Promise<void>;
  /** Ends it; its data stays. */
  kill(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** A server that is started: its data is in a folder of its own, its port stays the same. */
export async function startClickHouse(): Promise<ClickHouseServer> {
  const folder = mkdtempSync(join(tmpdir(), 'flowtrie-clickhouse-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  const kill = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null) return;
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  };
  const server: ClickHouseServer = {
    url,
    kill,
    async query(text) {
      const answer = await fetch(url, { method: 'POST', body: text });
      const body = await answer.text();
      if (!answer.ok) throw new Error(body);
      return body.trimEnd();
    },
    async start() {
      child = spawn(PYTHON, [SERVER, folder, String(port)], { stdio: ['pipe', 'pipe', 'inherit'] });
      if (child.stdout !== null) await once(child.stdout, 'data');
    },
    async stop() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  await new Promise((done) => probe.close(done));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
