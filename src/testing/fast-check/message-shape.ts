import * as fc from 'fast-check';
import type { Durability, Message } from '../../index.ts';
import type { FlowKind } from './flow-kind.ts';
import type { FlowModel } from './flow-model.ts';
import { type FlowSystem, PRIORITY_TOPIC, WANTED_TAG } from './flow-system.ts';
import type { ModelMessage, ModelWait } from './model-message.ts';
import type { ModelTransaction } from './model-transactions.ts';

/** A time of a delay message, from its send on; `instant` may have passed already. */
interface Later {
  readonly by: 'instant' | 'delay';
  readonly ms: number;
}

/** What a message is like; which fields there are depends on the kinds that take part. */
export interface Shape {
  readonly topic: number;
  readonly tag: string | undefined;
  readonly messageGroup: string | undefined;
  readonly later?: Later | undefined;
  readonly priority?: number | undefined;
  readonly ttlMs?: number | undefined;
  readonly key?: string | undefined;
}

/** A message that is about to be sent: for the model, and for the broker. */
export type Planned = readonly [ModelMessage, Message];

export const durability: fc.Arbitrary<Durability> = fc.constantFrom('sync', 'async');

const plain: fc.Arbitrary<Shape> = fc.record({
  topic: fc.nat(7),
  tag: fc.constantFrom(WANTED_TAG, 'b', undefined),
  messageGroup: fc.constantFrom('g', 'h', undefined, undefined),
});

/** Some are due within the next command, some beyond what a broker keeps in memory. */
const later: fc.Arbitrary<Later> = fc.oneof(
  fc.record({ by: fc.constant('delay' as const), ms: fc.constantFrom(1, 300, 2_000, 5_000, 40_000, 100_000, 3_600_000) }),
  fc.record({ by: fc.constant('instant' as const), ms: fc.constantFrom(-1_000, 1, 300, 2_000, 5_000, 40_000, 3_600_000) }),
);
export const priority: fc.Arbitrary<number> = fc.constantFrom(0, 1, 5, 9);
const ttlMs: fc.Arbitrary<number> = fc.constantFrom(1, 700, 5_000, 40_000, 600_000);
/** Few, so that they repeat. */
export const dedupKey: fc.Arbitrary<string> = fc.constantFrom('k', 'l', 'm');

/** Messages of the kinds that take part, mixed; most are plain. */
export function shapes(kinds: readonly FlowKind[]): fc.Arbitrary<Shape> {
  const has = (kind: FlowKind): boolean => kinds.includes(kind);
  return fc
    .record({
      plain,
      later: has('delay') ? sometimes(later) : fc.constant(undefined),
      priority: has('priority') ? sometimes(priority) : fc.constant(undefined),
      ttlMs: has('timeToLive') ? sometimes(ttlMs) : fc.constant(undefined),
      key: has('dedup') ? sometimes(dedupKey) : fc.constant(undefined),
    })
    .map(({ plain: one, ...terms }) => ({ ...one, ...terms, messageGroup: terms.priority === undefined ? one.messageGroup : undefined }));
}

/** Shapes of messages that a transaction may have: they have no time of their own. */
export function halfShapes(kinds: readonly FlowKind[]): fc.Arbitrary<Shape> {
  return shapes(kinds.filter((kind) => kind !== 'delay'));
}

function sometimes<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
}

/** What a shape becomes when it is sent now. */
export function plan(model: FlowModel, system: FlowSystem, shape: Shape, transaction?: ModelTransaction): Planned {
  const { tag, messageGroup, ttlMs: ttl, key, later: time } = shape;
  const name = model.nextName();
  const topic = shape.priority === undefined ? (system.topics[shape.topic % system.topics.length] as string) : PRIORITY_TOPIC;
  const wait = time === undefined ? undefined : waitOf(model, time);
  const planned: ModelMessage = {
    name,
    topic,
    tag,
    messageGroup,
    priority: shape.priority,
    ttlMs: ttl,
    dedupKey: key,
    state: transaction !== undefined ? 'half' : wait !== undefined ? 'waiting' : 'visible',
    wait,
    transaction,
    messageId: undefined,
    place: undefined,
    order: { from: 0, to: 0 },
    age: undefined,
    durable: false,
    stateDurable: false,
    mayBeLost: false,
    mayBeRecalled: false,
    mayBeUndone: false,
  };
  const times = time === undefined ? {} : time.by === 'delay' ? { delayMs: time.ms } : { deliverAtMs: model.time.wallMs + time.ms };
  return [planned, { topic, body: name, tag, messageGroup, priority: shape.priority, ttlMs: ttl, dedupKey: key, ...times }];
}

/** Absent for what is due already. */
function waitOf({ time }: FlowModel, { by, ms }: Later): ModelWait | undefined {
  if (ms <= 0) return undefined;
  return {
    kind: by,
    atMs: time.wallMs + ms,
    delayMs: ms,
    notBeforeMs: time.monotonicMs + ms,
    sentAtMs: time.monotonicMs,
    stepsBefore: time.stepCount,
    forwardBeforeMs: time.forwardBeforeLifeMs,
    recallHandle: undefined,
  };
}

export function describe({ topic, tag, messageGroup, later: time, priority: level, ttlMs: ttl, key }: Shape): string {
  return [
    `topic ${topic}`,
    tag === undefined ? '' : ` #${tag}`,
    messageGroup === undefined ? '' : ` in ${messageGroup}`,
    time === undefined ? '' : ` ${time.by} ${time.ms} ms`,
    level === undefined ? '' : ` priority ${level}`,
    ttl === undefined ? '' : ` ttl ${ttl} ms`,
    key === undefined ? '' : ` key ${key}`,
  ].join('');
}
