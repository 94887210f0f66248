import { once } from 'node:events';
import { startCli } from '../cli.ts';

/** One `flowtrie stream` process. */
export interface Member {
  readonly pid: number;
  /** Its log so far. */
  log(): string;
  /** SIGKILL, and gone. */
  kill(): Promise<void>;
  /** SIGTERM: commits and leaves; its exit code. */
  stop(): Promise<number | null>;
  /** Its exit code when it ends by itself. */
  ended(): Promise<number | null>;
  readonly stdout: () => string;
}

/**
 * Members that are killed must not hold up the group for the usual time; a broker that was given may insist on its
 * least, which is 6 seconds where nobody has changed it.
 */
const SESSION_SECONDS = (process.env.KAFKA_BROKERS ?? '') === '' ? '2' : '6';

export function startMember(args: readonly string[], more: Readonly<Record<string, string>> = {}): Member {
  // rows of paired records depend on who has which partition: what is not about pairing goes without
  const env = { FLOWTRIE_KAFKA_SESSION_SECONDS: SESSION_SECONDS, FLOWTRIE_PAIR: 'false', ...more };
  const child = startCli(['stream', '--log', 'json', ...args], { env });
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const closed = once(child, 'close').then(([code]) => code as number | null);
  return {
    pid: child.pid ?? 0,
    log: () => stderr,
    stdout: () => stdout,
    async kill() {
      child.kill('SIGKILL');
      await closed;
    },
    async stop() {
      child.kill('SIGTERM');
      return closed;
    },
    ended: () => closed,
  };
}
