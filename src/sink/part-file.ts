const PART_FILE = /^dt=[^/]+\/hour=[^/]+\/part-\d{5}\.parquet$/;

/** True for the path, below its folder, of a file that a run writes and the next one replaces. */
export function isPartFile(path: string): boolean {
  return PART_FILE.test(path.replaceAll('\\', '/'));
}
