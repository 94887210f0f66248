/**
 * The twin table of pods/twins.ts: entries in chains, in a memory that all workers share, and a desk of each worker's
 * own in the same memory, where records to add, questions and what was found lie. One instance a worker and table.
 */
export { add } from './add';
export { ask, more } from './ask';
