import { appendFileSync, readFileSync } from 'node:fs';
import type { HistoryRules } from './history.ts';
import type { HistoryEvent } from './history-event.ts';

/** What `programs/recorder.mjs` gives its groups. */
export const MIXED_LOAD_RULES: HistoryRules = {
  groups: {
    simple: { topics: ['orders', 'events'], maxAttempts: 40 },
    push: { topics: ['orders', 'events'], maxAttempts: 4 },
    loose: { topics: ['events'], maxAttempts: 30, ordered: false },
  },
};

/** Adds what only the killer knows. */
export function appendHistory(path: string, event: HistoryEvent): void {
  appendFileSync(path, `${JSON.stringify(event)}\n`);
}

/** Reads a history; only its last line before a death may be cut, and none is. */
export function readHistory(path: string): HistoryEvent[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as HistoryEvent);
}
