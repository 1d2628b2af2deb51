import { setImmediate as afterThisTurn } from 'node:timers/promises';

/** Lets the event loop go round: work that waits for nothing but the simulated disk goes on meanwhile. */
export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await afterThisTurn();
}
