import assert from 'node:assert/strict';
import type { BrokerErrorCode, Message } from '../../index.ts';
import type { ContractTheme } from './contract-theme.ts';
import { refuses, type Scene, TOPIC, wrongly } from './scene.ts';

interface BadMessage {
  readonly code: BrokerErrorCode;
  readonly message: unknown;
}

const usual = { topic: TOPIC, body: 'x' };
const tooLarge = 4 * 1024 * 1024 + 1;

/** By what is wrong with it. */
const badMessages: Readonly<Record<string, BadMessage>> = {
  'no object': { code: 'MQ_ILLEGAL_ARGUMENT', message: 'hello' },
  null: { code: 'MQ_ILLEGAL_ARGUMENT', message: null },
  'no topic': { code: 'MQ_ILLEGAL_ARGUMENT', message: { body: 'x' } },
  'an empty topic': { code: 'MQ_ILLEGAL_TOPIC', message: { topic: '', body: 'x' } },
  'a topic with a blank': { code: 'MQ_ILLEGAL_TOPIC', message: { topic: 'a b', body: 'x' } },
  'a topic with a slash': { code: 'MQ_ILLEGAL_TOPIC', message: { topic: '../a', body: 'x' } },
  'a topic of 128 characters': { code: 'MQ_ILLEGAL_TOPIC', message: { topic: 't'.repeat(128), body: 'x' } },
  'a topic of the system': { code: 'MQ_ILLEGAL_TOPIC', message: { topic: 'SCHEDULE_TOPIC_XXXX', body: 'x' } },
  'neither body nor json': { code: 'MQ_ILLEGAL_ARGUMENT', message: { topic: TOPIC } },
  'both body and json': { code: 'MQ_ILLEGAL_ARGUMENT', message: { topic: TOPIC, body: 'x', json: 1 } },
  'a body of null': { code: 'MQ_ILLEGAL_ARGUMENT', message: { topic: TOPIC, body: null } },
  'json of null': { code: 'MQ_ILLEGAL_ARGUMENT', message: { topic: TOPIC, json: null } },
  'a number as its body': { code: 'MQ_ILLEGAL_ARGUMENT', message: { topic: TOPIC, body: 1 } },
  'an empty string': { code: 'MQ_MESSAGE_BODY_EMPTY', message: { topic: TOPIC, body: '' } },
  'no bytes': { code: 'MQ_MESSAGE_BODY_EMPTY', message: { topic: TOPIC, body: new Uint8Array() } },
  'a lone surrogate in its body': { code: 'MQ_ILLEGAL_ARGUMENT', message: { topic: TOPIC, body: 'a\ud800' } },
  'json that has no text': { code: 'MQ_ILLEGAL_ARGUMENT', message: { topic: TOPIC, json: () => 1 } },
  'a body of more than 4 MiB': { code: 'MQ_MESSAGE_BODY_TOO_LARGE', message: { topic: TOPIC, body: new Uint8Array(tooLarge) } },
  'a blank tag': { code: 'MQ_ILLEGAL_MESSAGE_TAG', message: { ...usual, tag: ' ' } },
  'a tag with a bar': { code: 'MQ_ILLEGAL_MESSAGE_TAG', message: { ...usual, tag: 'a|b' } },
  'a tag of null': { code: 'MQ_ILLEGAL_ARGUMENT', message: { ...usual, tag: null } },
  'a tag of more than 1 KiB': { code: 'MQ_ILLEGAL_MESSAGE_TAG', message: { ...usual, tag: 't'.repeat(1025) } },
  'keys that are no array': { code: 'MQ_ILLEGAL_ARGUMENT', message: { ...usual, keys: 'a' } },
  'a blank key': { code: 'MQ_ILLEGAL_MESSAGE_KEY', message: { ...usual, keys: ['a', ''] } },
  '65 keys': { code: 'MQ_ILLEGAL_MESSAGE_KEY', message: { ...usual, keys: Array.from({ length: 65 }, (_, i) => `${i}`) } },
  'a property that is no string': { code: 'MQ_ILLEGAL_ARGUMENT', message: { ...usual, properties: { count: 1 } } },
  'a property of the system': { code: 'MQ_ILLEGAL_MESSAGE_PROPERTY_KEY', message: { ...usual, properties: { UNIQ_KEY: 'x' } } },
  'a line end in a property': { code: 'MQ_ILLEGAL_MESSAGE_PROPERTY_KEY', message: { ...usual, properties: { note: 'a\nb' } } },
  '129 properties': {
    code: 'MQ_MESSAGE_PROPERTIES_TOO_LARGE',
    message: { ...usual, properties: Object.fromEntries(Array.from({ length: 129 }, (_, i) => [`p${i}`, ''])) },
  },
  'properties of more than 16 KiB': {
    code: 'MQ_MESSAGE_PROPERTIES_TOO_LARGE',
    message: { ...usual, properties: { big: 'x'.repeat(16_384) } },
  },
  'a blank message group': { code: 'MQ_ILLEGAL_MESSAGE_GROUP', message: { ...usual, messageGroup: '' } },
  'a message group of 64 bytes': { code: 'MQ_ILLEGAL_MESSAGE_GROUP', message: { ...usual, messageGroup: 'ü'.repeat(32) } },
  'a message group and a partition key': { code: 'MQ_ILLEGAL_ARGUMENT', message: { ...usual, messageGroup: 'a', partitionKey: 'a' } },
  'a field that does not exist': { code: 'MQ_ILLEGAL_ARGUMENT', message: { ...usual, tags: 'a' } },
};

async function refusesEverywhere(scene: Scene, { code, message }: BadMessage): Promise<void> {
  await refuses(code, () => scene.producer.send(wrongly<Message>(message)));
  await refuses(code, () => scene.producer.sendBatch([usual, wrongly<Message>(message)]));
  const consumer = await scene.simple();
  await scene.receiveNothing(consumer);
}

export const sendingRefusals: ContractTheme = {
  name: 'messages that are refused, alone and with a batch around them',
  tests: {
    ...Object.fromEntries(
      Object.entries(badMessages).map(([what, bad]) => [
        `a message with ${what} is ${bad.code}`,
        (scene: Scene) => refusesEverywhere(scene, bad),
      ]),
    ),
    'the largest of everything is accepted': async (scene) => {
      await scene.send({
        topic: TOPIC,
        body: new Uint8Array(tooLarge - 1).fill(1),
        tag: 't'.repeat(1024),
        keys: Array.from({ length: 64 }, (_, i) => `key-${i}`),
        properties: Object.fromEntries(Array.from({ length: 128 }, (_, i) => [`property-${i}`, 'v'.repeat(64)])),
        messageGroup: 'g'.repeat(63),
      });
      const message = await scene.receiveOne(await scene.simple());
      assert.equal(message.body.byteLength, tooLarge - 1);
      assert.equal(message.keys.length, 64);
      assert.equal(Object.keys(message.properties).length, 128);
    },
    'a field that is undefined is absent': async (scene) => {
      await scene.producer.send({ topic: TOPIC, body: 'x', tag: undefined, keys: undefined, messageGroup: undefined, json: undefined });
    },
  },
};
