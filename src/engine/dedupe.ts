import type { InterfaceNames } from '../classify/tables.ts';
import { type FlowBatch, Present, V6_WORDS } from '../model/flow.ts';

/**
 * Memory for the records met so far: an entry is 16 bytes, three quarters of the entries may be in use. At most 50
 * million records are compared in one run.
 */
const DEDUPE_BYTES_MAX = 1024 * 1024 * 1024;

const ENTRY_WORDS = 4;
const ENTRIES_MIN = 1024 * 1024;
const LOAD_MAX = 0.75;

/** Bytes of input behind one record: no packing of AWS's gets below. */
const PACKED_RECORD_BYTES = 4;

/** Words: entries in use or reserved; 1 = was full once. Then the entries: three of a record's hash, its flow log. */
const USED = 0;
const FULL = 1;
const HEADER_WORDS = 2;

/** A shared table for an input of so many bytes (null = a stream). */
export function dedupeTable(inputBytes: number | null): SharedArrayBuffer {
  const most = DEDUPE_BYTES_MAX / (4 * ENTRY_WORDS);
  const wanted = inputBytes === null ? most : inputBytes / PACKED_RECORD_BYTES / LOAD_MAX;
  const entries = 2 ** Math.ceil(Math.log2(Math.min(Math.max(wanted, ENTRIES_MIN), most)));
  return new SharedArrayBuffer(4 * (HEADER_WORDS + ENTRY_WORDS * entries));
}

/**
 * The flow log of each input: its id where the name has one (`…_fl-0123_…`, as S3 objects have), else the input
 * itself. One flow log never repeats a record, two that cover an interface both have it.
 */
export function flowLogsOf(names: readonly string[]): readonly number[] {
  const numbers = new Map<string, number>();
  return names.map((name) => {
    const id = /(?:^|[_/])(fl-[0-9a-f]+)_[^/]*$/.exec(name)?.[1] ?? `file ${name}`;
    const number = numbers.get(id) ?? numbers.size + 1;
    numbers.set(id, number);
    return number;
  });
}

/** What went wrong with the comparison, if anything did. */
export function dedupeFailure(table: SharedArrayBuffer): string | null {
  const words = new Int32Array(table);
  if (Atomics.load(words, FULL) === 0) return null;
  const records = Math.floor(((words.length - HEADER_WORDS) / ENTRY_WORDS) * LOAD_MAX);
  return `--dedupe: more than ${records} records: not all were compared; give a shorter time by --since and --until`;
}

const COMPARED =
  Present.srcAddr | Present.dstAddr | Present.srcPort | Present.dstPort | Present.protocol | Present.action;
const BITS = COMPARED | Present.flowDirection | Present.srcAddrV6 | Present.dstAddrV6;
/** Without them two records of a connection cannot be told apart. */
const NEEDED = Present.interfaceId | Present.start | Present.end;

/**
 * Finds records that another flow log has too: same interface, addresses, ports, protocol, times, action and
 * direction. The table is shared by all workers; the inputs of a flow log must be done before the next one begins, so
 * that which of two stays does not depend on who is faster.
 */
export class Duplicates {
  /** Numbers of the rows that stay, ascending, after pass(). */
  readonly selection: Int32Array;
  private readonly words: Int32Array;
  private readonly mask: number;
  private readonly entriesMax: number;
  private readonly hash = new Int32Array(3);
  private dictionary: InterfaceNames | undefined;
  private interfaces = new Int32Array(0);
  private hashed = 0;

  constructor(table: SharedArrayBuffer, capacity: number) {
    this.words = new Int32Array(table);
    const entries = (this.words.length - HEADER_WORDS) / ENTRY_WORDS;
    this.mask = entries - 1;
    this.entriesMax = Math.floor(entries * LOAD_MAX);
    this.selection = new Int32Array(capacity);
  }

  /** Rows of the batch that no other flow log had; all of them when there is no room to compare them. */
  pass(flow: FlowBatch, interfaces: InterfaceNames, flowLog: number): number {
    const { present, rows } = flow;
    if (Atomics.add(this.words, USED, rows) + rows > this.entriesMax) {
      Atomics.store(this.words, FULL, 1);
      return rows;
    }
    this.bind(interfaces);
    const { selection } = this;
    let count = 0;
    let added = 0;
    for (let i = 0; i < rows; i++) {
      if ((present[i]! & NEEDED) === NEEDED) {
        this.hashRow(flow, i);
        const owner = this.meet(flowLog);
        if (owner === 0) added++;
        else if (owner !== flowLog) continue;
      }
      selection[count++] = i;
    }
    Atomics.sub(this.words, USED, rows - added);
    return count;
  }

  /** Hashes of the interface ids that came since; in another dictionary codes stand for others. */
  private bind(interfaces: InterfaceNames): void {
    if (interfaces !== this.dictionary) {
      this.dictionary = interfaces;
      this.hashed = 0;
    }
    if (2 * interfaces.size > this.interfaces.length) {
      const longer = new Int32Array(4 * interfaces.size);
      longer.set(this.interfaces);
      this.interfaces = longer;
    }
    // few runs compare records: the others start without the module of hashes
    const { createHash } = process.getBuiltinModule('node:crypto');
    for (; this.hashed < interfaces.size; this.hashed++) {
      const digest = createHash('sha1').update(interfaces.name(this.hashed)).digest();
      this.interfaces[2 * this.hashed] = digest.readInt32LE(0);
      this.interfaces[2 * this.hashed + 1] = digest.readInt32LE(4);
    }
  }

  private hashRow(flow: FlowBatch, i: number): void {
    const { hash, interfaces } = this;
    const bits = flow.present[i]! & BITS;
    const id = flow.interfaceId[i]!;
    hash[0] = interfaces[2 * id]!;
    hash[1] = interfaces[2 * id + 1]!;
    hash[2] = bits;
    this.mix(flow.start[i]!, flow.end[i]!);
    const srcPort = (bits & Present.srcPort) === 0 ? 0 : flow.srcPort[i]!;
    const dstPort = (bits & Present.dstPort) === 0 ? 0 : flow.dstPort[i]!;
    const protocol = (bits & Present.protocol) === 0 ? 0 : flow.protocol[i]!;
    const action = (bits & Present.action) === 0 ? 0 : flow.action[i]!;
    const direction = (bits & Present.flowDirection) === 0 ? 0 : flow.flowDirection[i]!;
    this.mix(srcPort | (dstPort << 16), protocol | (action << 8) | (direction << 16));
    const src = (bits & Present.srcAddr) === 0 ? 0 : flow.srcAddr[i]!;
    const dst = (bits & Present.dstAddr) === 0 ? 0 : flow.dstAddr[i]!;
    this.mixAddress(flow, i, bits & Present.srcAddrV6, V6_WORDS.srcAddr, src);
    this.mixAddress(flow, i, bits & Present.dstAddrV6, V6_WORDS.dstAddr, dst);
    this.mix(0, 0);
  }

  private mixAddress(flow: FlowBatch, i: number, isV6: number, word: number, v4: number): void {
    if (isV6 === 0) {
      this.mix(v4, 0);
      return;
    }
    const at = i * V6_WORDS.perRow + word;
    this.mix(flow.v6[at]!, flow.v6[at + 1]!);
    this.mix(flow.v6[at + 2]!, flow.v6[at + 3]!);
  }

  /** Stirs two words into the 96 bits: each bit of them reaches all three words within two calls. */
  private mix(a: number, b: number): void {
    const { hash } = this;
    let x = Math.imul(hash[0]! ^ a, 0x85eb_ca6b);
    let y = Math.imul(hash[1]! ^ b, 0xc2b2_ae35);
    let z = hash[2]! + x;
    x ^= (y >>> 15) ^ (z << 7);
    y = Math.imul(y + (x ^ (x >>> 13)), 0x27d4_eb2f);
    z = Math.imul(z ^ (y >>> 16), 0x9e37_79b1);
    hash[0] = x ^ (z >>> 14);
    hash[1] = y ^ (x >>> 17);
    hash[2] = z + y;
  }

  /**
   * The flow log that met the record first; 0 = nobody, now it is `flowLog`. An entry that another worker is writing is
   * passed over: at worst a record of the same flow log has two entries.
   */
  private meet(flowLog: number): number {
    const { hash, mask, words } = this;
    const first = hash[0] === 0 ? 1 : hash[0]!;
    for (let slot = hash[1]! & mask; ; slot = (slot + 1) & mask) {
      const at = HEADER_WORDS + slot * ENTRY_WORDS;
      let found = Atomics.load(words, at);
      if (found === 0) found = Atomics.compareExchange(words, at, 0, first);
      if (found === 0) {
        words[at + 1] = hash[1]!;
        words[at + 2] = hash[2]!;
        words[at + 3] = flowLog;
        return 0;
      }
      if (found === first && words[at + 1] === hash[1] && words[at + 2] === hash[2]) return words[at + 3]!;
    }
  }
}
