import assert from 'node:assert/strict';
import type { ContractTheme } from './contract-theme.ts';
import { GROUP, refuses, type Scene, TOPIC, wrongly } from './scene.ts';

const plannedAdmin = [
  'getMessage',
  'findMessages',
  'readQueue',
  'trackMessage',
  'listDelayed',
  'listTransactions',
  'resolveTransaction',
  'compact',
  'verify',
  'backup',
];

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
    'a typed topic is MQ_NOT_SUPPORTED': async (scene) => {
      await refuses('MQ_NOT_SUPPORTED', () => scene.producer.send(wrongly({ topic: { name: TOPIC }, body: 'x' })));
    },
    'a list of typed topics as subscriptions is MQ_NOT_SUPPORTED': async (scene) => {
      await refuses('MQ_NOT_SUPPORTED', () => scene.simple({ subscriptions: wrongly([{ name: TOPIC }]) }));
    },
    'broadcast is MQ_NOT_SUPPORTED': async (scene) => {
      const options = { group: GROUP, subscriptions: { [TOPIC]: '*' }, listener: () => {}, mode: 'broadcast' };
      await refusesByName('mode', () => scene.messaging.createPushConsumer(wrongly(options)));
    },
    'transactions are MQ_NOT_SUPPORTED': async (scene) => {
      await refusesByName('transactionChecker', () => scene.messaging.createProducer(wrongly({ transactionChecker: () => 'commit' })));
      await refusesByName('beginTransaction', call(scene.producer, 'beginTransaction'));
    },
    'recalling a message is MQ_NOT_SUPPORTED': async (scene) => {
      await refusesByName('recall', call(scene.producer, 'recall'));
    },
    'pull consumers are MQ_NOT_SUPPORTED': async (scene) => {
      await refusesByName('createPullConsumer', call(scene.messaging, 'createPullConsumer'));
    },
    'options of topics to come are MQ_NOT_SUPPORTED': async (scene) => {
      await refusesByName('retention', () => scene.admin.createTopic(TOPIC, wrongly({ retention: { maxAgeMs: 1 } })));
      await scene.admin.createTopic(TOPIC, { retention: false });
    },
    ...Object.fromEntries(
      plannedAdmin.map((name) => [`admin.${name} is MQ_NOT_SUPPORTED`, (scene: Scene) => refusesByName(name, call(scene.admin, name))]),
    ),
  },
};
