import assert from 'node:assert/strict';
import type { ContractTheme } from './contract-theme.ts';
import { refuses, type Scene, TOPIC, wrongly } from './scene.ts';

const plannedAdmin = ['getMessage', 'findMessages', 'readQueue', 'trackMessage', 'compact', 'verify', 'backup'];

async function refusesByName(name: string, call: () => unknown): Promise<void> {
  const error = await refuses('MQ_NOT_SUPPORTED', call);
  assert.ok(error.message.includes(name), `${error.message} names ${name}`);
}

function call(target: object, name: string): () => unknown {
  return () => wrongly<Record<string, () => unknown>>(target)[name]?.();
}

export const notSupported: ContractTheme = {
  name: 'what is not built yet is refused, never ignored',
  tests: {
    'options of topics to come are MQ_NOT_SUPPORTED': async (scene) => {
      await refusesByName('retention', () => scene.admin.createTopic(TOPIC, wrongly({ retention: { maxAgeMs: 1 } })));
      await scene.admin.createTopic(TOPIC, { retention: false });
    },
    ...Object.fromEntries(
      plannedAdmin.map((name) => [`admin.${name} is MQ_NOT_SUPPORTED`, (scene: Scene) => refusesByName(name, call(scene.admin, name))]),
    ),
  },
};
