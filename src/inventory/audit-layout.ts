/** Memory and parameter block of the audit kernel (src/kernel/audit): byte offsets of u32, and what they mean. */

/** Lines that were passed over before the one that is told. */
export const PASSED = 0;
/** That line, in [START, END); its newline stands at END. */
export const START = 4;
export const END = 8;
/** Its request, in [REQUEST_FROM, REQUEST_TO). */
export const REQUEST_FROM = 12;
export const REQUEST_TO = 16;
/** 1 = what `gather` wrote may hold bytes above 127. */
export const WIDE = 20;

/** What is known of a line. */
export const SKIP = 0;
/** An event that may tell of a pod. */
export const WHOLE = 1;
/** The same, and its request need not be looked at when its response tells everything. */
export const CUT = 2;
/** Anything: only a parser knows. */
export const UNSURE = 3;
/** No line is left. */
export const NONE = 4;

/** Names are looked for in lists: how many, then for each its length, what it stands for, and its bytes up to zeros. */
export const NAME_LENGTH = 0;
export const NAME_CODE = 4;
export const NAME_BYTES = 16;
export const NAME_BYTES_MAX = 32;
export const NAME_STRIDE = 48;
/** Entries begin so many bytes behind the count. */
export const NAMES_HEAD = 16;

/** What stands for a member that is read: all of its value, that it is there; else the list of names inside it. */
export const KEPT = 1;
export const MENTIONED = 2;

/** Members of an event, and words, that tell what it is: codes in the lists of the outline. */
export const KIND = 1;
export const API_VERSION = 2;
export const VERB = 4;
export const OBJECT_REF = 8;
export const REQUEST = 16;
export const RESPONSE = 32;

/** Of `objectRef`. */
export const RESOURCE = 1;
export const SUBRESOURCE = 2;

/** Verbs that write; of all others an event tells nothing. */
export const WRITE = 1;
export const PATCH = 2;
export const DELETE = 3;

/** Bodies shorter than this are parsed faster than cut out. */
export const CUT_BYTES_MIN = 512;

/** The compiler may put constants in front of it. */
export const PARAMETERS = 4096;
/** Addresses of the lists of names: those of the outline, of the fields of an event, of what is read of its bodies. */
export const LISTS = 4352;
export const LIST_MEMBERS = 0;
export const LIST_EVENT = 4;
export const LIST_GROUP = 8;
export const LIST_VERBS = 12;
export const LIST_REFERENCE = 16;
export const LIST_PODS = 20;
export const LIST_STATUS = 24;
export const LIST_IDLE = 28;
export const LIST_EVENT_FIELDS = 32;
export const LIST_REQUEST = 36;
export const LIST_RESPONSE = 40;
/** Where each field of an event is: first byte and one past the last; zeros = it is not there. The last are bodies. */
export const FIELDS = 4416;
export const FIELD_BYTES = 8;
export const FIELD_REQUEST = 11;
export const FIELD_RESPONSE = 12;
/** All of 0xff, then zeros: the first n bytes of a name are those from NAME_BYTES_MAX − n on. */
export const NAME_MASKS = 4608;
export const NAMES = 8192;
export const NAMES_END = 16_384;

/** Bytes of the log that are held at once: few enough to stay in the processor's cache. */
export const CHUNK_BYTES = 524_288;
/** A piece of the log; a line on its own; what `gather` writes. Vectors are read and written 64 bytes behind them. */
export const CHUNK = 16_384;
export const LINE = 540_736;
export const PRUNED = 1_065_088;
export const MEMORY_END = 1_589_440;
