import { defineConfig, type ViteUserConfig } from 'vitest/config';

// Forks rather than threads: LevelDB is a native addon, and some tests end or crash whole processes.
// Two workers fit the smallest machine that the project is tested on.
const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/fixtures/**', 'test/compatibility/fixtures/**'],
    globalSetup: ['tools/build-for-tests.mjs'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
    restoreMocks: true,
  },
});

export default config;
