import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';

/** What a ratio depends on; no host name, no date. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly platform: string;
  readonly node: string;
}

export function machineFacts(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
  };
}

/** True when the program answers to `--version`, or what else asks it for its version. */
export function hasProgram(name: string, ask: readonly string[] = ['--version']): boolean {
  try {
    execFileSync(name, ask, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
