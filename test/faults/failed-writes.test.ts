import { describe, expect, test } from 'vitest';
import { Broker, type BrokerState, isBrokerError } from '../../src/index.ts';
import { FaultPlan, ManualClock, openTestBroker, SimulatedDisk, type TestBroker } from '../../src/testing/index.ts';
import { checkHistory } from '../crash/history.ts';
import { RecordedWorkload, WORKLOAD_RULES } from './recorded-workload.ts';

interface Fault {
  readonly store: 'log' | 'index';
  readonly verb: 'write' | 'barrier';
  readonly n: number;
  readonly applied: boolean;
  /** So many in a row: the second one meets the heal. */
  readonly times: number;
}

/** How a life ends whose storage has failed. */
type Ending = 'close' | 'kill' | 'kill at once' | 'power cut';

interface Outcome {
  /** The fault was met while the broker opened, worked, or closed; `undefined`: there are fewer calls than that. */
  readonly metWhile: 'opening' | 'open' | 'closing' | undefined;
  /** Before the ending began. */
  readonly states: readonly BrokerState[];
  readonly violations: readonly unknown[];
  readonly pending: readonly string[];
}

const ALLOWED_AT_OPEN = new Set(['MQ_STORE_WRITE_FAILED']);

async function liveThrough(fault: Fault, ending: Ending): Promise<Outcome> {
  const clock = new ManualClock();
  const disk = new SimulatedDisk();
  const plan = new FaultPlan();
  for (let n = fault.n; n < fault.n + fault.times; n++) {
    if (fault.verb === 'write') plan.failWrite(fault.store, n, { applied: fault.applied });
    else plan.failBarrier(fault.store, n, { applied: fault.applied });
  }
  const isMet = (): boolean => plan.counters[fault.verb === 'write' ? 'writes' : 'barriers'][fault.store] >= fault.n;
  const workload = new RecordedWorkload(clock);
  const states: BrokerState[] = [];
  let metWhile: Outcome['metWhile'];

  const broker = await openInsisting(
    () => openTestBroker({ clock, storage: disk, failures: plan, limits: { minFreeDiskBytes: 0 } }),
    () => {
      metWhile = 'opening';
    },
  );
  broker.events.on('state', ({ to }) => states.push(to));
  const simple = await workload.attach(broker);
  // The last of three rounds ends without a pause in which a broker could heal.
  await workload.run(broker, simple, ending === 'kill at once' ? 3 : 4);
  if (ending === 'close') {
    await workload.drain(broker, simple);
    await workload.listDeadLetters(broker);
  }
  // Work that waits for a heal has its time.
  if (ending !== 'kill at once') await clock.advance(15_000);
  const statesOpen = [...states];
  const pending = [...workload.pending];
  if (isMet()) metWhile ??= 'open';
  await end(broker, clock, ending, workload);
  if (isMet()) metWhile ??= 'closing';

  const again = await Broker.open({ storage: disk, clock, logger: false });
  const second = await workload.attach(again);
  await workload.drain(again, second);
  await workload.listDeadLetters(again);
  await closeOn(clock, again.close());
  // A store that takes no writes keeps no success.
  const rules = ending === 'kill at once' ? { ...WORKLOAD_RULES, successKeptAfterMs: Number.POSITIVE_INFINITY } : WORKLOAD_RULES;
  return { metWhile, states: statesOpen, violations: checkHistory(workload.events, rules), pending };
}

async function openInsisting(open: () => Promise<TestBroker>, onRefusal: () => void): Promise<TestBroker> {
  for (let tries = 0; ; tries++) {
    try {
      return await open();
    } catch (error) {
      if (!isBrokerError(error) || !ALLOWED_AT_OPEN.has(error.code) || tries > 5) throw error;
      onRefusal();
    }
  }
}

async function end(broker: TestBroker, clock: ManualClock, ending: Ending, workload: RecordedWorkload): Promise<void> {
  if (ending === 'close') {
    const isClosed = await closeOn(clock, broker.close({ deadlineMs: 2_000 }));
    workload.write(isClosed ? { kind: 'closed' } : { kind: 'died', atMs: clock.now() });
    return;
  }
  workload.write({ kind: 'died', atMs: clock.now() });
  if (ending !== 'power cut') return broker.crash();
  // The clock has stood for seconds since the last receipt.
  workload.write({ kind: 'powerCut', atMs: clock.now() });
  await broker.powerCut();
}

/** Whether a close has resolved; it always settles. */
async function closeOn(clock: ManualClock, closing: Promise<void>): Promise<boolean> {
  let outcome: boolean | undefined;
  closing.then(
    () => {
      outcome = true;
    },
    () => {
      outcome = false;
    },
  );
  for (let waits = 0; outcome === undefined && waits < 40; waits++) await clock.advance(1_000);
  if (outcome === undefined) throw new Error('close() does not settle');
  return outcome;
}

const subjects: readonly Omit<Fault, 'n'>[] = [
  { store: 'log', verb: 'write', applied: false, times: 1 },
  { store: 'log', verb: 'write', applied: true, times: 1 },
  { store: 'log', verb: 'barrier', applied: false, times: 1 },
  { store: 'log', verb: 'barrier', applied: true, times: 1 },
  { store: 'index', verb: 'write', applied: false, times: 1 },
  { store: 'index', verb: 'write', applied: true, times: 1 },
  { store: 'index', verb: 'barrier', applied: false, times: 1 },
  { store: 'log', verb: 'write', applied: false, times: 2 },
  { store: 'log', verb: 'write', applied: true, times: 2 },
  { store: 'log', verb: 'write', applied: false, times: 4 },
];
const endings: readonly Ending[] = ['close', 'kill', 'kill at once', 'power cut'];

describe.each(subjects)('when a $verb of the $store fails, $times in a row (applied: $applied)', { timeout: 120_000 }, (subject) => {
  test.each(endings)('the broker heals, every call settles and nothing is lost, whichever it was, up to a %s', async (ending) => {
    let met = 0;
    for (let n = 1; ; n++) {
      const fault: Fault = { ...subject, n };
      const what = JSON.stringify({ ...fault, ending });
      const { metWhile, states, violations, pending } = await liveThrough(fault, ending).catch((error: unknown) => {
        throw new Error(`${what}: ${String(error)}`, { cause: error });
      });
      if (metWhile === undefined) break;
      met++;
      expect(violations, what).toEqual([]);
      if (metWhile !== 'open' || ending === 'kill at once') continue;
      expect(pending, what).toEqual([]);
      expect([states[0], states.at(-1)], what).toEqual(['failed', 'open']);
      if (subject.times === 1) expect(states, what).toEqual(['failed', 'healing', 'open']);
    }
    console.log(`${subject.verb}s of the ${subject.store}, applied ${subject.applied}, then a ${ending}: ${met} faults`);
    expect(met).toBeGreaterThan(subject.store === 'log' ? 10 : 0);
  });
});
