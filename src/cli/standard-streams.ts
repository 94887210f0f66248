import { setImmediate } from 'node:timers/promises';
import type { FlowtrieError } from '../model/errors.ts';
import { cannotWrite, readerHasGone } from '../sink/destination.ts';

/**
 * Listens from now on for what becomes of standard output and standard error, whoever writes there: without a listener
 * Node ends the process with a stack trace. The result waits for all that was written and tells why it could not be;
 * null = it was, or its reader had seen enough. Of standard error nobody can be told.
 */
export function watchStandardStreams(): () => Promise<FlowtrieError | null> {
  let failure: FlowtrieError | null = null;
  process.stdout.on('error', (error) => {
    if (!readerHasGone(error)) failure ??= cannotWrite('standard output', error);
  });
  process.stderr.on('error', () => {});
  return async () => {
    await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
    // the 'error' event follows the callback of its write
    await setImmediate();
    return failure;
  };
}
