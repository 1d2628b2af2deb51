import { field, quotient } from './figure-values.js';

/** @import { Cell, Step } from './cells.js' */

const KIB = 1024;

/**
 * A kind of message beside the plain one, both by the engine.
 * @param {{ name: string; title: string; atLeast?: number; plain: (scaled: (count: number) => number) => Step; special: (scaled: (count: number) => number) => Step }} kind
 * @returns {Cell}
 */
function besidePlain({ name, title, atLeast, plain, special }) {
  const [ours, theirs] = [field('special', 'perSecond'), field('plain', 'perSecond')];
  return {
    name,
    runs: (scaled) => ({ plain: [plain(scaled)], special: [special(scaled)] }),
    figures: [{ title, ours, theirs, value: quotient(ours, theirs), aim: atLeast === undefined ? undefined : { atLeast } }],
  };
}

/** @type {(kind: string) => (scaled: (count: number) => number) => Step} */
const sendOf = (kind) => (scaled) => ({
  measurement: 'kindOfSend',
  options: { kind, count: scaled(300_000), inFlight: 256, bodyBytes: KIB },
});

/** @type {(atomic: boolean) => (scaled: (count: number) => number) => Step} */
const atomic = (isAtomic) => (scaled) => ({
  measurement: 'atomicSends',
  options: { atomic: isAtomic, count: scaled(200_000), inFlight: 256, bodyBytes: KIB },
});

/** @type {(sql?: string) => (scaled: (count: number) => number) => Step} */
const receive = (sql) => (scaled) => ({
  measurement: 'hotReceive',
  options: {
    rounds: Math.max(2, Math.round(scaled(8_000) / 1000)),
    loops: 1,
    bodyBytes: KIB,
    properties: { country: 'FR', cents: '5995' },
    ...(sql && { sql }),
  },
});

/** @type {(load: { perSecond: number; waiting: number }) => Step} */
const due = (load) => ({ measurement: 'dueMessages', options: { ...load, seconds: 5, bodyBytes: KIB } });

/** What the kinds of message cost beside the plain one. @type {readonly Cell[]} */
export const kindCells = [
  besidePlain({ name: 'send-delay', title: 'send async, delayed by an hour / plain', plain: sendOf('plain'), special: sendOf('delay') }),
  besidePlain({
    name: 'transaction',
    title: 'transaction of one message, begin to commit / plain send',
    atLeast: 0.4,
    plain: sendOf('plain'),
    special: sendOf('transaction'),
  }),
  besidePlain({
    name: 'atomic-unit',
    title: 'atomic unit of an ack and a send / plain send',
    atLeast: 0.5,
    plain: atomic(false),
    special: atomic(true),
  }),
  besidePlain({
    name: 'sql-filter',
    title: 'receive 32 + ack through an SQL filter that all pass / without',
    atLeast: 0.7,
    plain: receive(),
    special: receive("cents > 5000 AND country <> 'US'"),
  }),
  besidePlain({
    name: 'poll',
    title: 'poll 32, a commit every 320 / receive 32 + ack',
    plain: receive(),
    special: (scaled) => ({ ...receive()(scaled), measurement: 'hotPoll' }),
  }),
  {
    name: 'due',
    runs: () => ({ engine: [due({ perSecond: 10_000, waiting: 0 })], behind: [due({ perSecond: 100, waiting: 50_000 })] }),
    figures: [
      { title: 'lateness of messages due at 10,000/s, p50', value: field('engine', 'p50Ms'), unit: 'ms', aim: undefined },
      { title: '… p99', value: field('engine', 'p99Ms'), unit: 'ms', aim: undefined },
      { title: '… at 100/s, beside 50,000 that wait for an hour, p50', value: field('behind', 'p50Ms'), unit: 'ms', aim: undefined },
      { title: '… p99', value: field('behind', 'p99Ms'), unit: 'ms', aim: undefined },
    ],
  },
  {
    name: 'waiting',
    long: true,
    runs: (scaled) => ({ engine: [{ measurement: 'waitingMessages', options: { count: scaled(1_000_000), bodyBytes: KIB } }] }),
    figures: [
      { title: '1 million messages wait: growth of the heap', value: field('engine', 'growthMiB'), unit: 'MiB', aim: { atMost: 32 } },
      {
        title: '… and become visible, all due within a second',
        value: field('engine', 'duePerSecond'),
        unit: '/s',
        aim: { atLeast: 50_000 },
      },
      {
        title: '… the longest time without a send while they are stored',
        value: field('engine', 'worstPauseMs'),
        unit: 'ms',
        aim: undefined,
      },
    ],
  },
  {
    name: 'dedup-memory',
    long: true,
    runs: (scaled) => ({ engine: [{ measurement: 'keysInMemory', options: { count: scaled(1_000_000), windows: 3, windowMs: 60_000 } }] }),
    figures: [
      {
        title: '1 million dedup keys within their window: memory of each',
        value: field('engine', 'firstBytesPerKey'),
        unit: 'B',
        aim: { atMost: 64 },
      },
      {
        title: '… two windows and 2 million keys later / in the first window',
        value: quotient(field('engine', 'lastBytesPerKey'), field('engine', 'firstBytesPerKey')),
        ours: field('engine', 'lastBytesPerKey'),
        theirs: field('engine', 'firstBytesPerKey'),
        aim: { atMost: 1.1 },
      },
    ],
  },
];
