import { describe, expect, test } from 'vitest';
import { checkHistory, type HistoryRules, type Rule } from './history.ts';
import type { HistoryEvent } from './history-event.ts';

const rules: HistoryRules = {
  groups: { workers: { topics: ['orders'], maxAttempts: 3 }, audit: { topics: ['orders'], maxAttempts: 3, ordered: false } },
};

/** A life with everything in it, a kill, and a second life that drains; correct. */
function correctHistory(): HistoryEvent[] {
  const group = 'workers';
  return [
    { kind: 'opened' },
    { kind: 'send', call: 'c1', messages: [{ id: 'a1', topic: 'orders', messageGroup: 'a' }] },
    { kind: 'send', call: 'c2', messages: [{ id: 'a2', topic: 'orders', messageGroup: 'a' }] },
    { kind: 'sent', call: 'c1', durability: 'sync', atMs: 1_000 },
    { kind: 'sent', call: 'c2', durability: 'async', atMs: 1_001 },
    {
      kind: 'send',
      call: 'batch',
      messages: [
        { id: 'b1', topic: 'orders' },
        { id: 'b2', topic: 'orders' },
      ],
    },
    { kind: 'got', group, id: 'a1', attempt: 1 },
    { kind: 'failed', group, id: 'a1' },
    { kind: 'got', group, id: 'a1', attempt: 2 },
    { kind: 'acking', group, id: 'a1', push: true, atMs: 1_100 },
    { kind: 'acked', group, id: 'a1' },
    { kind: 'got', group, id: 'a2', attempt: 1 },
    { kind: 'failed', group, id: 'a2' },
    { kind: 'got', group, id: 'a2', attempt: 2 },
    { kind: 'got', group, id: 'b1', attempt: 1 },
    { kind: 'acking', group, id: 'b1', push: true, atMs: 2_000 },
    { kind: 'send', call: 'c3', messages: [{ id: 'a3', topic: 'orders', messageGroup: 'a' }] },
    { kind: 'send', call: 'c4', messages: [{ id: 'x1', topic: 'orders' }] },
    { kind: 'refused', call: 'c4' },
    { kind: 'died', atMs: 2_050 },
    { kind: 'opened' },
    { kind: 'got', group, id: 'b1', attempt: 2 },
    { kind: 'acking', group, id: 'b1' },
    { kind: 'acked', group, id: 'b1' },
    { kind: 'got', group, id: 'b2', attempt: 1 },
    { kind: 'acking', group, id: 'b2' },
    { kind: 'acked', group, id: 'b2' },
    { kind: 'got', group, id: 'a2', attempt: 3 },
    { kind: 'failed', group, id: 'a2' },
    { kind: 'got', group, id: 'a3', attempt: 1 },
    { kind: 'acking', group, id: 'a3' },
    { kind: 'acked', group, id: 'a3' },
    ...['a1', 'a2', 'a3', 'b1', 'b2'].flatMap((id): HistoryEvent[] => [
      { kind: 'got', group: 'audit', id, attempt: 1 },
      { kind: 'acking', group: 'audit', id },
      { kind: 'acked', group: 'audit', id },
    ]),
    { kind: 'dead', group, id: 'a2', attempts: 3, listed: true },
    { kind: 'listed', group },
    { kind: 'closed' },
  ];
}

type Change = (events: HistoryEvent[]) => HistoryEvent[];

function without(matches: (event: HistoryEvent) => boolean): Change {
  return (events) => events.filter((event) => !matches(event));
}

/** Puts events in front of the first one that matches. */
function inFrontOf(matches: (event: HistoryEvent) => boolean, ...added: HistoryEvent[]): Change {
  return (events) => events.toSpliced(events.findIndex(matches), 0, ...added);
}

function about(group: string, id: string): (event: HistoryEvent) => boolean {
  return (event) => 'id' in event && event.id === id && event.group === group;
}

function isGot(group: string, id: string, attempt: number): (event: HistoryEvent) => boolean {
  return (event) => event.kind === 'got' && event.group === group && event.id === id && event.attempt === attempt;
}

const atTheEnd = (event: HistoryEvent): boolean => event.kind === 'listed';
const group = 'workers';

/** What a broken broker would leave behind, and the promise that it breaks. */
const plantedFaults: readonly (readonly [story: string, rule: Rule, change: Change])[] = [
  ['a message with a receipt never comes', 'lost', without(about('audit', 'a1'))],
  ['a message is lost for one of two groups', 'lost', without(about(group, 'a3'))],
  ['a failed message is not delivered again', 'lost', without((event) => about(group, 'a2')(event) && !isGot(group, 'a2', 1)(event))],
  [
    'a message that was in flight at the kill never comes again',
    'lost',
    (events) => inFrontOf(atTheEnd, { kind: 'got', group: 'audit', id: 'b2', attempt: 1 })(without(about('audit', 'b2'))(events)),
  ],
  ['half of a batch is missing', 'torn batch', without((event) => 'id' in event && event.id === 'b2')],
  ['a message comes that nobody sent', 'unexpected', inFrontOf(atTheEnd, { kind: 'got', group, id: 'ghost', attempt: 1 })],
  ['a dead letter that nobody sent', 'unexpected', inFrontOf(atTheEnd, { kind: 'dead', group, id: 'ghost', attempts: 3 })],
  ['a body is another one', 'wrong content', inFrontOf(atTheEnd, { kind: 'wrong', detail: 'a1' })],
  ['a refused message comes', 'refused but stored', inFrontOf(atTheEnd, { kind: 'got', group: 'audit', id: 'x1', attempt: 1 })],
  [
    'a confirmed acknowledgement is undone by the kill',
    'undone ack',
    inFrontOf(
      isGot(group, 'b1', 2),
      { kind: 'got', group: 'audit', id: 'a1', attempt: 1 },
      { kind: 'acked', group: 'audit', id: 'a1' },
      { kind: 'got', group: 'audit', id: 'a1', attempt: 2 },
    ),
  ],
  ['an acknowledged message comes again at once', 'undone ack', inFrontOf(atTheEnd, { kind: 'got', group: 'audit', id: 'b2', attempt: 2 })],
  [
    'an acknowledged message becomes a dead letter',
    'undone ack',
    inFrontOf(atTheEnd, { kind: 'dead', group: 'audit', id: 'b2', attempts: 3 }),
  ],
  [
    'a push success is forgotten long after it',
    'late success',
    (events) => events.map((event) => (event.kind === 'died' ? { kind: 'died', atMs: 9_000 } : event)),
  ],
  ['two consumers hold one message', 'two holders', inFrontOf(isGot(group, 'a2', 2), { kind: 'got', group, id: 'a2', attempt: 2 })],
  [
    'a message comes twice although its listener succeeded',
    'two holders',
    inFrontOf((event) => event.kind === 'died', { kind: 'got', group, id: 'b1', attempt: 2 }),
  ],
  [
    'attempts start again after the kill',
    'repeated attempt',
    (events) => events.map((event) => (isGot(group, 'b1', 2)(event) ? { kind: 'got', group, id: 'b1', attempt: 1 } : event)),
  ],
  [
    'an attempt is skipped',
    'jumped attempt',
    (events) => events.map((event) => (isGot('audit', 'a3', 1)(event) ? { kind: 'got', group: 'audit', id: 'a3', attempt: 4 } : event)),
  ],
  [
    'a message is delivered more often than allowed',
    'too many attempts',
    inFrontOf(atTheEnd, { kind: 'got', group, id: 'a2', attempt: 4 }),
  ],
  [
    'a message is given up too early',
    'attempts of a dead letter',
    (events) => events.map((event) => (event.kind === 'dead' ? { ...event, attempts: 2 } : event)),
  ],
  ['a dead letter is delivered', 'risen from the dead', (events) => [...events, { kind: 'got', group, id: 'a2', attempt: 4 }]],
  [
    'a dead letter is in no list',
    'lost dead letter',
    (events) => events.map((event) => (event.kind === 'dead' ? { kind: 'dead', group, id: 'a2', attempts: 3 } : event)),
  ],
  [
    'a message overtakes its predecessor',
    'order',
    inFrontOf(isGot(group, 'a1', 2), { kind: 'got', group, id: 'a2', attempt: 1 }, { kind: 'failed', group, id: 'a2' }),
  ],
  [
    'an unconfirmed message comes after a later one',
    'order',
    (events) => {
      const reordered = without((event) => event.kind === 'sent' && event.call === 'c1')(events);
      return [...without(about(group, 'a1'))(reordered), { kind: 'got', group, id: 'a1', attempt: 1 }, { kind: 'acking', group, id: 'a1' }];
    },
  ],
];

describe('the history checker', () => {
  test('accepts what a correct broker does', () => {
    expect(checkHistory(correctHistory(), rules)).toEqual([]);
  });

  test.each(plantedFaults)('notices that %s', (_story, rule, change) => {
    const found = checkHistory(change(correctHistory()), rules);
    expect(found.map((violation) => violation.rule)).toContain(rule);
  });

  test('accepts that a forwarded message is a dead letter before its last attempt', () => {
    const forwarded = inFrontOf(
      atTheEnd,
      { kind: 'forwarding', group, id: 'b9' },
      { kind: 'dead', group, id: 'b9', attempts: 1, listed: true },
    );
    const sent = inFrontOf((event) => event.kind === 'died', { kind: 'send', call: 'c9', messages: [{ id: 'b9', topic: 'orders' }] });
    const audited = (events: HistoryEvent[]): HistoryEvent[] => [...events, { kind: 'acking', group: 'audit', id: 'b9' }];
    expect(checkHistory(audited(forwarded(sent(correctHistory()))), rules)).toEqual([]);
  });

  describe('of a power cut', () => {
    const life = (receipt: HistoryEvent, ...rest: HistoryEvent[]): HistoryEvent[] => [
      { kind: 'opened' },
      { kind: 'send', call: 'c1', messages: [{ id: 'm', topic: 'orders' }] },
      receipt,
      ...rest,
      { kind: 'opened' },
    ];
    const cut: HistoryEvent = { kind: 'powerCut', atMs: 2_000 };
    const lost = (events: HistoryEvent[]): boolean => checkHistory(events, rules).some(({ rule }) => rule === 'lost');

    test('judges a sync receipt of more than 100 ms before it', () => {
      expect(lost(life({ kind: 'sent', call: 'c1', durability: 'sync', atMs: 1_899 }, cut))).toBe(true);
      expect(lost(life({ kind: 'sent', call: 'c1', durability: 'sync', atMs: 1_901 }, cut))).toBe(false);
    });

    test('forgives the loss of an async message, but not after close', () => {
      const receipt: HistoryEvent = { kind: 'sent', call: 'c1', durability: 'async', atMs: 1 };
      expect(lost(life(receipt, cut))).toBe(false);
      expect(lost(life(receipt, { kind: 'closed' }, cut))).toBe(true);
    });

    test('forgives an undone acknowledgement, but not after close', () => {
      const receipt: HistoryEvent = { kind: 'sent', call: 'c1', durability: 'sync', atMs: 1 };
      const acked: HistoryEvent[] = [
        { kind: 'got', group, id: 'm', attempt: 1 },
        { kind: 'acked', group, id: 'm' },
      ];
      const again: HistoryEvent[] = [
        { kind: 'got', group, id: 'm', attempt: 1 },
        { kind: 'acked', group, id: 'm' },
        { kind: 'got', group: 'audit', id: 'm', attempt: 1 },
        { kind: 'acked', group: 'audit', id: 'm' },
      ];
      expect(checkHistory([...life(receipt, ...acked, cut), ...again], rules)).toEqual([]);
      expect(checkHistory([...life(receipt, ...acked, cut), ...again.slice(2)], rules)).toEqual([]);
      expect(checkHistory([...life(receipt, ...acked, { kind: 'closed' }, cut), ...again], rules).map(({ rule }) => rule)).toContain(
        'undone ack',
      );
    });
  });
});
