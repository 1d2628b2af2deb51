import type { Topic } from './topic.ts';

/** Topics that got messages in the commit that is being made visible; their groups are woken once, however many there were. */
export class Arrivals {
  #topics: Topic[] = [];

  note(topic: Topic): void {
    topic.arrived = true;
    this.#topics.push(topic);
  }

  /** Wakes the groups: what they take joins the group commit that starts next. */
  wake(): void {
    if (this.#topics.length === 0) return;
    const topics = this.#topics;
    this.#topics = [];
    for (const topic of topics) {
      topic.arrived = false;
      for (const group of topic.groups) group.wake();
    }
  }
}
