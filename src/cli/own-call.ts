import { basename, dirname, relative } from 'node:path';

const NAME = 'flowtrie';

/**
 * How this program is called from the folder it runs in, for commands that are printed to be typed: by its name where
 * that is on the path, else as it was started. `script` is the second word of process.argv.
 */
export function ownCall(script: string, folder: string): string {
  if (basename(script) !== NAME) return `node ${shellWord(relative(folder, script))}`;
  return basename(dirname(script)) === '.bin' ? `npx ${NAME}` : NAME;
}

/** A word as a shell takes it for one. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
