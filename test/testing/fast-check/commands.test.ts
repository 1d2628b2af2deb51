import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commands, type FlowKind } from '../../../src/testing/fast-check/index.ts';

/** What tells in the text of a command that a kind takes part. */
const SIGNS: Readonly<Record<FlowKind, RegExp>> = {
  delay: /recall|(instant|delay) -?\d+ ms/,
  transaction: /begin|commit|rollback|endAgain/,
  priority: /backlog|priority \d/,
  timeToLive: /ttl \d+ ms/,
  dedup: /sendTogether| key [klm]/,
  atomic: /unit/,
};
const ALL = Object.keys(SIGNS) as FlowKind[];

function textsOf(kinds?: readonly FlowKind[]): string {
  const flows = fc.sample(commands({ kinds, maxCommands: 200 }), { numRuns: 20, seed: 1 });
  return flows.flatMap((steps) => Array.from(steps, String)).join('\n');
}

describe('the commands of a flow', () => {
  test('are of all kinds where none are named', () => {
    const text = textsOf();
    for (const kind of ALL) expect(text).toMatch(SIGNS[kind]);
  });

  test('are of no special kind where none is wanted', () => {
    const text = textsOf([]);
    expect(text).toMatch(/sendBatch/);
    for (const kind of ALL) expect(text).not.toMatch(SIGNS[kind]);
  });

  test.each(ALL)('are of the kind %s alone where only that is wanted', (kind) => {
    const text = textsOf([kind]);
    for (const other of ALL) {
      if (other === kind) expect(text).toMatch(SIGNS[other]);
      else expect(text).not.toMatch(SIGNS[other]);
    }
  });
});
