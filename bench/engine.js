import { randomFillSync } from 'node:crypto';
import { Broker } from 'pocketmq';

/**
 * @typedef {import('pocketmq').Broker} OpenBroker
 * @typedef {import('pocketmq').Producer} Producer
 * @typedef {import('pocketmq').Message} Message
 * @typedef {import('pocketmq').SimpleConsumer} SimpleConsumer
 */

/**
 * A broker with the options that everybody gets who gives none.
 * @param {string} directory
 * @param {'sync' | 'async'} durability
 * @param {{ logger?: false }} [options]
 * @returns {Promise<OpenBroker>}
 */
export function openEngine(directory, durability, options = {}) {
  return Broker.open({ location: directory, durability, retention: false, ...options });
}

/**
 * Bytes that no store can compress.
 * @param {number} bytes
 * @returns {Uint8Array}
 */
export function randomBody(bytes) {
  return new Uint8Array(randomFillSync(Buffer.alloc(bytes)));
}

/**
 * Runs `send` `count` times, `inFlight` at a time.
 * @param {{ count: number; inFlight: number; send: (number: number) => Promise<unknown>; onSent?: () => void }} options
 */
export async function inLanes({ count, inFlight, send, onSent }) {
  let next = 0;
  async function lane() {
    while (next < count) {
      const number = next;
      next += 1;
      await send(number);
      onSent?.();
    }
  }
  const lanes = [];
  for (let i = 0; i < inFlight; i += 1) lanes.push(lane());
  await Promise.all(lanes);
}

/**
 * Stores `count` messages as fast as it goes; not measured.
 * @param {{ producer: Producer; count: number; message: (number: number) => Message }} options
 */
export async function fill({ producer, count, message }) {
  await inLanes({ count, inFlight: 256, send: (number) => producer.send(message(number), { durability: 'async' }) });
}

/**
 * Receives and acknowledges `count` messages in `loops` loops of 32.
 * @param {{ consumer: SimpleConsumer; count: number; loops: number; onAcked: (count: number) => void }} options
 */
export async function receiveAndAck({ consumer, count, loops, onAcked }) {
  let left = count;
  async function loop() {
    while (left > 0) {
      const messages = await consumer.receive({ maxMessages: Math.min(32, left), awaitDurationMs: 0 });
      if (messages.length === 0) {
        if (left > 0 && loops === 1) throw new Error(`the queue was empty with ${left} messages left`);
        return;
      }
      left -= messages.length;
      await consumer.ack(messages);
      onAcked(messages.length);
    }
  }
  const running = [];
  for (let i = 0; i < loops; i += 1) running.push(loop());
  await Promise.all(running);
  if (left > 0) throw new Error(`the queue was empty with ${left} messages left`);
}
