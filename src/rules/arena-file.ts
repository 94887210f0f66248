import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { FlowtrieError } from '../model/errors.ts';
import { attachRules, checkSeal, sealArena } from './arena.ts';
import type { RulesView } from './view.ts';

/** Compiled rules in memory that threads can share. */
export interface RulesBuffer {
  readonly buffer: SharedArrayBuffer;
  readonly byteLength: number;
}

/** Writes the arena with the digest of its contents: the file appears under its name only when complete. */
export async function saveRules(path: string, { buffer, byteLength }: RulesBuffer): Promise<void> {
  const partial = `${path}.${randomBytes(6).toString('hex')}.partial`;
  const bytes = new Uint8Array(buffer, 0, byteLength);
  sealArena(bytes);
  try {
    const file = await open(partial, 'wx');
    try {
      await file.writeFile(bytes);
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw new FlowtrieError('output', `cannot write ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** Reads a saved arena and checks it, every byte included. Throws a FlowtrieError that names the file and the fault. */
export async function loadRules(path: string): Promise<RulesBuffer & { readonly view: RulesView }> {
  try {
    const bytes = await readFile(path);
    const buffer = new SharedArrayBuffer(bytes.length);
    new Uint8Array(buffer).set(bytes);
    const view = attachRules(buffer, 0, bytes.length);
    checkSeal(bytes);
    return { buffer, byteLength: bytes.length, view };
  } catch (error) {
    throw new FlowtrieError('input', `${path}: ${(error as Error).message}`, { cause: error });
  }
}
