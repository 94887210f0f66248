/** The closed list of what can be wrong with what a user gives; each code has one exit code. */
export const ERROR_CODES = ['usage', 'input', 'inventory', 'output'] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** Exit codes of the command line: 2 for a wrong call, 3 for input or configuration that cannot be read. */
export const EXIT_CODE: Readonly<Record<ErrorCode, number>> = { usage: 2, input: 3, inventory: 3, output: 3 };

/**
 * An error that a user can mend: one line that says where, what was got and what was expected.
 * A broken invariant of our own is an assertion, never a FlowtrieError.
 */
export class FlowtrieError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'FlowtrieError';
    this.code = code;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
