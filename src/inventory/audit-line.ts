const NEWLINE = 10;
const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPENING = 123;
const CLOSING = 125;
const OPENING_LIST = 91;
const CLOSING_LIST = 93;
const BACKSLASH = 92;
const SPACE = 32;

/** What is to be done with a line: nothing, parse it, or parse it without its request, [requestFrom, requestTo). */
export type LineVerdict = 'skip' | 'whole' | 'cut';

const [KIND, API_VERSION, VERB, OBJECT_REF, REQUEST, RESPONSE] = [1, 2, 4, 8, 16, 32] as const;
/** Members without which nothing is certain. */
const NEEDED = KIND | API_VERSION | VERB | OBJECT_REF;
const bytes = (text: string): Uint8Array => Buffer.from(text);
const NAMES: readonly (readonly [Uint8Array, number])[] = [
  [bytes('kind'), KIND],
  [bytes('apiVersion'), API_VERSION],
  [bytes('verb'), VERB],
  [bytes('objectRef'), OBJECT_REF],
  [bytes('requestObject'), REQUEST],
  [bytes('responseObject'), RESPONSE],
];
const RESOURCE = bytes('resource');
const SUBRESOURCE = bytes('subresource');
const STATUS = bytes('status');
const EVENT = bytes('Event');
const GROUP = bytes('audit.k8s.io/');
const PODS = bytes('pods');
/** Verbs that write; of all others an event tells nothing. */
const WRITES = ['create', 'update', 'patch', 'delete'].map(bytes);
const PATCH = bytes('patch');
const DELETE = bytes('delete');
/** A status of these alone tells nothing of an address or an end: most of what is written. */
export const IDLE_STATUS_KEYS: ReadonlySet<string> = new Set(['conditions', '$setElementOrder/conditions']);
const IDLE_KEYS = [...IDLE_STATUS_KEYS].map(bytes);
/** Bodies shorter than this are parsed faster than cut out. */
const CUT_BYTES_MIN = 512;
/** A CloudWatch export puts the time of ingestion before each line. */
export const TIME_PREFIX: RegExp = /^\d{4}-\d\d-\d\dT[\d:.]+Z\s+/;
const PREFIX_BYTES_MAX = 64;

/**
 * Members of one object in text, without parsing it. Strings and brackets are followed to the object's end, so that
 * text that is cut off is noticed; what else is wrong inside a value is not.
 */
class Members {
  keyFrom = 0;
  keyTo = 0;
  from = 0;
  to = 0;
  /** True once something is not as expected, or a key holds an escape: only a parser knows. */
  isUnsure = false;
  private text: Uint8Array = new Uint8Array(0);
  private at = 0;
  private end = 0;
  private isFirst = true;

  /** Begins at the bracket that opens an object; it ends before `end`. */
  open(text: Uint8Array, from: number, end: number): void {
    this.text = text;
    this.end = end;
    this.at = from + 1;
    this.isFirst = true;
    this.isUnsure = text[from] !== OPENING;
  }

  /** Steps to the next member: key in [keyFrom, keyTo), value in [from, to); false at the end or when unsure. */
  next(): boolean {
    if (this.isUnsure) return false;
    const { text } = this;
    let at = this.blanks(this.at);
    if (text[at] === CLOSING) {
      this.at = at + 1;
      return false;
    }
    if (!this.isFirst) {
      if (text[at] !== COMMA) return this.doubt();
      at = this.blanks(at + 1);
    }
    this.isFirst = false;
    if (text[at] !== QUOTE) return this.doubt();
    this.keyFrom = at + 1;
    for (at++; text[at] !== QUOTE; at++) if (text[at] === BACKSLASH || text[at] === NEWLINE) return this.doubt();
    this.keyTo = at;
    at = this.blanks(at + 1);
    if (text[at] !== COLON) return this.doubt();
    this.from = this.blanks(at + 1);
    this.to = valueEnd(text, this.from, this.end);
    this.at = this.to;
    return this.to <= this.end || this.doubt();
  }

  /** Only blanks follow the object. */
  isLast(): boolean {
    return this.blanks(this.at) === this.end;
  }

  keyIs(name: Uint8Array): boolean {
    return this.keyTo - this.keyFrom === name.length && isAt(this.text, this.keyFrom, name);
  }

  /** The value is this text, without escapes. */
  valueIs(value: Uint8Array): boolean {
    return this.to - this.from === value.length + 2 && this.valueBegins(value);
  }

  valueBegins(value: Uint8Array): boolean {
    return this.text[this.from] === QUOTE && isAt(this.text, this.from + 1, value);
  }

  /** The value is a text whose bytes say what it is. */
  isPlainText(): boolean {
    if (this.text[this.from] !== QUOTE) return false;
    for (let at = this.from + 1; at < this.to; at++) if (this.text[at] === BACKSLASH) return false;
    return true;
  }

  private doubt(): false {
    this.isUnsure = true;
    return false;
  }

  private blanks(from: number): number {
    let at = from;
    while (isBlank(this.text[at]!)) at++;
    return at;
  }
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === 9 || byte === 13;
}

function isAt(text: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i++) if (text[at + i] !== wanted[i]) return false;
  return true;
}

/**
 * One past the value that begins here; beyond `end` when it has no end. `text[end]` is a newline, which no string
 * holds: it stops every loop.
 */
function valueEnd(text: Uint8Array, from: number, end: number): number {
  let depth = 0;
  for (let at = from; ; at++) {
    const byte = text[at]!;
    if (byte === QUOTE) {
      at = stringEnd(text, at);
      if (depth === 0 || at >= end) return at + 1;
    } else if (byte === OPENING || byte === OPENING_LIST) depth++;
    else if (byte === CLOSING || byte === CLOSING_LIST) {
      if (depth === 0) return at > from ? at : end + 1;
      if (--depth === 0) return at + 1;
    } else if (byte === NEWLINE) return end + 1;
    else if (depth === 0 && (byte === COMMA || isBlank(byte))) return at > from ? at : end + 1;
  }
}

/** Place of the quote that ends a string, or of a newline. */
function stringEnd(text: Uint8Array, from: number): number {
  let at = from + 1;
  for (;;) {
    const byte = text[at]!;
    // most letters are above the backslash
    if (byte > BACKSLASH) at++;
    else if (byte === QUOTE || byte === NEWLINE) return at;
    // an escape takes the byte behind it along, but not the end of the line
    else at += byte === BACKSLASH && text[at + 1] !== NEWLINE ? 2 : 1;
  }
}

/** Tells from the bytes of a line of an audit log whether it may tell of a pod; `skip` only where it is certain. */
export class AuditLine {
  requestFrom = 0;
  requestTo = 0;
  private readonly event = new Members();
  private readonly inner = new Members();
  private isPods = false;
  private isStatus = false;
  private hasSubresource = false;
  private isWrite = false;
  private isPatch = false;
  private isDelete = false;

  /** A line in [from, end) of text; its newline stands at `end`. */
  judge(text: Buffer, from: number, end: number): LineVerdict {
    const start = text[from] === OPENING ? from : afterTime(text, from, end);
    if (start < 0) return 'whole';
    const { event } = this;
    event.open(text, start, end);
    let seen = 0;
    while (event.next()) {
      const member = memberOf(event);
      // of two members with one name the last counts
      if ((seen & member) !== 0) return 'whole';
      seen |= member;
      if (!this.take(member, text)) return 'whole';
    }
    if (event.isUnsure || !event.isLast() || (seen & NEEDED) !== NEEDED) return 'whole';
    if (!this.isPods || !this.isWrite) return 'skip';
    if ((seen & REQUEST) === 0) return 'whole';
    if (this.isPatch && this.isStatus && this.isIdle(text)) return 'skip';
    const isLong = this.requestTo - this.requestFrom >= CUT_BYTES_MIN;
    // a delete and a binding are told by the request
    return isLong && (seen & RESPONSE) !== 0 && !this.isDelete && !this.hasSubresource ? 'cut' : 'whole';
  }

  /** False when the member is not as expected. */
  private take(member: number, text: Buffer): boolean {
    const { event } = this;
    switch (member) {
      case KIND:
        return event.valueIs(EVENT);
      case API_VERSION:
        return event.valueBegins(GROUP);
      case VERB:
        this.isWrite = WRITES.some((verb) => event.valueIs(verb));
        this.isPatch = event.valueIs(PATCH);
        this.isDelete = event.valueIs(DELETE);
        return event.isPlainText();
      case OBJECT_REF:
        return this.takeReference(text);
      case REQUEST:
        this.requestFrom = event.from;
        this.requestTo = event.to;
        return true;
      default:
        return true;
    }
  }

  private takeReference(text: Buffer): boolean {
    const { inner } = this;
    let [resources, subresources] = [0, 0];
    this.isStatus = false;
    inner.open(text, this.event.from, this.event.to);
    while (inner.next()) {
      if (inner.keyIs(RESOURCE)) {
        resources++;
        this.isPods = inner.valueIs(PODS);
        if (!inner.isPlainText()) return false;
      } else if (inner.keyIs(SUBRESOURCE)) {
        subresources++;
        this.isStatus = inner.valueIs(STATUS);
      }
    }
    this.hasSubresource = subresources > 0;
    return !inner.isUnsure && resources === 1 && subresources <= 1;
  }

  /** The request holds one status, of conditions alone. */
  private isIdle(text: Buffer): boolean {
    const { inner } = this;
    inner.open(text, this.requestFrom, this.requestTo);
    let [statuses, from, to] = [0, 0, 0];
    while (inner.next()) {
      if (!inner.keyIs(STATUS)) continue;
      statuses++;
      [from, to] = [inner.from, inner.to];
    }
    if (inner.isUnsure || statuses !== 1) return false;
    inner.open(text, from, to);
    let keys = 0;
    for (; inner.next(); keys++) if (!IDLE_KEYS.some((key) => inner.keyIs(key))) return false;
    return keys > 0 && !inner.isUnsure;
  }
}

function memberOf(event: Members): number {
  for (const [name, member] of NAMES) if (event.keyIs(name)) return member;
  return 0;
}

/** Where the event begins after the time of its ingestion; −1 = no time stands there. */
function afterTime(text: Buffer, from: number, end: number): number {
  const head = text.toString('latin1', from, Math.min(end, from + PREFIX_BYTES_MAX));
  const prefix = TIME_PREFIX.exec(head)?.[0].length ?? -1;
  return prefix < 0 ? -1 : from + prefix;
}
