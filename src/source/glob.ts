import { normalize } from 'node:path';

/** What a name with `*`, `?` or `[…]` stands for. Paths are the names below `base`, from folder to folder. */
export interface Glob {
  /** The folder that holds all that may match: what stands in front of the first segment with a wildcard. */
  readonly base: string;
  matches(path: readonly string[]): boolean;
  /** False when nothing in that folder can match: it need not be readable. */
  mayHold(path: readonly string[]): boolean;
}

const WILDCARD = /[*?[]/;

/**
 * `*` and `?` within a path segment, `**` across segments, `[…]` and `[!…]` sets; as for a shell, a name that begins
 * with a dot matches only a segment that does. null when the name has no wildcard, undefined when it is no valid glob.
 */
export function parseGlob(text: string): Glob | null | undefined {
  const wildcard = text.search(WILDCARD);
  if (wildcard < 0) return null;
  const slash = text.lastIndexOf('/', wildcard);
  const base = slash < 0 ? '.' : text.slice(0, slash) || '/';
  const pattern = normalize(text.slice(slash + 1)).replace(/\/$/, '');
  const parts = pattern.split('/');
  const deep = parts.findIndex((part) => part.includes('**'));
  const hidden = deep >= 0 && parts.slice(deep).some((part) => part.startsWith('.'));
  try {
    const whole = new RegExp(`^${sourceOf(pattern)}$`, 's');
    const folders = (deep < 0 ? parts.slice(0, -1) : parts.slice(0, deep)).map(
      (part) => new RegExp(`^${sourceOf(part)}$`, 's'),
    );
    return {
      base,
      matches: (path) => whole.test(path.join('/')),
      mayHold: (path) => {
        if (deep < 0 && path.length > folders.length) return false;
        return path.every((name, i) => folders[i]?.test(name) ?? (hidden || !name.startsWith('.')));
      },
    };
  } catch {
    return undefined;
  }
}

function sourceOf(pattern: string): string {
  return pattern.replace(/\*\*\/|\*\*|\*|\?|\[!?[^\]/]+\]|[\\^$.|?*+()[\]{}]/g, (part, at: number) => {
    const visible = at === 0 || pattern[at - 1] === '/' ? '(?!\\.)' : '';
    if (part === '**/') return visible === '' ? '[^/]*/' : '(?:(?!\\.)[^/]+/)*';
    if (part === '**') return `${visible}(?:[^/]|/(?!\\.))*`;
    if (part === '*') return `${visible}[^/]*`;
    if (part === '?') return `${visible}[^/]`;
    if (part.length === 1) return `\\${part}`;
    return `${visible}[${part.slice(1, -1).replace(/^!/, '^').replaceAll('\\', '\\\\')}]`;
  });
}
