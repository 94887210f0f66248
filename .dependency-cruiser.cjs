/**
 * Who may import whom (ARCHITECTURE.md, "Rooms"). Checked by `npm run check` and by test/architecture.test.ts,
 * which also proves that the modules were seen and that each rule can fail.
 */

/** room → rooms it may import; its own files always. A room that is not listed here may not exist. */
const ROOMS = {
  model: [],
  inventory: ['model'],
  rules: ['model', 'inventory'],
  pods: ['model', 'inventory'],
  decode: ['model'],
  source: ['model'],
  classify: ['model', 'inventory', 'rules', 'pods', 'decode'],
  explain: ['model', 'inventory', 'rules'],
  sink: ['model'],
  engine: ['model', 'inventory', 'rules', 'pods', 'decode', 'source', 'classify', 'sink'],
  kafka: ['model'],
  kubernetes: ['model'],
  stream: [
    'model',
    'inventory',
    'rules',
    'pods',
    'decode',
    'source',
    'classify',
    'sink',
    'kafka',
    'kubernetes',
    'engine',
  ],
  synthetic: ['model', 'inventory'],
  bench: ['model', 'inventory', 'rules', 'classify'],
  insight: ['model', 'inventory', 'rules', 'pods', 'decode', 'classify', 'engine'],
  cli: [
    'model',
    'inventory',
    'rules',
    'pods',
    'decode',
    'source',
    'classify',
    'explain',
    'sink',
    'engine',
    'synthetic',
    'bench',
    'insight',
    'kafka',
    'kubernetes',
    'stream',
  ],
};

/** Single files of another room that a room may import all the same. */
const SINGLE_FILES = { sink: ['src/rules/catalog.ts'] };

/** package → the only files of src that may import it. */
const PACKAGES = {
  'apache-arrow': '^src/(sink/(arrow[^/]*|columns)|decode/arrow[^/]*|index)\\.ts$',
  commander: '^src/cli/',
  '@fast-csv/parse': '^src/model/csv-line\\.ts$',
  'fast-csv': '^src/(sink/csv\\.ts|inventory/pod-history\\.ts|cli/)',
  'ip-num': '^src/(model/ip|bench/membership-case)\\.ts$',
  '@foxglove/wasm-zstd': '^src/sink/zstd\\.ts$',
  'hyparquet-writer': '^src/sink/parquet[^/]*\\.ts$',
  kafkajs: '^src/kafka/',
  zod: '^src/cli/',
  piscina: '^src/engine/pool\\.ts$',
};

/** Packages a user installs only for what needs them; `lazy-package` keeps most of them out of a start. */
const OPTIONAL = Object.keys(require('./package.json').peerDependencies ?? {});
const optionalPath = `node_modules/(${OPTIONAL.join('|')})/`;

const roomRules = Object.entries(ROOMS).map(([room, allowed]) => ({
  name: `room-${room}`,
  comment: `src/${room} may import ${allowed.length === 0 ? 'no other room' : allowed.join(', ')}`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: {
    path: '^src/',
    pathNot: [`^src/(${[room, ...allowed].join('|')})/`, ...(SINGLE_FILES[room] ?? []).map((file) => `^${file}$`)],
  },
}));

const packageRules = Object.entries(PACKAGES).map(([name, files]) => ({
  name: `package-${name}`,
  comment: `${name} is imported only in ${files}`,
  severity: 'error',
  from: { path: '^(src|workers)/', pathNot: files },
  to: { path: `node_modules/${name}/` },
}));

module.exports = {
  forbidden: [
    ...roomRules,
    ...packageRules,
    {
      name: 'room-unknown',
      comment: 'a new room of src gets its row in ROOMS first',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: `^src/(${Object.keys(ROOMS).join('|')})/` },
      to: {},
    },
    {
      name: 'synthetic-inventory-types',
      comment: 'src/synthetic knows the inventory by its types only',
      severity: 'error',
      from: { path: '^src/synthetic/' },
      to: { path: '^src/inventory/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'index-without-cli',
      comment: 'the library does not contain the command line',
      severity: 'error',
      from: { path: '^src/index\\.ts$' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'src-outward',
      comment: 'src never imports workers, bench or test; the worker is one URL in engine/pool.ts',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(workers|bench|test)/' },
    },
    {
      name: 'workers-inward',
      comment: 'workers attach shared tables and run tasks: engine, rules, pods, model',
      severity: 'error',
      from: { path: '^workers/' },
      to: { path: '^(src|bench|test)/', pathNot: '^src/(engine|rules|pods|model)/' },
    },
    {
      name: 'main-imported',
      comment: 'cli/main.ts sets the exit code; nobody imports it',
      severity: 'error',
      from: {},
      to: { path: '^src/cli/main\\.ts$' },
    },
    {
      name: 'unreached',
      comment: 'only the command and the library entry may be imported by nobody',
      severity: 'error',
      module: { path: '^src/', pathNot: '^src/(cli/main|index)\\.ts$', numberOfDependentsLessThan: 1 },
      from: { path: '^(src|workers)/' },
    },
    {
      name: 'lazy-package',
      comment: 'AWS, Kubernetes, ClickHouse and Parquet packages are loaded by a dynamic import',
      severity: 'error',
      from: { path: '^(src|workers)/', pathNot: '^src/sink/parquet[^/]*\\.ts$' },
      to: {
        path: 'node_modules/(@aws-sdk|@kubernetes|@clickhouse|parquet-wasm|hyparquet[^/]*|prom-client|aws-msk-iam-sasl-signer-js)/',
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'lazy-parquet',
      comment: 'the files that write Parquet, and their packages, are loaded when Parquet is asked for',
      severity: 'error',
      from: { path: '^(src|workers)/', pathNot: '^src/sink/parquet[^/]*\\.ts$' },
      to: { path: '^src/sink/parquet[^/]*\\.ts$', dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'dev-package',
      comment: 'what is shipped does not import a development dependency',
      severity: 'error',
      from: { path: '^(src|workers)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: optionalPath },
    },
    {
      name: 'unlisted-package',
      comment: 'every imported package is in package.json',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'], pathNot: optionalPath },
    },
    {
      name: 'unresolved',
      comment: 'every import leads to a file',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    { name: 'circular', comment: 'no cycles, not even of types', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // src/kernel is of another language: the build compiles it, decode/kernel.ts loads the result
    exclude: { path: '(^|/)dist/|^src/kernel/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
