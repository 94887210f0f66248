/** JSON text as the AWS CLI and kubectl print it: one document, or several one after the other. */

/** Where and why a text is no JSON; `offset` in UTF-16 units from its start. */
export class JsonTextError extends Error {
  readonly offset: number;
  constructor(offset: number, message: string) {
    super(message);
    this.name = 'JsonTextError';
    this.offset = offset;
  }
}

/** Parses the documents of a text; throws JsonTextError. */
export function parseJsonDocuments(text: string): unknown[] {
  try {
    return [JSON.parse(text)];
  } catch {
    return parseConcatenated(text);
  }
}

/** V8 gives no offset for most errors and no end for a document that another follows: the text is scanned for both. */
function parseConcatenated(text: string): unknown[] {
  const documents: unknown[] = [];
  let offset = skipBlanks(text, 0);
  if (offset === text.length) throw new JsonTextError(offset, 'the text is empty');
  while (offset < text.length) {
    const end = endOfValue(text, offset);
    documents.push(JSON.parse(text.slice(offset, end)));
    offset = skipBlanks(text, end);
  }
  return documents;
}

const BLANKS = /[ \t\r\n]*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])|(?:true|false|null)(?!\w)/y;

function endOf(pattern: RegExp, text: string, offset: number): number {
  pattern.lastIndex = offset;
  return pattern.test(text) ? pattern.lastIndex : -1;
}

function skipBlanks(text: string, offset: number): number {
  return endOf(BLANKS, text, offset);
}

function fail(text: string, offset: number, expected: string): never {
  const got = offset >= text.length ? 'the end of the text' : JSON.stringify(text.slice(offset, offset + 20));
  throw new JsonTextError(offset, `got ${got}, expected ${expected}`);
}

/** End of the value that starts at `start`; a stack of closing brackets instead of recursion, whatever the depth. */
function endOfValue(text: string, start: number): number {
  const open: string[] = [];
  let offset = start;
  let wantsKey = false;
  for (;;) {
    offset = skipBlanks(text, offset);
    if (wantsKey) offset = endOfKey(text, offset);
    const bracket = text[offset];
    if (bracket === '{' || bracket === '[') {
      const close = bracket === '{' ? '}' : ']';
      const inside = skipBlanks(text, offset + 1);
      if (text[inside] !== close) {
        open.push(close);
        wantsKey = bracket === '{';
        offset = inside;
        continue;
      }
      offset = inside + 1;
    } else {
      const end = endOf(bracket === '"' ? STRING : SCALAR, text, offset);
      if (end < 0) fail(text, offset, 'a JSON value');
      offset = end;
    }
    // a value has ended: close what ends with it, or go on after a comma
    for (;;) {
      const close = open.at(-1);
      if (close === undefined) return offset;
      offset = skipBlanks(text, offset);
      if (text[offset] === ',') break;
      if (text[offset] !== close) fail(text, offset, `',' or '${close}'`);
      open.pop();
      offset++;
    }
    offset++;
    wantsKey = open.at(-1) === '}';
  }
}

/** Start of the value behind `"key":`. */
function endOfKey(text: string, offset: number): number {
  const end = endOf(STRING, text, offset);
  if (end < 0) fail(text, offset, 'a key in double quotes');
  const colon = skipBlanks(text, end);
  if (text[colon] !== ':') fail(text, colon, "':'");
  return skipBlanks(text, colon + 1);
}
