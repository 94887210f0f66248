/** What is asked of a stream of this process, and of its environment. */
interface Terminal {
  readonly isTTY?: boolean;
}

/** True when text on the stream may have colours: https://no-color.org, any value but the empty one. */
export function hasColor({ isTTY }: Terminal, env: Readonly<NodeJS.ProcessEnv> = process.env): boolean {
  return isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
}

/** True when lines of the stream can be written anew. */
export function hasCursor({ isTTY }: Terminal, env: Readonly<NodeJS.ProcessEnv> = process.env): boolean {
  return isTTY === true && env.TERM !== 'dumb';
}
