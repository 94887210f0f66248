/** What a footer or a page header may hold at most: far above any real one. */
const DEPTH_MAX = 16;
const ELEMENTS_MAX = 4_000_000;
const VARINT_BYTES_MAX = 10;

const Type = { stop: 0, true: 1, false: 2, byte: 3, i16: 4, i32: 5, i64: 6, double: 7, binary: 8, list: 9, struct: 12 };

/**
 * Walks one struct of Thrift's compact protocol without building anything and returns the offset behind it; throws
 * when it is none or lies about its sizes. Given to the library unchecked, a flipped bit could ask for memory and time
 * without bound.
 */
export function thriftEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  let elements = 0;

  const byte = (): number => {
    const value = bytes[at++];
    if (value === undefined) throw new Error('a structure goes beyond its end');
    return value;
  };
  const varint = (): number => {
    let value = 0;
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      const next = byte();
      value += (next & 0x7f) * 2 ** (7 * i);
      if (next < 0x80) return value;
    }
    throw new Error('a number is longer than any');
  };
  const skip = (count: number): void => {
    at += count;
    if (at > bytes.length) throw new Error('a value goes beyond its end');
  };
  const list = (depth: number): void => {
    const head = byte();
    const type = head & 0x0f;
    const size = head >> 4 === 15 ? varint() : head >> 4;
    if (size > bytes.length - at) throw new Error(`a list of ${size} elements goes beyond its end`);
    for (let i = 0; i < size; i++) element(type === Type.true || type === Type.false ? Type.byte : type, depth);
  };
  const element = (type: number, depth: number): void => {
    if (++elements > ELEMENTS_MAX) throw new Error(`more than ${ELEMENTS_MAX} values`);
    if (depth > DEPTH_MAX) throw new Error(`deeper than ${DEPTH_MAX} levels`);
    if (type === Type.byte) skip(1);
    else if (type === Type.i16 || type === Type.i32 || type === Type.i64) varint();
    else if (type === Type.double) skip(8);
    else if (type === Type.binary) skip(varint());
    else if (type === Type.list) list(depth + 1);
    else if (type === Type.struct) struct(depth + 1);
    else if (type !== Type.true && type !== Type.false) throw new Error(`a value of type ${type}`);
  };
  const struct = (depth: number): void => {
    for (;;) {
      const head = byte();
      if ((head & 0x0f) === Type.stop) return;
      if (head >> 4 === 0) varint();
      element(head & 0x0f, depth);
    }
  };

  struct(0);
  return at;
}
