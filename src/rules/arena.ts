import type { ByteArray, IndexArray, RulesSections, RulesView, SignedArray } from './view.ts';
import { ENI_STRIDE, SET_STRIDE, SETS_STRIDE, SUBNET6_STRIDE } from './view.ts';

/*
 * One region of shared memory; every offset is relative to its start, so it may lie anywhere that is 64-byte aligned.
 * Little-endian, as every machine that Node runs on. Header, u32 words at byte:
 *    0 magic   4 format version   8 bytes in all   12 sections
 *   16 ENIs   20 rules   24 cells   28 address classes   32 pages a route table   36 1 = middlebox routes exist
 *   40 pointer bit of the IPv4 trie   44 its leaf blocks of 256 entries
 *   48 classes of rule sets   52 port classes   56 row shift   60–63 zero
 *   64 SHA-256 of all other bytes of a saved arena (32 bytes, else zero)
 *   96 section table, 16 bytes each: id, byte offset, elements, bytes an element
 * Sections start at HEADER_BYTES, 64-byte aligned, hot ones first.
 */
const MAGIC = 0x3152_5446; // "FTR1"
const FORMAT_VERSION = 4;
const ALIGNMENT = 64;
const DIGEST_AT = 64;
const DIGEST_BYTES = 32;
const TABLE_AT = 96;
const TABLE_STRIDE = 16;
const HEADER_BYTES = 1024;

const HeaderWord = {
  magic: 0,
  version: 1,
  byteLength: 2,
  sections: 3,
  enis: 4,
  rules: 5,
  cells: 6,
  classes: 7,
  pagesPerTable: 8,
  middleboxRoutes: 9,
  pointerBit4: 10,
  fullLeaves4: 11,
  ruleClasses: 12,
  portClasses: 13,
  rowShift: 14,
} as const;

/**
 * Sections in file order, what every record reads before what only reports read (COLD_FROM); the id is the index.
 * `byte` = u8 while every value fits, else u16; `index` = u16, else i32; `signed` = i16, else i32. Few widths: the
 * just-in-time compiler then makes code for one of each.
 */
const SECTIONS = [
  ['root4', 'index'],
  ['inner4', 'index'],
  ['leaf4', 'index'],
  ['root6', 'signed'],
  ['nodes6', 'i32'],
  ['chains6', 'i32'],
  ['portTab', 'index'],
  ['ruleClass', 'index'],
  ['routeClass', 'index'],
  ['setCells', 'i32'],
  ['portColumns', 'byte'],
  ['rowTab', 'index'],
  ['setInfo', 'i32'],
  ['pageTab', 'index'],
  ['pages', 'index'],
  ['rowInfo', 'i32'],
  ['columnMaps', 'byte'],
  ['cells', 'index'],
  ['cellVerdict', 'u8'],
  ['cellRule', 'i32'],
  ['routePageTab', 'index'],
  ['routePages', 'signed'],
  ['eniSets', 'signed'],
  ['eni', 'i32'],
  ['classFlags', 'u8'],
  ['routeKind', 'u8'],
  ['routeIsMiddlebox', 'u8'],
  ['subnet6', 'u32'],
  ['resolvers', 'u32'],
  ['matchOffset', 'i32'],
  ['matchList', 'i32'],
] as const;
type SectionName = (typeof SECTIONS)[number][0];
type SectionArray = Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;

/** First of the sections that no record needs. */
const COLD_FROM: SectionName = 'matchOffset';

/** What the compiler hands over: every section and the numbers of the header. */
interface ArenaContents {
  readonly sections: Readonly<Record<SectionName, SectionArray>>;
  readonly ruleCount: number;
  readonly pagesPerTable: number;
  readonly hasMiddleboxRoutes: boolean;
  readonly pointerBit4: number;
  readonly fullLeaves4: number;
  readonly ruleClasses: number;
  readonly portClasses: number;
  readonly rowShift: number;
}

/** Lays the sections out in one SharedArrayBuffer of exactly `byteLength` bytes; equal contents give equal bytes. */
export function writeArena(contents: ArenaContents): {
  readonly buffer: SharedArrayBuffer;
  readonly byteLength: number;
} {
  const arrays = SECTIONS.map(([name, type]) => {
    const array = contents.sections[name];
    return type === 'index' || type === 'signed' || type === 'byte' ? narrowed(array, type) : array;
  });
  let byteLength = HEADER_BYTES;
  const offsets = arrays.map((array) => {
    const offset = byteLength;
    byteLength += Math.ceil(array.byteLength / ALIGNMENT) * ALIGNMENT;
    return offset;
  });
  const buffer = new SharedArrayBuffer(byteLength);
  const header = new Uint32Array(buffer, 0, HEADER_BYTES / 4);
  header[HeaderWord.magic] = MAGIC;
  header[HeaderWord.version] = FORMAT_VERSION;
  header[HeaderWord.byteLength] = byteLength;
  header[HeaderWord.sections] = SECTIONS.length;
  header[HeaderWord.enis] = contents.sections.eni.length / ENI_STRIDE;
  header[HeaderWord.rules] = contents.ruleCount;
  header[HeaderWord.cells] = contents.sections.cellVerdict.length;
  header[HeaderWord.classes] = contents.sections.classFlags.length;
  header[HeaderWord.pagesPerTable] = contents.pagesPerTable;
  header[HeaderWord.middleboxRoutes] = contents.hasMiddleboxRoutes ? 1 : 0;
  header[HeaderWord.pointerBit4] = contents.pointerBit4;
  header[HeaderWord.fullLeaves4] = contents.fullLeaves4;
  header[HeaderWord.ruleClasses] = contents.ruleClasses;
  header[HeaderWord.portClasses] = contents.portClasses;
  header[HeaderWord.rowShift] = contents.rowShift;
  const bytes = new Uint8Array(buffer);
  arrays.forEach((array, id) => {
    const offset = offsets[id]!;
    header.set([id, offset, array.length, array.BYTES_PER_ELEMENT], (TABLE_AT + id * TABLE_STRIDE) / 4);
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), offset);
  });
  return { buffer, byteLength };
}

/** The smallest elements that hold every value. */
function narrowed(array: SectionArray, type: 'byte' | 'index' | 'signed'): SectionArray {
  if (array.BYTES_PER_ELEMENT === (type === 'byte' ? 1 : 2)) return array;
  let [least, most] = [0, 0];
  for (let i = 0; i < array.length; i++) {
    const value = array[i]!;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (type === 'signed') return least < -0x8000 || most > 0x7fff ? array : new Int16Array(array);
  if (least < 0 || most > 0xffff) return array;
  return type === 'byte' && most <= 0xff ? new Uint8Array(array) : new Uint16Array(array);
}

/** Workers read arenas and make no digest: the module of hashes is loaded by who does. */
function digestOf(bytes: Uint8Array): Uint8Array {
  return process
    .getBuiltinModule('node:crypto')
    .createHash('sha256')
    .update(bytes.subarray(0, DIGEST_AT))
    .update(bytes.subarray(DIGEST_AT + DIGEST_BYTES))
    .digest();
}

/** Writes into the header of a whole arena the digest of all its other bytes, for a reader that cannot trust them. */
export function sealArena(bytes: Uint8Array): void {
  bytes.set(digestOf(bytes), DIGEST_AT);
}

/** Throws unless the bytes of a whole arena are those that were sealed. */
export function checkSeal(bytes: Uint8Array): void {
  const stored = Buffer.from(bytes.subarray(DIGEST_AT, DIGEST_AT + DIGEST_BYTES));
  if (stored.compare(digestOf(bytes)) !== 0) {
    throw new Error(`rules arena: contents do not match their digest ${stored.toString('hex')}`);
  }
}

/**
 * Views over a compiled arena at `byteOffset` of `buffer`; copies nothing. Header and section table are checked, what
 * the sections hold is not. Throws an Error that names what does not hold.
 */
export function attachRules(buffer: SharedArrayBuffer, byteOffset: number, byteLength: number): RulesView {
  checkPlace(buffer, byteOffset, byteLength);
  const header = new Uint32Array(buffer, byteOffset, HEADER_BYTES / 4);
  checkHeader(header, byteLength);
  const read = new SectionReader(buffer, byteOffset, header, byteLength);
  const view: RulesView = {
    hotBytes: read.at(COLD_FROM).offset,
    eniCount: header[HeaderWord.enis]!,
    ruleCount: header[HeaderWord.rules]!,
    eni: read.i32('eni'),
    eniSets: read.signed('eniSets'),
    classFlags: read.u8('classFlags'),
    cellVerdict: read.u8('cellVerdict'),
    cellRule: read.i32('cellRule'),
    cellCount: header[HeaderWord.cells]!,
    routeKind: read.u8('routeKind'),
    routeIsMiddlebox: read.u8('routeIsMiddlebox'),
    subnet6: read.u32('subnet6'),
    hasMiddleboxRoutes: header[HeaderWord.middleboxRoutes] === 1,
    resolvers: read.u32('resolvers'),
    sections: sectionsOf(read, header),
  };
  checkLengths(view, header[HeaderWord.classes]!);
  return view;
}

/** Views over the sections of one arena, each of the width that its table entry says. */
class SectionReader {
  private readonly buffer: SharedArrayBuffer;
  private readonly base: number;
  private readonly header: Uint32Array;
  private readonly byteLength: number;

  constructor(buffer: SharedArrayBuffer, base: number, header: Uint32Array, byteLength: number) {
    this.buffer = buffer;
    this.base = base;
    this.header = header;
    this.byteLength = byteLength;
  }

  at(name: SectionName): Section {
    return readSection(this.header, name, this.byteLength);
  }

  u8(name: SectionName): Uint8Array {
    const { offset, length } = this.at(name);
    return new Uint8Array(this.buffer, this.base + offset, length);
  }

  i32(name: SectionName): Int32Array {
    const { offset, length } = this.at(name);
    return new Int32Array(this.buffer, this.base + offset, length);
  }

  u32(name: SectionName): Uint32Array {
    const { offset, length } = this.at(name);
    return new Uint32Array(this.buffer, this.base + offset, length);
  }

  index(name: SectionName): IndexArray {
    return this.at(name).elementBytes === 4 ? this.i32(name) : this.u16(name);
  }

  byte(name: SectionName): ByteArray {
    return this.at(name).elementBytes === 1 ? this.u8(name) : this.u16(name);
  }

  signed(name: SectionName): SignedArray {
    const { offset, length, elementBytes } = this.at(name);
    return elementBytes === 4 ? this.i32(name) : new Int16Array(this.buffer, this.base + offset, length);
  }

  private u16(name: SectionName): Uint16Array {
    const { offset, length } = this.at(name);
    return new Uint16Array(this.buffer, this.base + offset, length);
  }
}

function sectionsOf(read: SectionReader, header: Uint32Array): RulesSections {
  return {
    root4: read.index('root4'),
    inner4: read.index('inner4'),
    leaf4: read.index('leaf4'),
    pointerBit4: header[HeaderWord.pointerBit4]! | 0,
    fullLeaves4: header[HeaderWord.fullLeaves4]!,
    root6: read.signed('root6'),
    nodes6: read.i32('nodes6'),
    chains6: read.i32('chains6'),
    portTab: read.index('portTab'),
    ruleClass: read.index('ruleClass'),
    routeClass: read.index('routeClass'),
    ruleClasses: header[HeaderWord.ruleClasses]!,
    portClasses: header[HeaderWord.portClasses]!,
    setCells: read.i32('setCells'),
    portColumns: read.byte('portColumns'),
    rowTab: read.index('rowTab'),
    rowShift: header[HeaderWord.rowShift]!,
    setInfo: read.i32('setInfo'),
    pageTab: read.index('pageTab'),
    pages: read.index('pages'),
    rowInfo: read.i32('rowInfo'),
    columnMaps: read.byte('columnMaps'),
    cells: read.index('cells'),
    routePageTab: read.index('routePageTab'),
    pagesPerTable: header[HeaderWord.pagesPerTable]!,
    routePages: read.signed('routePages'),
    matchOffset: read.i32('matchOffset'),
    matchList: read.i32('matchList'),
  };
}

function checkPlace(buffer: SharedArrayBuffer, byteOffset: number, byteLength: number): void {
  if (byteOffset % ALIGNMENT !== 0) {
    throw new Error(`rules arena: byte offset ${byteOffset} is not a multiple of ${ALIGNMENT}`);
  }
  if (byteLength < HEADER_BYTES) {
    throw new Error(`rules arena: ${byteLength} bytes are fewer than the header's ${HEADER_BYTES}`);
  }
  if (byteOffset + byteLength > buffer.byteLength) {
    const end = byteOffset + byteLength;
    throw new Error(`rules arena: ends at byte ${end}, past the buffer's ${buffer.byteLength}`);
  }
}

function checkHeader(header: Uint32Array, byteLength: number): void {
  const magic = header[HeaderWord.magic]!;
  if (magic !== MAGIC) throw new Error(`rules arena: magic is ${magic.toString(16)}, expected ${MAGIC.toString(16)}`);
  const version = header[HeaderWord.version];
  if (version !== FORMAT_VERSION) throw new Error(`rules arena: format version ${version}, expected ${FORMAT_VERSION}`);
  const declared = header[HeaderWord.byteLength];
  if (declared !== byteLength) throw new Error(`rules arena: header says ${declared} bytes, got ${byteLength}`);
  const sections = header[HeaderWord.sections];
  if (sections !== SECTIONS.length) throw new Error(`rules arena: ${sections} sections, expected ${SECTIONS.length}`);
}

interface Section {
  readonly offset: number;
  readonly length: number;
  readonly elementBytes: number;
}

const ELEMENT_BYTES: Readonly<Record<(typeof SECTIONS)[number][1], readonly number[]>> = {
  u8: [1],
  i32: [4],
  u32: [4],
  byte: [1, 2],
  index: [2, 4],
  signed: [2, 4],
};

function readSection(header: Uint32Array, name: SectionName, byteLength: number): Section {
  const expectedId = SECTIONS.findIndex((section) => section[0] === name);
  const word = (TABLE_AT + expectedId * TABLE_STRIDE) / 4;
  const [id = -1, offset = 0, length = 0, elementBytes = 0] = header.subarray(word, word + 4);
  if (id !== expectedId) throw new Error(`rules arena: section ${name} has id ${id}, expected ${expectedId}`);
  const allowed = ELEMENT_BYTES[SECTIONS[expectedId]![1]];
  if (!allowed.includes(elementBytes)) {
    const sizes = allowed.join(', ').replace(/, (\d)$/, ' or $1');
    throw new Error(`rules arena: section ${name} has elements of ${elementBytes} bytes, expected ${sizes}`);
  }
  if (offset % ALIGNMENT !== 0) {
    throw new Error(`rules arena: section ${name} starts at byte ${offset}, not a multiple of ${ALIGNMENT}`);
  }
  if (offset < HEADER_BYTES || offset + length * elementBytes > byteLength) {
    const end = offset + length * elementBytes;
    throw new Error(`rules arena: section ${name} takes bytes ${offset} to ${end} of ${byteLength}`);
  }
  return { offset, length, elementBytes };
}

/** Sections whose length another number fixes; a wrong one would be read out of bounds. */
function checkLengths(view: RulesView, classCount: number): void {
  const { rowTab, setCells } = view.sections;
  const sets = setCells.length;
  const expected: readonly (readonly [string, number, number])[] = [
    ['eni', view.eni.length, view.eniCount * ENI_STRIDE],
    ['eniSets', view.eniSets.length, view.eniCount * SETS_STRIDE],
    ['classFlags', view.classFlags.length, classCount],
    ['ruleClass', view.sections.ruleClass.length, classCount],
    ['routeClass', view.sections.routeClass.length, classCount],
    ['portColumns', view.sections.portColumns.length, sets * view.sections.portClasses],
    rowTab.length > 0
      ? ['rowTab', rowTab.length, sets * view.sections.ruleClasses]
      : ['setInfo', view.sections.setInfo.length, sets * SET_STRIDE],
    ['cellVerdict', view.cellVerdict.length, view.cellCount],
    ['cellRule', view.cellRule.length, view.cellCount],
    ['matchOffset', view.sections.matchOffset.length, view.cellCount + 1],
    ['routeKind', view.routeKind.length, view.ruleCount],
    ['routeIsMiddlebox', view.routeIsMiddlebox.length, view.ruleCount],
    ['subnet6', view.subnet6.length % SUBNET6_STRIDE, 0],
    ['root4', view.sections.root4.length, 65536],
    ['root6', view.sections.root6.length, 65536],
  ];
  for (const [name, got, wanted] of expected) {
    if (got !== wanted) throw new Error(`rules arena: section ${name} has ${got} elements, expected ${wanted}`);
  }
}
