import fc from 'fast-check';
import type { BrokerIndex } from '../../../src/storage/index/broker-index.ts';
import { TIMER_KINDS, type TimerKind } from '../../../src/storage/index/delays.ts';
import { writeApplicationChange } from '../../../src/storage/log/application-record.ts';
import type { MessageExtension } from '../../../src/storage/log/message-extension.ts';
import { writeMessage } from '../../../src/storage/log/message-record.ts';
import { type PointerOrigin, writePointer } from '../../../src/storage/log/pointer-record.ts';
import { writeRecall } from '../../../src/storage/log/recall-record.ts';
import { RECORD } from '../../../src/storage/log/record-kinds.ts';
import { writeTransactionCheck, writeTransactionEnd } from '../../../src/storage/log/transaction-records.ts';
import { logPosition } from '../../../src/storage/log-position.ts';
import { hashMessageGroup } from '../../../src/storage/message-group-hash.ts';
import { type Draft, type Log, metadata, type Step, topicRecord } from './random-records.ts';

const TOPICS = [5, 6];
const KEYS = ['a', 'b', 'c'];
const VALUE_KEYS = [1, 2, 3, 4];
const TRANSACTIONS = ['0', '1', '2'];

interface Waiting {
  readonly topicId: number;
  readonly position: number;
  readonly kind: TimerKind;
  readonly dueAtMs: number;
  readonly key: string | undefined;
}

/** What the records of a log have begun and not ended: only that can end. */
class Begun {
  readonly timers: Waiting[] = [];
  readonly halves: Map<string, { topicId: number; position: number }[]> = new Map();
  readonly deleted: Set<number> = new Set();
  readonly windows: Map<number, number> = new Map();
  /** An id is used once. */
  generation = 0;
}

const begun = new WeakMap<Log, Begun>();

function begunIn(log: Log): Begun {
  const known = begun.get(log) ?? new Begun();
  begun.set(log, known);
  return known;
}

const markOf = (key: string | undefined): MessageExtension => (key === undefined ? {} : { dedup: { key, hash: hashMessageGroup(key) } });

/** Writes a message; answers where it lies. */
function write(log: Log, kind: number, topicId: number, extension: MessageExtension): number {
  const rest = {
    messageId: 'id',
    tag: undefined,
    messageGroup: undefined,
    groupHash: undefined,
    keys: [],
    properties: undefined,
    body: 'x',
  };
  const record = log.builder.begin(kind);
  const offsetAt = writeMessage(log.builder, { topicId, queueId: 0, bornAtMs: log.nowMs, ...rest, extension });
  if (kind === RECORD.message) log.builder.setU64(offsetAt, log.nextOffset(topicId, 0));
  log.builder.end();
  return logPosition(log.blocks.length + 1, record);
}

function point(log: Log, topicId: number, target: number, at: { origin: PointerOrigin; dueAtMs: number }): void {
  log.record(RECORD.pointer, (builder) => {
    const offsetAt = writePointer(builder, { topicId, queueId: 0, target, tagHash: 0, groupHigh: 0, groupLow: 0, ...at });
    builder.setU64(offsetAt, log.nextOffset(topicId, 0));
  });
}

const topic = fc.constantFrom(...TOPICS);
const key = fc.option(fc.constantFrom(...KEYS), { nil: undefined });

const keyed = fc.tuple(topic, key).map(([topicId, one]): Draft => {
  return (log) => void (begunIn(log).deleted.has(topicId) || write(log, RECORD.message, topicId, markOf(one)));
});

const delayed = fc.tuple(topic, key, fc.constantFrom(...TIMER_KINDS), fc.nat({ max: 9 })).map(([topicId, one, kind, dueAtMs]): Draft => {
  return (log) => {
    const { deleted, timers } = begunIn(log);
    if (deleted.has(topicId)) return;
    const extension = { deliverAtMs: dueAtMs, ...(kind === 'delay' ? { delayMs: 1 } : {}), ...markOf(one) };
    timers.push({ topicId, position: write(log, RECORD.delayed, topicId, extension), kind, dueAtMs, key: one });
  };
});

const timerEnd = fc.tuple(fc.nat(), fc.boolean()).map(([which, isRecall]): Draft => {
  return (log) => {
    const { timers, deleted } = begunIn(log);
    const [timer] = timers.splice(which % Math.max(1, timers.length), 1);
    if (timer === undefined || deleted.has(timer.topicId)) return;
    const { topicId, position, kind, dueAtMs, key: one } = timer;
    const dedupHash = one === undefined ? { high: 0, low: 0 } : hashMessageGroup(one);
    if (isRecall) log.record(RECORD.recall, (builder) => writeRecall(builder, { kind, dueAtMs, position, topicId, dedupHash }));
    else point(log, topicId, position, { origin: kind, dueAtMs });
  };
});

const half = fc.tuple(topic, key, fc.constantFrom(...TRANSACTIONS)).map(([topicId, one, name]): Draft => {
  return (log) => {
    const { deleted, halves, generation } = begunIn(log);
    if (deleted.has(topicId)) return;
    const transactionId = idOf(name, generation);
    const position = write(log, RECORD.half, topicId, { transactionId, ...markOf(one) });
    halves.set(transactionId, [...(halves.get(transactionId) ?? []), { topicId, position }]);
  };
});

const check = fc.tuple(fc.nat(), fc.nat({ max: 15 })).map(([which, checks]): Draft => {
  return (log) => {
    const transactionId = [...begunIn(log).halves.keys()][which % Math.max(1, begunIn(log).halves.size)];
    if (transactionId === undefined) return;
    const facts = { transactionId, checks, nextCheckAtMs: checks + 1, parked: checks === 15 };
    log.record(RECORD.transactionCheck, (builder) => writeTransactionCheck(builder, facts));
  };
});

const transactionEnd = fc.tuple(fc.nat(), fc.boolean()).map(([which, isCommit]): Draft => {
  return (log) => {
    const known = begunIn(log);
    const [transactionId, halves = []] = [...known.halves][which % Math.max(1, known.halves.size)] ?? [];
    if (transactionId === undefined) return;
    known.halves.delete(transactionId);
    known.generation++;
    const outcome = isCommit && !halves.some(({ topicId }) => known.deleted.has(topicId)) ? 'commit' : 'rollback';
    log.record(RECORD.transactionEnd, (builder) => writeTransactionEnd(builder, { transactionId, outcome }));
    if (outcome === 'commit')
      for (const { topicId, position } of halves) point(log, topicId, position, { origin: 'transaction', dueAtMs: 0 });
  };
});

const value = fc.tuple(fc.constantFrom(...VALUE_KEYS), fc.option(fc.nat({ max: 255 }), { nil: undefined })).map(([name, byte]): Draft => {
  const change = { key: Uint8Array.of(name), value: byte === undefined ? undefined : Uint8Array.of(byte) };
  return (log) => {
    log.record(byte === undefined ? RECORD.applicationDelete : RECORD.applicationPut, (builder) => writeApplicationChange(builder, change));
  };
});

/** As the broker writes it: a topic remembers its longest window. */
const windowChange = fc.tuple(topic, fc.constantFrom(30_000, 90_000, 400_000)).map(([topicId, dedupWindowMs]): Draft => {
  return (log) => {
    const { deleted, windows } = begunIn(log);
    if (deleted.has(topicId)) return;
    windows.set(topicId, Math.max(dedupWindowMs, windows.get(topicId) ?? 300_000));
    metadata(topicWith(topicId, { dedupWindowMs, dedupKeptMs: windows.get(topicId) ?? 0 }))(log);
  };
});

const deletion = topic.map((topicId): Draft => {
  return (log) => {
    begunIn(log).deleted.add(topicId);
    metadata({ what: 'topic', record: { ...topicRecord(topicId, 1).record, deleted: true } })(log);
  };
});

function topicWith(
  topicId: number,
  { dedupWindowMs, dedupKeptMs }: { dedupWindowMs: number; dedupKeptMs: number },
): ReturnType<typeof topicRecord> {
  const { record } = topicRecord(topicId, 1);
  return { what: 'topic', record: { ...record, dedupKeptMs, options: { ...record.options, dedupWindowMs } } };
}

function idOf(name: string, generation: number): string {
  return `${name}${generation}`.padStart(34, '0');
}

const records: fc.Arbitrary<Draft[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: keyed },
    { weight: 4, arbitrary: delayed },
    { weight: 3, arbitrary: timerEnd },
    { weight: 4, arbitrary: half },
    { weight: 2, arbitrary: check },
    { weight: 3, arbitrary: transactionEnd },
    { weight: 3, arbitrary: value },
    { weight: 1, arbitrary: windowChange },
    { weight: 1, arbitrary: deletion },
  ),
  { minLength: 1, maxLength: 6 },
);

/** Topics of their own, which the other records do not know. */
export const waitingTopics: readonly Draft[] = TOPICS.map((topicId) => metadata(topicRecord(topicId, 1)));

export const waitingStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: records.map((drafts): Step => ({ verb: 'commit', drafts })) },
  {
    weight: 4,
    arbitrary: fc.record<Step & { verb: 'checkpoint' }>({
      verb: fc.constant('checkpoint'),
      fate: fc.constantFrom('kept', 'crashed', 'crashed', 'rejected', 'rejectedButWritten'),
      meanwhile: records,
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ verb: 'reopen', unclean: true }) },
);

/** What an index says of messages that wait, of keys that are taken, and of values of the application. */
export async function waitingIn(index: BrokerIndex, nowMs: number): Promise<unknown> {
  const topics = TOPICS.filter((topicId) => index.catalogue.topics.has(topicId));
  const timers: unknown[] = [];
  for (const kind of TIMER_KINDS)
    for await (const timer of index.delays.of(kind).list({ dueAtMs: 0, position: 0 }))
      if (topics.includes(timer.topicId)) timers.push([kind, timer]);
  const transactions = [...index.transactions.pending.values()]
    .map(({ transactionId, halves, checks, beganAtMs, lastHalfAtMs, nextCheckAtMs, parked }) => {
      return { transactionId, halves, checks, beganAtMs, lastHalfAtMs, nextCheckAtMs, parked };
    })
    .sort((left, right) => (left.transactionId < right.transactionId ? -1 : 1));
  const values: unknown[] = [];
  for (const name of VALUE_KEYS) values.push(await index.applicationValues.get(Uint8Array.of(name)));
  return {
    timers,
    counts: topics.map((topicId) => index.delays.countOf(topicId)),
    transactions,
    values,
    keys: await keysIn(index, topics, nowMs),
  };
}

async function keysIn(index: BrokerIndex, topics: readonly number[], nowMs: number): Promise<unknown> {
  await index.dedup.load(nowMs);
  return topics.map((topicId) => {
    const windowMs = index.catalogue.topics.get(topicId)?.options.dedupWindowMs ?? 300_000;
    return KEYS.map((one) => {
      const candidates = index.dedup.find(topicId, hashMessageGroup(one)) ?? [];
      return candidates
        .filter(({ atMs }) => atMs > nowMs - windowMs)
        .map(({ position }) => position)
        .sort((a, b) => a - b);
    });
  });
}
