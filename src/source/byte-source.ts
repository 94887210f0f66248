import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { FlowtrieError } from '../model/errors.ts';
import { unreadable } from './unreadable.ts';

/** Random access to the bytes of an input, wherever it is. */
export interface ByteSource {
  readonly name: string;
  readonly size: number;
  /** Exactly these bytes, in memory of their own; throws FlowtrieError when the input is shorter or cannot be read. */
  read(position: number, length: number): Promise<Uint8Array>;
  close(): void;
}

export function openFile(name: string): ByteSource {
  const fd = attempt(name, () => openSync(name, 'r'));
  const { size } = attempt(name, () => fstatSync(fd));
  return {
    name,
    size,
    async read(position, length) {
      if (position < 0 || position + length > size) {
        throw new FlowtrieError('input', `${name}: expected ${position + length} bytes, the file has ${size}`);
      }
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; ) {
        const count = attempt(name, () => readSync(fd, bytes, at, length - at, position + at));
        if (count === 0) throw new FlowtrieError('input', `${name}: the file ends at ${position + at}`);
        at += count;
      }
      return bytes;
    },
    close: () => closeSync(fd),
  };
}

function attempt<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw unreadable(name, error);
  }
}
