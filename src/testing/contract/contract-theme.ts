import type { Scene } from './scene.ts';

/** Tests about one subject; each has a sentence for a name. */
export interface ContractTheme {
  readonly name: string;
  readonly tests: Readonly<Record<string, (scene: Scene) => Promise<void>>>;
}
