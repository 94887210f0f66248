import { readFileSync } from 'node:fs';

/** Version of the package, from package.json two or three folders up (source or build). */
export function version(): string {
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      const parsed: unknown = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8'));
      if (typeof parsed === 'object' && parsed !== null && 'version' in parsed) return String(parsed.version);
    } catch {
      // the other layout has it
    }
  }
  return 'unknown';
}
