import type { OpenedInputs } from './opened-inputs.ts';

/** What a run whose stdin was left has for the records it had read, milliseconds. */
const GRACE_MS = 750;

/** Ends the tasks of a run. */
export interface Halt {
  readonly signal: AbortSignal;
  /** It is not needed any more. */
  clear(): void;
}

/**
 * Raised with `signal`; where that leaves stdin, which may have been silent for long, a little later: what was read of
 * it waited for more, and has not been looked at yet.
 */
export function haltBy(signal: AbortSignal | undefined, inputs: Pick<OpenedInputs, 'interrupted'>): Halt {
  const halt = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const raise = (): void => {
    if (inputs.interrupted) timer = setTimeout(() => halt.abort(), GRACE_MS);
    else halt.abort();
  };
  if (signal?.aborted === true) raise();
  else signal?.addEventListener('abort', raise);
  return {
    signal: halt.signal,
    clear() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', raise);
    },
  };
}
