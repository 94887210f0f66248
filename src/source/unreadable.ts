import { FlowtrieError } from '../model/errors.ts';

/** The error of a file, folder or stream that the system does not let us read: its name and the system's code. */
export function unreadable(name: string, error: unknown): FlowtrieError {
  if (error instanceof FlowtrieError) return error;
  const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return new FlowtrieError('input', `${name}: cannot be read (${reason})`, { cause: error });
}
