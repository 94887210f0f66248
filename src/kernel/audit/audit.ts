/**
 * Lines of an audit log: which of them may tell of a pod, and what of those is worth parsing. Compiled to WebAssembly;
 * arguments are byte addresses. Behind the text stand a newline and room for a vector.
 */
export { gather } from './fields';
export { judge, nextLine } from './outline';
