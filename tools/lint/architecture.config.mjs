/**
 * Which part of Morrow may import which; docs/architecture.md says why.
 * dependency-cruiser resolves every import to a file before it judges, so no spelling of a path slips past.
 */

const SRC = '^packages/morrow/src';
/** Tests, and what only tests use: whole files of it end in .testing.ts or lie below testing/. */
const TESTS = '(\\.(test|testing)\\.ts$|^packages/morrow/src/testing/)';

/** Small modules that every part but the engine and the runner may use. */
const SHARED = '(paths|programs|linux|system)\\.ts$';

/** A rule for one part: it may import itself, errors.ts and what is listed (patterns below src), nothing else. */
function onlySees(part, allowed, reason, node = 'any') {
  const ours = [`${part}/`, 'errors\\.ts$', ...allowed].map((path) => `${SRC}/${path}`);
  const from = { path: `${SRC}/${part}/`, pathNot: TESTS };
  return [
    {
      name: `${part}-sees-only-its-own`,
      comment: reason,
      severity: 'error',
      from,
      to: { path: '^(packages|app|bench|demo|tools)/', pathNot: ours },
    },
    ...(node === 'any'
      ? []
      : [
          {
            name: `${part}-knows-little-of-node`,
            comment: `${reason} Of Node it may use: ${node.join(', ') || 'nothing'}.`,
            severity: 'error',
            from,
            to: {
              dependencyTypes: ['core'],
              ...(node.length > 0 && { pathNot: `^(${node.join('|')})$` }),
            },
          },
        ]),
  ];
}

export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or need a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolvable',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    ...onlySees('engine', [], 'The engine is pure: plain data in, plain data out.', []),
    {
      name: 'engine-uses-no-packages',
      comment: 'The engine is pure: it imports only itself and errors.ts.',
      severity: 'error',
      from: { path: `${SRC}/engine/`, pathNot: TESTS },
      to: { path: 'node_modules/' },
    },
    ...onlySees(
      'runner',
      ['engine/', 'platform/platform\\.ts$', 'store/store\\.ts$', 'config/resolved\\.ts$'],
      'The runner sees the engine and the interfaces of platform and store, never what stands behind them.',
      ['timers', 'timers/promises', 'events', 'crypto', 'async_hooks', 'util'],
    ),
    ...onlySees(
      'edge',
      ['engine/slot\\.ts$', SHARED],
      'The data plane stands alone: it runs when nothing else does.',
    ),
    ...onlySees('store', ['engine/', 'platform/platform\\.ts$', SHARED], 'A store keeps what it is given.'),
    ...onlySees(
      'config',
      ['engine/', 'edge/api\\.ts$', SHARED],
      'A configuration is data: whoever uses it reads it.',
    ),
    ...onlySees(
      'platform',
      ['engine/', 'edge/(api|client|histogram)\\.ts$', 'config/resolved\\.ts$', SHARED],
      'A platform carries out what it is told; it decides nothing and keeps no journal.',
    ),
    {
      name: 'platforms-never-meet',
      comment: 'What two platforms share belongs to the contract, platform/platform.ts.',
      severity: 'error',
      from: { path: `${SRC}/platform/(local|aws)/` },
      to: { path: `${SRC}/platform/(local|aws)/`, pathNot: `${SRC}/platform/$1/` },
    },
    {
      name: 'aws-stays-in-its-place',
      comment: 'Only platform/aws, store/s3 and packages/infra know AWS.',
      severity: 'error',
      from: {
        path: '^(packages|app|bench|demo)/',
        pathNot: `(${SRC}/(platform/aws/|store/s3)|^packages/infra/)`,
      },
      to: { path: 'node_modules/(@aws-sdk|@aws-crypto|@aws|@smithy|aws-[^/]+|constructs)/' },
    },
    {
      name: 'only-main-wires',
      comment: 'What stands behind the interfaces of platform and store is chosen in one place, cli/main.ts.',
      severity: 'error',
      from: { path: `${SRC}/([^/]+)`, pathNot: `(${TESTS}|${SRC}/cli/main\\.ts$)` },
      to: { path: `${SRC}/(platform/(local|aws)|store/(?!store\\.ts))`, pathNot: `${SRC}/$1` },
    },
    {
      name: 'nobody-imports-the-cli',
      comment: 'The command line is the outermost layer.',
      severity: 'error',
      from: { path: '^(packages|app|bench|demo)/', pathNot: `(${TESTS}|${SRC}/cli/|^packages/morrow/bin/)` },
      to: { path: `${SRC}/cli/` },
    },
    {
      name: 'testing-is-for-tests',
      comment: 'What ships must not lean on what tests lean on.',
      severity: 'error',
      from: { path: '^(packages|app|demo)/', pathNot: TESTS },
      to: { path: `(${SRC}/testing/|\\.(test|testing)\\.ts$|node_modules/(vitest|fast-check)/)` },
    },
    {
      name: 'apps-use-what-is-published',
      comment: 'The app and the examples see of Morrow what everybody sees.',
      severity: 'error',
      from: { path: '^(app|examples)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^packages/', pathNot: `${SRC}/index\\.ts$` },
    },
    {
      name: 'only-declared-packages',
      comment: 'A package that is used stands in package.json.',
      severity: 'error',
      from: { path: '^(packages|app)/[^/]+/src/', pathNot: TESTS },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    // TypeScript 7 has no JavaScript API yet; swc reads every import, those of types included.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(/dist/|/node_modules/.*/node_modules/)' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
