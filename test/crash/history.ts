import { FifoOrder } from './fifo-order.ts';
import type { GroupRules, HistoryEvent, SentMessage } from './history-event.ts';

/** A promise that a history breaks. */
export interface Violation {
  readonly rule: Rule;
  readonly detail: string;
}

export type Rule =
  | 'lost'
  | 'torn batch'
  | 'unexpected'
  | 'wrong content'
  | 'refused but stored'
  | 'undone ack'
  | 'late success'
  | 'two holders'
  | 'repeated attempt'
  | 'jumped attempt'
  | 'too many attempts'
  | 'attempts of a dead letter'
  | 'risen from the dead'
  | 'lost dead letter'
  | 'order';

export interface HistoryRules {
  readonly groups: Readonly<Record<string, GroupRules>>;
  /** A push success is kept by a kill that comes this much later, milliseconds; default 500 (100 are promised, the rest is for a busy machine). */
  readonly successKeptAfterMs?: number;
  /** A sync receipt that came within this time before a power cut is not judged, milliseconds; default 100. */
  readonly notJudgedBeforeCutMs?: number;
}

interface Send {
  readonly message: SentMessage;
  readonly call: string;
  outcome: 'unknown' | 'stored' | 'refused';
  /** Kept by a power cut. */
  durable: boolean;
  syncAtMs: number | undefined;
  seen: boolean;
  /** What a group settled then may be there without being seen again. */
  seenBeforeCut: boolean;
}

/** `perhaps`: settled before a power cut, which may have undone that, or with an answer that does not tell. */
type DeliveryState = 'new' | 'out' | 'acking' | 'failed' | 'acked' | 'dead' | 'perhaps';

/** One message as one group sees it. */
export interface Delivery {
  state: DeliveryState;
  durableState: DeliveryState;
  attempt: number;
  /** How far the attempts had come before a power cut, which may have undone some. */
  mostAttempts: number;
  life: number;
  successAtMs: number | undefined;
  forwarded: boolean;
  listed: boolean;
}

/** Checks a whole history, which ends with everything drained. Linear in its length. */
export function checkHistory(events: Iterable<HistoryEvent>, rules: HistoryRules): Violation[] {
  const checker = new HistoryChecker(rules);
  for (const event of events) checker.add(event);
  return checker.finish();
}

/** Follows a history event by event and collects what contradicts the promises. */
export class HistoryChecker {
  readonly #rules: HistoryRules;
  readonly #violations: Violation[] = [];
  readonly #sends = new Map<string, Send>();
  readonly #calls = new Map<string, Send[]>();
  readonly #deliveries = new Map<string, Map<string, Delivery>>();
  readonly #order: FifoOrder;
  readonly #listedGroups = new Set<string>();
  #life = 0;
  /** The end of each life; a process that dies while it opens ends none. */
  readonly #diedAtMs = new Map<number, number>();

  constructor(rules: HistoryRules) {
    this.#rules = rules;
    for (const group of Object.keys(rules.groups)) this.#deliveries.set(group, new Map());
    this.#order = new FifoOrder((detail) => this.#report('order', detail));
  }

  /** How many messages were sent with a receipt, and how many deliveries there were. */
  readonly counts = { stored: 0, got: 0, acked: 0, dead: 0, lives: 0 };

  add(event: HistoryEvent): void {
    switch (event.kind) {
      case 'opened':
        this.#life++;
        this.counts.lives++;
        return;
      case 'send':
        return this.#send(event.call, event.messages);
      case 'sent':
        return this.#sent(event);
      case 'refused':
        for (const send of this.#callOf(event.call)) send.outcome = 'refused';
        return;
      case 'got':
        return this.#got(event.group, event.id, event.attempt);
      case 'acking':
      case 'acked':
      case 'failed':
      case 'unsure':
      case 'forwarding':
        return this.#settling(event);
      case 'dead':
        return this.#dead(event);
      case 'listed':
        this.#listedGroups.add(event.group);
        return;
      case 'wrong':
        return this.#report('wrong content', event.detail);
      case 'closed':
        return this.#closed();
      case 'died':
        if (!this.#diedAtMs.has(this.#life)) this.#diedAtMs.set(this.#life, event.atMs);
        return;
      case 'powerCut':
        return this.#powerCut(event.atMs);
      default:
        return event satisfies never;
    }
  }

  /** Everything was drained: what has a receipt and was not settled by now is lost. */
  finish(): Violation[] {
    for (const [group, rules] of Object.entries(this.#rules.groups)) {
      for (const send of this.#sends.values()) if (rules.topics.includes(send.message.topic)) this.#finishDelivery(group, send);
      this.#order.finish(group, (id) => this.#delivery(group, id).state === 'dead');
    }
    for (const [call, sends] of this.#calls) {
      const seen = sends.filter((send) => send.seen).length;
      const isJudged = sends[0]?.outcome === 'unknown' && !sends.some((send) => send.seenBeforeCut);
      if (isJudged && seen > 0 && seen < sends.length) {
        this.#report('torn batch', `${seen} of the ${sends.length} messages of ${call} are there`);
      }
    }
    return this.#violations;
  }

  #finishDelivery(group: string, send: Send): void {
    const { id } = send.message;
    const { state, listed } = this.#delivery(group, id);
    const settled = state === 'acked' || state === 'acking' || state === 'dead' || state === 'perhaps';
    if (settled && state === 'dead' && this.#listedGroups.has(group) && !listed) this.#report('lost dead letter', `${id} of ${group}`);
    const exists = send.outcome === 'stored' || send.seen;
    if (exists && !settled) this.#report('lost', `${id} for ${group}: ${state} in the end, its send is ${send.outcome}`);
  }

  #send(call: string, messages: readonly SentMessage[]): void {
    const sends = messages.map(
      (message): Send => ({ message, call, outcome: 'unknown', durable: false, syncAtMs: undefined, seen: false, seenBeforeCut: false }),
    );
    this.#calls.set(call, sends);
    for (const send of sends) {
      this.#sends.set(send.message.id, send);
      this.#order.sent(send.message);
    }
  }

  #sent(event: HistoryEvent & { kind: 'sent' }): void {
    for (const send of this.#callOf(event.call)) {
      send.outcome = 'stored';
      this.counts.stored++;
      if (event.durability === 'sync') send.syncAtMs = event.atMs;
    }
  }

  #got(group: string, id: string, attempt: number): void {
    this.counts.got++;
    const rules = this.#rules.groups[group];
    const send = this.#sends.get(id);
    if (rules === undefined || send === undefined || !rules.topics.includes(send.message.topic)) {
      return this.#report('unexpected', `${group} got ${id}, which was not sent to it`);
    }
    if (send.outcome === 'refused') this.#report('refused but stored', `${group} got ${id}`);
    send.seen = true;
    const delivery = this.#delivery(group, id);
    this.#checkState(`${id} of ${group}, attempt ${attempt}`, delivery);
    this.#checkAttempt(`${id} of ${group}`, delivery, attempt, rules.maxAttempts);
    if (rules.ordered !== false) this.#order.got(group, send.message, (other) => this.#passed(group, other));
    delivery.state = 'out';
    delivery.attempt = attempt;
    delivery.life = this.#life;
    delivery.successAtMs = undefined;
  }

  #checkState(what: string, delivery: Delivery): void {
    const sameLife = delivery.life === this.#life;
    if (delivery.state === 'acked') this.#report('undone ack', what);
    if (delivery.state === 'dead') this.#report('risen from the dead', what);
    if (sameLife && (delivery.state === 'out' || delivery.state === 'acking')) this.#report('two holders', what);
    if (delivery.state === 'acking' && !sameLife && delivery.successAtMs !== undefined) {
      const waitedMs = (this.#diedAtMs.get(delivery.life) ?? 0) - delivery.successAtMs;
      if (waitedMs > (this.#rules.successKeptAfterMs ?? 500)) {
        this.#report('late success', `${what}: it had succeeded ${waitedMs} ms before the end`);
      }
    }
  }

  /** Each life that ended may have counted one delivery that nobody saw. */
  #checkAttempt(what: string, delivery: Delivery, attempt: number, maxAttempts: number): void {
    if (attempt > maxAttempts) this.#report('too many attempts', `${what}: ${attempt} of ${maxAttempts}`);
    if (attempt <= delivery.attempt) this.#report('repeated attempt', `${what}: ${attempt} after ${delivery.attempt}`);
    const unseen = this.#life - delivery.life;
    if (attempt > Math.max(delivery.attempt, delivery.mostAttempts) + 1 + unseen)
      this.#report('jumped attempt', `${what}: ${attempt} after ${delivery.attempt}`);
  }

  #settling(event: HistoryEvent & { kind: 'acking' | 'acked' | 'failed' | 'unsure' | 'forwarding' }): void {
    const delivery = this.#delivery(event.group, event.id);
    if (event.kind === 'forwarding') delivery.forwarded = true;
    else if (event.kind === 'acking') {
      // The broker's own word may come before the consumer's.
      if (delivery.state !== 'acked') delivery.state = 'acking';
      delivery.successAtMs = event.push === true ? event.atMs : undefined;
    } else if (event.kind === 'acked') {
      if (delivery.state !== 'acked') this.counts.acked++;
      delivery.state = 'acked';
    } else if (delivery.state !== 'dead' && delivery.state !== 'acked') delivery.state = event.kind === 'failed' ? 'failed' : 'perhaps';
  }

  #dead(event: HistoryEvent & { kind: 'dead' }): void {
    const { group, id, attempts } = event;
    const what = `${id} of ${group} after ${attempts} attempts`;
    const maxAttempts = this.#rules.groups[group]?.maxAttempts ?? 0;
    const delivery = this.#delivery(group, id);
    const send = this.#sends.get(id);
    if (send === undefined) return this.#report('unexpected', `dead letter ${what}`);
    send.seen = true;
    if (delivery.state === 'acked') this.#report('undone ack', `dead letter ${what}`);
    if (attempts !== maxAttempts && !delivery.forwarded) this.#report('attempts of a dead letter', `${what} of ${maxAttempts}`);
    if (delivery.state !== 'dead') this.counts.dead++;
    delivery.state = 'dead';
    if (event.listed === true) delivery.listed = true;
  }

  /** Also what was `async` is on the disk now. */
  #closed(): void {
    for (const send of this.#sends.values()) if (send.outcome === 'stored') send.durable = true;
    for (const deliveries of this.#deliveries.values()) {
      for (const delivery of deliveries.values()) delivery.durableState = delivery.state;
    }
  }

  /** What the disk had not promised to keep is unknown again. */
  #powerCut(atMs: number): void {
    const judgedUntilMs = atMs - (this.#rules.notJudgedBeforeCutMs ?? 100);
    for (const send of this.#sends.values()) {
      if (send.syncAtMs !== undefined && send.syncAtMs <= judgedUntilMs) send.durable = true;
      if (send.durable) continue;
      if (send.outcome === 'stored') send.outcome = 'unknown';
      send.seenBeforeCut ||= send.seen;
      send.seen = false;
    }
    for (const deliveries of this.#deliveries.values()) {
      for (const delivery of deliveries.values()) {
        if (delivery.durableState === delivery.state) continue;
        const wasSettled = delivery.state === 'acked' || delivery.state === 'acking' || delivery.state === 'perhaps';
        if (delivery.durableState === 'acked' || delivery.durableState === 'dead') delivery.state = delivery.durableState;
        else delivery.state = wasSettled ? 'perhaps' : 'new';
        // The hand-outs before it may be on the disk or not.
        delivery.mostAttempts = Math.max(delivery.mostAttempts, delivery.attempt);
        delivery.attempt = 0;
        delivery.successAtMs = undefined;
      }
    }
    this.#order.forget();
  }

  /** Whether the group has finished with a message that stands before another. */
  #passed(group: string, id: string): boolean {
    const { state, attempt } = this.#delivery(group, id);
    if (this.#sends.get(id)?.outcome !== 'stored') return true;
    const wasLast = state === 'failed' && attempt === this.#rules.groups[group]?.maxAttempts;
    return state === 'acking' || state === 'acked' || state === 'dead' || state === 'perhaps' || wasLast;
  }

  #delivery(group: string, id: string): Delivery {
    const deliveries = this.#deliveries.get(group) ?? new Map<string, Delivery>();
    this.#deliveries.set(group, deliveries);
    let delivery = deliveries.get(id);
    if (delivery === undefined) {
      delivery = {
        state: 'new',
        durableState: 'new',
        attempt: 0,
        mostAttempts: 0,
        life: 0,
        successAtMs: undefined,
        forwarded: false,
        listed: false,
      };
      deliveries.set(id, delivery);
    }
    return delivery;
  }

  #callOf(call: string): readonly Send[] {
    return this.#calls.get(call) ?? [];
  }

  #report(rule: Rule, detail: string): void {
    this.#violations.push({ rule, detail });
  }
}
