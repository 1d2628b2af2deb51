import type { ContractPlace } from './contract/contract-place.ts';
import { Scene } from './contract/scene.ts';
import { themes } from './contract/themes.ts';

/**
 * The part of a test runner that the contract needs; vitest, jest and node:test all have it.
 * @public
 * @since 0.1.0
 */
export interface TestRunner {
  /** Groups tests. */
  describe(name: string, body: () => void): unknown;
  /** Registers a test. */
  it(name: string, body: () => Promise<void>): unknown;
}

/**
 * Options of `messagingContract`.
 * @public
 * @since 0.1.0
 */
export interface ContractOptions {
  /** Names of tests, or of whole subjects, that do not apply to the place. A name that does not exist is refused. */
  readonly skip?: readonly string[] | undefined;
}

/**
 * Registers the tests of what every place must do: the broker in this process, on whatever storage, and every adapter that offers `Messaging`.
 * They use `node:assert` and no test runner of their own.
 *
 * @param runner - `describe` and `it` of the test runner
 * @param openPlace - opens a fresh, empty place; called once for each test
 * @example
 * ```ts
 * import { describe, it } from 'vitest';
 *
 * messagingContract({ describe, it }, async () => {
 *   const clock = new ManualClock();
 *   const broker = await openTestBroker({ clock });
 *   return { messaging: broker, admin: broker.admin, clock, dispose: () => broker.close() };
 * });
 * ```
 * @throws Error when `skip` names a test that does not exist
 * @public
 * @since 0.1.0
 */
export function messagingContract(
  { describe, it }: TestRunner,
  openPlace: () => Promise<ContractPlace>,
  options: ContractOptions = {},
): void {
  const unused = new Set(options.skip);
  for (const { name, tests } of themes) {
    const skipsAll = unused.delete(name);
    const kept = Object.entries(tests).filter(([test]) => !unused.delete(test) && !skipsAll);
    if (kept.length === 0) continue;
    describe(name, () => {
      for (const [test, body] of kept) it(test, () => play(openPlace, body));
    });
  }
  const [unknown] = unused;
  if (unknown !== undefined) throw new Error(`The contract has no test ${JSON.stringify(unknown)} that skip could name`);
}

async function play(openPlace: () => Promise<ContractPlace>, body: (scene: Scene) => Promise<void>): Promise<void> {
  const place = await openPlace();
  try {
    await body(new Scene(place));
  } finally {
    await place.dispose();
  }
}
