import assert from 'node:assert/strict';
import type { Message } from '../../index.ts';
import type { ContractTheme } from './contract-theme.ts';
import { GROUP, refuses, type Scene, TOPIC, wrongly } from './scene.ts';

/** Fields of the full contract that this version refuses by name. */
const plannedFields: Readonly<Record<string, unknown>> = {
  delayMs: 1_000,
  deliverAtMs: 1,
  priority: 3,
  ttlMs: 1_000,
  dedupKey: 'key',
};
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
    ...Object.fromEntries(
      Object.entries(plannedFields).map(([field, value]) => [
        `${field} of a message is MQ_NOT_SUPPORTED`,
        async (scene: Scene) => {
          const message = wrongly<Message>({ topic: TOPIC, body: 'x', [field]: value });
          await refusesByName(field, () => scene.producer.send(message));
          await refusesByName(field, () => scene.producer.sendBatch([message]));
          await scene.receiveNothing(await scene.simple());
        },
      ]),
    ),
    'a typed topic is MQ_NOT_SUPPORTED': async (scene) => {
      await refuses('MQ_NOT_SUPPORTED', () => scene.producer.send(wrongly({ topic: { name: TOPIC }, body: 'x' })));
    },
    'subscriptions of another shape are MQ_NOT_SUPPORTED': async (scene) => {
      await refuses('MQ_NOT_SUPPORTED', () => scene.simple({ subscriptions: { [TOPIC]: wrongly({ sql: 'a = 1' }) } }));
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
    'pull consumers, atomic units and the application store are MQ_NOT_SUPPORTED': async (scene) => {
      await refusesByName('createPullConsumer', call(scene.messaging, 'createPullConsumer'));
      await refusesByName('atomic', call(scene.messaging, 'atomic'));
      await refusesByName('store', () => wrongly<{ store: unknown }>(scene.messaging).store);
    },
    'topics of types to come are MQ_NOT_SUPPORTED': async (scene) => {
      for (const type of ['delay', 'transaction', 'priority'])
        await refusesByName(type, () => scene.admin.createTopic(TOPIC, wrongly({ type })));
    },
    'options of topics to come are MQ_NOT_SUPPORTED': async (scene) => {
      for (const option of ['ttlMs', 'dedupWindowMs'])
        await refusesByName(option, () => scene.admin.createTopic(TOPIC, wrongly({ [option]: 1_000 })));
      await refusesByName('retention', () => scene.admin.createTopic(TOPIC, wrongly({ retention: { maxAgeMs: 1 } })));
      await scene.admin.createTopic(TOPIC, { retention: false });
    },
    ...Object.fromEntries(
      plannedAdmin.map((name) => [`admin.${name} is MQ_NOT_SUPPORTED`, (scene: Scene) => refusesByName(name, call(scene.admin, name))]),
    ),
  },
};
