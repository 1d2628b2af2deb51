import { field, quotient } from './figure-values.js';
import { kindCells } from './kind-cells.js';

/**
 * @typedef {Record<string, number>} Result what one child process measured
 * @typedef {{ measurement: string; options: Record<string, unknown>; dies?: boolean }} Step one child process
 * @typedef {Record<string, readonly Step[]>} Runs by side; the steps of a side follow each other in one directory
 * @typedef {Record<string, Result>} Results of one round, by side
 * @typedef {object} Figure
 * @property {string} title
 * @property {(results: Results) => number} value what the aim is about
 * @property {{ atLeast: number } | { atMost: number } | undefined} aim
 * @property {'ratio' | 'ms' | 's' | 'share' | 'MiB' | 'B' | '/s'} [unit] default `ratio`
 * @property {(results: Results) => number} [ours] what is shown beside it
 * @property {(results: Results) => number} [theirs]
 * @property {'median' | 'of medians'} [over] a ratio of each round, then the median (default); or the ratio of the two medians
 * @typedef {object} Cell
 * @property {string} name
 * @property {boolean} [long] only with `--full` or by name
 * @property {(scaled: (count: number) => number) => Runs} runs
 * @property {readonly Figure[]} figures
 */

const KIB = 1024;

/**
 * @param {string} title
 * @param {number | undefined} atLeast
 * @returns {Figure}
 */
function ratioToRaw(title, atLeast) {
  const ours = field('engine', 'perSecond');
  const theirs = field('raw', 'perSecond');
  return { title, value: quotient(ours, theirs), ours, theirs, aim: atLeast === undefined ? undefined : { atLeast } };
}

/** @type {(count: number, group: number, sync: boolean) => Step} */
const raw = (count, group, sync) => ({ measurement: 'rawAppend', options: { count, group, sync, bodyBytes: KIB } });

/** @type {(name: string, inFlight: number, count: number, aim: number, durability: 'sync' | 'async') => Cell} */
function sendCell(name, inFlight, count, aim, durability) {
  return {
    name,
    runs: (scaled) => ({
      raw: [raw(scaled(count), inFlight, durability === 'sync')],
      engine: [{ measurement: 'sends', options: { count: scaled(count), inFlight, bodyBytes: KIB, durability } }],
    }),
    figures: [ratioToRaw(`send ${durability} 1 KiB, ${inFlight} in flight`, aim)],
  };
}

/** @type {(name: string, title: string, aim: number | undefined, step: (scaled: (count: number) => number) => Step) => Cell} */
function consumeCell(name, title, aim, step) {
  return {
    name,
    runs: (scaled) => ({ raw: [raw(scaled(600_000), 256, false)], engine: [step(scaled)] }),
    figures: [ratioToRaw(title, aim)],
  };
}

/** @type {(scaled: (count: number) => number) => number} */
const drains = (scaled) => Math.max(2, Math.round(scaled(8_000) / 1000));

/** @type {readonly Cell[]} */
const shortCells = [
  sendCell('send-async', 256, 600_000, 0.6, 'async'),
  sendCell('send-sync-1', 1, 10_000, 0.85, 'sync'),
  sendCell('send-sync-64', 64, 100_000, 0.6, 'sync'),
  sendCell('send-sync-256', 256, 300_000, 0.6, 'sync'),
  {
    name: 'send-batch',
    runs: (scaled) => ({
      raw: [{ measurement: 'rawAppend', options: { count: scaled(3_000_000), group: 1_000, sync: false, bodyBytes: 100 } }],
      engine: [
        { measurement: 'batches', options: { count: scaled(3_000_000), batch: 100, inFlight: 10, bodyBytes: 100, durability: 'async' } },
      ],
    }),
    figures: [ratioToRaw('sendBatch async 100 × 100 B, 10 in flight', 0.65)],
  },
  uniqueSends(),
  consumeCell('receive-1', 'receive 32 + ack, one loop', 0.4, (scaled) => ({
    measurement: 'hotReceive',
    options: { rounds: drains(scaled), loops: 1, bodyBytes: KIB },
  })),
  consumeCell('receive-4', 'receive 32 + ack, four loops', 0.4, (scaled) => ({
    measurement: 'hotReceive',
    options: { rounds: drains(scaled), loops: 4, bodyBytes: KIB },
  })),
  consumeCell('push-20', 'push listener, concurrency 20', 2, (scaled) => ({
    measurement: 'hotPush',
    options: { rounds: drains(scaled), bodyBytes: KIB },
  })),
  consumeCell('push-256', 'push listener, concurrency 256', 2, (scaled) => ({
    measurement: 'hotPush',
    options: { rounds: drains(scaled), concurrency: 256, bodyBytes: KIB },
  })),
  {
    name: 'end-to-end',
    runs: (scaled) => {
      const options = { perSecond: 5_000, seconds: Math.max(3, Math.round(scaled(8_000) / 1000)), bodyBytes: KIB };
      return { raw: [{ measurement: 'rawLatency', options }], engine: [{ measurement: 'endToEnd', options }] };
    },
    figures: [
      {
        title: 'end to end async at 5,000/s, p50',
        value: field('engine', 'p50Ms'),
        theirs: field('raw', 'p50Ms'),
        unit: 'ms',
        aim: { atMost: 0.4 },
      },
      { title: '… p99', value: field('engine', 'p99Ms'), theirs: field('raw', 'p99Ms'), unit: 'ms', aim: undefined },
    ],
  },
  besideSyncSends(),
  {
    name: 'idle',
    runs: () => ({ engine: [{ measurement: 'idle', options: { seconds: 20 } }] }),
    figures: [
      { title: 'idle, one retry 30 days away: share of a core', value: field('engine', 'cpu'), unit: 'share', aim: { atMost: 0.001 } },
    ],
  },
];

/** @returns {Cell} */
function uniqueSends() {
  const ours = field('keyed', 'perSecond');
  const theirs = field('plain', 'perSecond');
  /** @type {(scaled: (count: number) => number, keyed: boolean) => Step[]} */
  const step = (scaled, keyed) => [
    { measurement: 'uniqueSends', options: { count: scaled(600_000), inFlight: 256, bodyBytes: KIB, keyed } },
  ];
  return {
    name: 'send-dedup',
    runs: (scaled) => ({ plain: step(scaled, false), keyed: step(scaled, true) }),
    figures: [{ title: 'send async with a new dedupKey / without', value: quotient(ours, theirs), ours, theirs, aim: { atLeast: 0.7 } }],
  };
}

/** @returns {Cell} */
function besideSyncSends() {
  const consumed = (/** @type {string} */ side) => field(side, 'consumedPerSecond');
  const sent = (/** @type {string} */ side) => field(side, 'sentPerSecond');
  /** @type {(title: string, ours: (results: Results) => number, theirs: (results: Results) => number, atLeast: number) => Figure} */
  const kept = (title, ours, theirs, atLeast) => ({ title, ours, theirs, value: quotient(ours, theirs), aim: { atLeast } });
  return {
    name: 'beside-sync-sends',
    runs: (scaled) => {
      const options = { loadBytes: KIB, bodyBytes: 100, durationMs: scaled(2_000) };
      /** @type {(side: Record<string, unknown>) => Step[]} */
      const step = (side) => [{ measurement: 'besideSyncSends', options: { ...options, ...side } }];
      const receive = { consumer: 'receive', count: scaled(100_000) };
      const push = { consumer: 'push', count: scaled(300_000) };
      return {
        sends: step({ sending: true, count: 0 }),
        receive: step({ sending: false, ...receive }),
        receiveBeside: step({ sending: true, ...receive }),
        push: step({ sending: false, ...push }),
        pushBeside: step({ sending: true, ...push }),
      };
    },
    figures: [
      kept('receive 32 + ack beside 64 sync sends / without', consumed('receiveBeside'), consumed('receive'), 0.6),
      kept('push beside 64 sync sends / without', consumed('pushBeside'), consumed('push'), 0.6),
      kept('64 sync sends beside receive + ack / alone', sent('receiveBeside'), sent('sends'), 0.7),
      kept('64 sync sends beside push / alone', sent('pushBeside'), sent('sends'), 0.7),
    ],
  };
}

/** @type {readonly Cell[]} */
const longCells = [
  {
    name: 'stall',
    long: true,
    runs: (scaled) => ({
      raw: [raw(scaled(2_000_000), 256, false)],
      engine: [{ measurement: 'sends', options: { count: scaled(2_000_000), inFlight: 256, bodyBytes: KIB, durability: 'async' } }],
    }),
    figures: [
      {
        title: 'appending 2 GB async: worst stall, ms',
        over: 'of medians',
        value: quotient(field('engine', 'worstPauseMs'), field('raw', 'worstPauseMs')),
        ours: field('engine', 'worstPauseMs'),
        theirs: field('raw', 'worstPauseMs'),
        aim: { atMost: 1.5 },
      },
      ratioToRaw('appending 2 GB async: rate', undefined),
    ],
  },
  backlog(),
  stuckGroup(),
  {
    name: 'reopen',
    long: true,
    runs: (scaled) => ({
      engine: [
        { measurement: 'fillAndDie', options: { count: scaled(1_000_000), bodyBytes: KIB }, dies: true },
        { measurement: 'open', options: { receive: true, millions: scaled(1_000_000) / 1_000_000 } },
      ],
    }),
    figures: [
      {
        title: 'reopen after kill -9, for each million messages',
        value: (results) => field('engine', 'openMsPerMillion')(results) / 1000,
        unit: 's',
        aim: { atMost: 0.2 },
      },
      { title: '… until the first message is received', value: field('engine', 'firstMessageMs'), unit: 'ms', aim: undefined },
    ],
  },
  {
    name: 'topics',
    long: true,
    runs: (scaled) => ({
      engine: [
        { measurement: 'createTopics', options: { topics: scaled(100_000) } },
        { measurement: 'open', options: { receive: false } },
      ],
    }),
    figures: [
      {
        title: 'open with 100,000 topics',
        value: (results) => field('engine', 'openMs')(results) / 1000,
        unit: 's',
        aim: { atMost: 2 },
      },
      { title: '… creating them', value: (results) => field('engine', 'createMs')(results) / 1000, unit: 's', aim: undefined },
    ],
  },
];

/** @returns {Cell} */
function backlog() {
  /** @type {(title: string, name: string) => Figure} */
  const kept = (title, name) => {
    const full = quotient(field('engineFull', name), field('rawFull', 'perSecond'));
    const empty = quotient(field('engineEmpty', name), field('rawEmpty', 'perSecond'));
    return { title, ours: full, theirs: empty, value: quotient(full, empty), aim: { atLeast: 0.9 } };
  };
  return {
    name: 'backlog',
    long: true,
    runs: (scaled) => {
      const count = scaled(300_000);
      const full = scaled(2_000_000);
      return {
        rawEmpty: [raw(count, 256, false)],
        engineEmpty: [{ measurement: 'beforeBacklog', options: { backlog: 0, count, bodyBytes: KIB } }],
        rawFull: [{ measurement: 'rawAppend', options: { backlog: full, count, group: 256, bodyBytes: KIB } }],
        engineFull: [{ measurement: 'beforeBacklog', options: { backlog: full, count, bodyBytes: KIB } }],
      };
    },
    figures: [
      kept('2 million behind: send, ratio to raw there / when empty', 'sendPerSecond'),
      kept('2 million behind: receive + ack, likewise', 'receivePerSecond'),
      { title: '2 million behind: growth of the heap', value: field('engineFull', 'heapGrowthMiB'), unit: 'MiB', aim: { atMost: 64 } },
    ],
  };
}

/** @returns {Cell} */
function stuckGroup() {
  /** @type {(title: string, name: string) => Figure} */
  const kept = (title, name) => {
    const ours = field('stuck', name);
    const theirs = field('free', name);
    return { title, ours, theirs, value: quotient(ours, theirs), aim: { atLeast: 0.85 } };
  };
  return {
    name: 'stuck-group',
    long: true,
    runs: (scaled) => {
      const options = { behind: scaled(1_000_000), bodyBytes: 100 };
      return {
        free: [{ measurement: 'stuckGroup', options: { ...options, stuck: false } }],
        stuck: [{ measurement: 'stuckGroup', options: { ...options, stuck: true } }],
      };
    },
    figures: [
      kept('a stuck message group, 1 million behind it: receive + ack of others', 'receivePerSecond'),
      kept('… sends of others', 'sendPerSecond'),
      kept('… receive + ack of others that come later', 'latePerSecond'),
      { title: '… growth of the heap', value: field('stuck', 'heapGrowthMiB'), unit: 'MiB', aim: { atMost: 64 } },
    ],
  };
}

/** Every cell, in the order of the report. @type {readonly Cell[]} */
export const CELLS = [...shortCells, ...kindCells, ...longCells];
