import { strict as assert } from 'node:assert';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A WebAssembly module that the build compiles from src/kernel. */
export type KernelName = 'decode' | 'inflate' | 'classify' | 'columns' | 'twins' | 'layers' | 'parquet' | 'audit';
export type KernelFunction = (...values: readonly number[]) => number;

/** What is used of WebAssembly: its types come with a browser's library, which is not ours. */
interface Runtime {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (limits: { initial: number; maximum: number; shared: boolean }) => KernelMemory;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Readonly<Record<string, unknown>> };
}
const { Module, Memory, Instance } = (globalThis as typeof globalThis & { WebAssembly: Runtime }).WebAssembly;

export interface KernelMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  grow(pages: number): number;
}

export const PAGE_BYTES = 65_536;

/** Memory of a fixed number of pages of 64 KiB: the number that the kernel's asconfig.json has, shared as it says. */
export function createMemory(pages: number, shared: boolean): KernelMemory {
  return new Memory({ initial: pages, maximum: pages, shared });
}

/** Shared memory of so many pages that may grow to so many. */
export function createTableMemory(initial: number, maximum: number): KernelMemory {
  return new Memory({ initial, maximum, shared: true });
}

/** Pages of the shared kernels' asconfig.json: what a memory begins with, and the end of 32-bit addresses. */
const FIRST_PAGES = 96;
const LAST_PAGES = 65_536;

/** Shared memory for kernels that lie side by side. */
export function createGrowingMemory(): KernelMemory {
  return new Memory({ initial: FIRST_PAGES, maximum: LAST_PAGES, shared: true });
}

const compiled = new Map<KernelName, object>();

/** The module, compiled once a thread. Tests run from sources and use the one that the build made. */
function moduleOf(name: KernelName): object {
  let module = compiled.get(name);
  if (module === undefined) {
    const beside = fileURLToPath(new URL(`../kernel/${name}.wasm`, import.meta.url));
    const built = fileURLToPath(new URL(`../../dist/src/kernel/${name}.wasm`, import.meta.url));
    module = new Module(readFileSync(existsSync(beside) ? beside : built));
    compiled.set(name, module);
  }
  return module;
}

/** The functions of a kernel over a memory of its own, by name. */
export function kernelFunctions(name: KernelName, memory: KernelMemory): (exported: string) => KernelFunction {
  const { exports } = new Instance(moduleOf(name), { env: { memory } });
  return (exported) => {
    const value = exports[exported];
    assert(typeof value === 'function', `${name} kernel: no function ${exported}`);
    return value as KernelFunction;
  };
}
