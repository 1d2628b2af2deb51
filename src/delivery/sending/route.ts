import type { ConsumeQueue } from '../../storage/index/consume-queue.ts';
import type { GroupHash } from '../../storage/message-group-hash.ts';
import type { Topic } from '../topic.ts';

/** Where a message goes. */
export interface Route {
  readonly topic: Topic;
  readonly queue: ConsumeQueue;
  readonly groupHash: GroupHash | undefined;
}
