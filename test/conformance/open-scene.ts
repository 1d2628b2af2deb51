import { onTestFinished } from 'vitest';
import { Scene } from '../../src/testing/contract/scene.ts';
import { ManualClock, openTestBroker, type TestBroker, type TestBrokerOptions } from '../../src/testing/index.ts';

/** A broker on a simulated disk whose time the test moves, and short ways to use it; closed when the test ends. */
export async function openScene(options: TestBrokerOptions = {}): Promise<{ scene: Scene; broker: TestBroker; clock: ManualClock }> {
  const clock = new ManualClock();
  const broker = await openTestBroker({ ...options, clock });
  onTestFinished(() => broker.close());
  const place = { messaging: broker, admin: broker.admin, clock, dispose: () => broker.close() };
  return { scene: new Scene(place), broker, clock };
}
