import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

export interface CliResult {
  /** null = ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd?: string;
  /** What is written to its standard input, which is closed then, or a descriptor that it is; absent = no input. */
  readonly stdin?: Uint8Array | number;
  /** Its standard input goes on: the caller ends it. */
  readonly open?: boolean;
  /** A descriptor that is its standard output in place of a pipe that is read. */
  readonly stdout?: number;
  /** Variables of its environment beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the built command line; `npm test` builds it first. */
export function startCli(args: readonly string[], options: CliOptions = {}): ChildProcess {
  if (!existsSync(MAIN)) throw new Error('dist/ is missing: npm run build');
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: options.cwd,
    stdio: [typeof options.stdin === 'number' ? options.stdin : 'pipe', options.stdout ?? 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  // a program that ends before it has read all of its input is no failure of ours
  child.stdin?.on('error', () => {});
  if (typeof options.stdin !== 'number' && options.open !== true) child.stdin?.end(options.stdin ?? new Uint8Array(0));
  return child;
}

/** Runs the built command line to its end. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const child = startCli(args, options);
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
