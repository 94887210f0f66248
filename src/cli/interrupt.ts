/** Thrown through a command when the user interrupts it; its state is already flushed. */
export class Interrupted extends Error {
  readonly exitCode: number;
  constructor(signal: NodeJS.Signals, cause?: unknown) {
    super(`interrupted by ${signal}`, { cause });
    this.exitCode = signal === 'SIGTERM' ? 143 : 130;
  }
}

/**
 * Runs `work` with an AbortSignal that the first SIGINT or SIGTERM raises, and turns that into Interrupted once the
 * work has wound up. A second signal ends the process at once, as the system does by default.
 */
export async function withInterrupt<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  let received: NodeJS.Signals | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    received = signal;
    abort.abort();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    const result = await work(abort.signal);
    if (received !== undefined) throw new Interrupted(received);
    return result;
  } catch (error) {
    if (received !== undefined) throw new Interrupted(received, error);
    throw error;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}
