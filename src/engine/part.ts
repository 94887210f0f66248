import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A part in memory; `ends[i]` is where the i-th piece that was written ends. */
export interface PartBytes {
  readonly bytes: SharedArrayBuffer;
  readonly ends: readonly number[];
}

/** What one task writes, appended to as batches are done; the main thread takes it up in task order. */
export interface Part {
  write(bytes: Uint8Array): void;
  close(): { readonly path: string | null; readonly memory: PartBytes | null };
}

/** A file in `folder`, or shared memory where that is null. */
export function openPart(folder: string | null, name: string): Part {
  return folder === null ? memoryPart() : filePart(join(folder, name));
}

function filePart(path: string): Part {
  const fd = openSync(path, 'w');
  return {
    write(bytes) {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at);
    },
    close() {
      closeSync(fd);
      return { path, memory: null };
    },
  };
}

/** Shared memory travels between threads by reference; the pieces are copied into it once, when their sum is known. */
function memoryPart(): Part {
  const pieces: Uint8Array[] = [];
  const ends: number[] = [];
  let length = 0;
  return {
    write(bytes) {
      // not slice(): a Buffer would hand out a view of bytes that are overwritten next
      pieces.push(new Uint8Array(bytes));
      length += bytes.length;
      ends.push(length);
    },
    close() {
      const bytes = new SharedArrayBuffer(length);
      const view = new Uint8Array(bytes);
      pieces.forEach((piece, i) => {
        view.set(piece, i === 0 ? 0 : ends[i - 1]);
      });
      return { path: null, memory: { bytes, ends } };
    },
  };
}
