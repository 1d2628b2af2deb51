import type { ProcessPort } from '../../model/process-port.ts';

/** Longer than any test of patience, shorter than the limit of Node's timers. */
const HOLD_INTERVAL_MS = 2_000_000_000;

let holders = 0;
let interval: NodeJS.Timeout | undefined;

/** This Node process. All holds share one timer, which exists only while somebody holds. */
export const nodeProcess: ProcessPort = {
  hold: () => {
    let held = true;
    holders += 1;
    interval ??= setInterval(() => undefined, HOLD_INTERVAL_MS);
    return () => {
      if (!held) return;
      held = false;
      holders -= 1;
      if (holders > 0) return;
      clearInterval(interval);
      interval = undefined;
    };
  },
  defer: (fn: () => void) => {
    setImmediate(fn);
  },
};
