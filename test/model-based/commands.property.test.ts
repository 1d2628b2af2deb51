import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commands, runCommands } from '../../src/testing/fast-check/index.ts';

describe('a broker behaves as its model says', () => {
  test('over random sends, deliveries, settlements, failures, time and crashes', { timeout: 120_000 }, async () => {
    const steps = commands({ maxCommands: 100, without: ['powerCut'] });
    const property = fc.asyncProperty(steps, fc.nat(), (flow, seed) => runCommands(flow, { seed }));
    await fc.assert(property, { numRuns: 300 });
    expect.assertions(0);
  });

  test('and when the power fails too', { timeout: 120_000 }, async () => {
    const steps = commands({ maxCommands: 100 });
    const property = fc.asyncProperty(steps, fc.nat(), (flow, seed) => runCommands(flow, { seed }));
    await fc.assert(property, { numRuns: 300 });
    expect.assertions(0);
  });
});
