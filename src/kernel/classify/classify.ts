/**
 * The passes of classification over the columns of a batch, and the counters: a row costs loads and stores, no object.
 * What it reads stands in `columns.ts`, `tables.ts` and `counters.ts`. Compiled to WebAssembly; one instance a worker,
 * over the memory of its decoder.
 */
export { attribute } from './attribution';
export { countGroups, countRules, countVerdicts } from './count';
export { decideDirection } from './direction';
export { decideDrift } from './drift';
export { judgeLayers } from './layers';
export { describeRows, takeMatches, throughNat } from './pairing';
export { placeAddresses } from './place';
export { rolesByEvidence, rolesByGuess } from './role';
export { decideRoute } from './route';
export { nameServed } from './served';
export { unmaskNodes } from './snat';
export { listStrays } from './strays';
