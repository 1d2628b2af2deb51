import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLevelDb, TUNING } from '../../../src/platform/node/leveldb-store.ts';
import { describeKeyValueStore, type StoreUnderTest } from '../key-value-store.suite.ts';

async function openAt(folder: string, name: 'log' | 'index'): Promise<StoreUnderTest> {
  const store = await openLevelDb(join(folder, name), { create: true, tuning: TUNING[name] });
  return {
    store,
    reopen: () => openAt(folder, name),
    dispose: async () => {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

for (const name of ['log', 'index'] as const) {
  describeKeyValueStore(`LevelDB as ${name}`, async () => openAt(await mkdtemp(join(tmpdir(), 'pocketmq-leveldb-')), name));
}
