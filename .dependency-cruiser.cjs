/**
 * The layer rules of the house, see docs and CONTRIBUTING.md:
 *
 *   model <- storage <- delivery <- maintenance <- client <- broker.ts <- index.ts
 *
 * Rooms look to the left only; the edges (testing today; connect, remote, server, console and cli later) enter through the ports of `model`
 * or the public index, and never meet each other.
 */
const edges = 'connect|remote|server|console|testing|cli';
/** The rooms of `delivery`, the lowest first. */
const deliveryRooms = ['queues', 'views', 'waiting', 'sending', 'settling', 'receiving', 'groups', 'redriving', 'atomic'];
const builtInsAllowed = `^src/(platform/node/|broker\\.ts$|(${edges})/)`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'A cycle means that two files are one idea, or that a port is missing.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'A file that nobody imports is dead.',
      severity: 'error',
      from: { orphan: true, pathNot: '(^|/)(index|main)\\.ts$' },
      to: {},
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'only-declared-dependencies',
      comment: 'What ships may import only what an installation of the package brings with it.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'], pathNot: 'node_modules/fast-check/' },
    },
    {
      name: 'model-imports-nothing',
      severity: 'error',
      from: { path: '^src/model/' },
      to: { path: '^src/', pathNot: '^src/model/' },
    },
    {
      name: 'storage-looks-down',
      severity: 'error',
      from: { path: '^src/storage/' },
      to: { path: '^src/', pathNot: '^src/(model|storage)/' },
    },
    {
      name: 'delivery-looks-down',
      severity: 'error',
      from: { path: '^src/delivery/' },
      to: { path: '^src/', pathNot: '^src/(model|storage|delivery)/' },
    },
    ...deliveryRooms.slice(0, -1).map((room, floor) => ({
      name: `delivery-${room}-looks-down`,
      severity: 'error',
      from: { path: `^src/delivery/${room}/` },
      to: { path: `^src/delivery/(${deliveryRooms.slice(floor + 1).join('|')})/` },
    })),
    {
      name: 'maintenance-looks-down',
      severity: 'error',
      from: { path: '^src/maintenance/' },
      to: { path: '^src/', pathNot: '^src/(model|storage|delivery|maintenance)/' },
    },
    {
      name: 'client-looks-down',
      severity: 'error',
      from: { path: '^src/client/' },
      to: { path: '^src/', pathNot: '^src/(model|storage|delivery|client)/' },
    },
    {
      name: 'client-storage-for-admin-only',
      comment: 'Of the clients, the admin alone reads the stores directly.',
      severity: 'error',
      from: { path: '^src/client/', pathNot: '^src/client/admin' },
      to: { path: '^src/storage/' },
    },
    {
      name: 'platform-looks-down',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: '^src/', pathNot: '^src/(model|platform)/' },
    },
    {
      name: 'platform-is-plugged-in',
      comment: 'The engine knows the ports; broker.ts alone (and a test broker, for the memory store) chooses what stands behind them.',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/(platform/|broker\\.ts$|broker-options\\.ts$|index\\.ts$|(${edges})/)` },
      to: { path: '^src/platform/' },
    },
    {
      name: 'index-is-the-top',
      comment: 'Only an edge may import the public index; the engine never looks up at it or at broker.ts.',
      severity: 'error',
      from: { path: '^src/(model|storage|delivery|maintenance|client|platform)/' },
      to: { path: '^src/(index|broker|broker-options)\\.ts$' },
    },
    {
      name: 'edges-use-ports',
      severity: 'error',
      from: { path: `^src/(${edges})/` },
      to: { path: '^src/', pathNot: `^src/(model/|index\\.ts$|platform/memory/|(${edges})/)` },
    },
    {
      name: 'edges-and-platform',
      comment: 'The memory platform is what a test broker stands on; no other edge may touch a platform.',
      severity: 'error',
      from: { path: `^src/(${edges})/`, pathNot: '^src/testing/' },
      to: { path: '^src/platform/' },
    },
    {
      name: 'edges-do-not-meet',
      severity: 'error',
      from: { path: `^src/(${edges})/` },
      to: { path: `^src/(${edges})/`, pathNot: '^src/$1/' },
    },
    {
      name: 'engine-does-not-know-edges',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/(${edges})/` },
      to: { path: `^src/(${edges})/` },
    },
    {
      name: 'level-behind-the-port',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(platform/|broker\\.ts$)' },
      to: { path: 'node_modules/(level|abstract-level|classic-level|browser-level|memory-level)/' },
    },
    {
      name: 'fast-check-in-its-subpath',
      comment: 'fast-check is an optional peer, so that nothing else may need it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/testing/fast-check/' },
      to: { path: 'node_modules/fast-check/' },
    },
    {
      name: 'fast-check-subpath-is-a-leaf',
      comment: 'Importing pocketmq/testing must not pull fast-check in.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/testing/fast-check/' },
      to: { path: '^src/testing/fast-check/' },
    },
    {
      name: 'no-test-runner',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '(node_modules/(vitest|jest|mocha|@jest/|@vitest/)|^(node:)?test$)' },
    },
    {
      name: 'node-built-ins-at-the-rim',
      comment: 'The engine rooms also run in a browser.',
      severity: 'error',
      from: { path: '^src/', pathNot: builtInsAllowed },
      to: { dependencyTypes: ['core'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'require', 'node', 'default'] },
  },
};
