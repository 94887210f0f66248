/** Kubernetes refuses objects over 3 MiB; a watch event holds one. */
const LINE_BYTES_MAX = 16 * 1024 * 1024;

const NEWLINE = 10;

/** Lines of a body, wherever its chunks were cut; throws when one is too long to be an event. */
export async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of body) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      const line = Buffer.concat([...rest, chunk.subarray(from, end)]);
      rest = [];
      restBytes = 0;
      from = end + 1;
      if (line.length > 0) yield line.toString('utf8');
    }
    if (from < chunk.length) {
      rest.push(chunk.subarray(from));
      restBytes += chunk.length - from;
      if (restBytes > LINE_BYTES_MAX) throw new Error(`a watch event of more than ${LINE_BYTES_MAX} bytes`);
    }
  }
  if (restBytes > 0) yield Buffer.concat(rest).toString('utf8');
}
