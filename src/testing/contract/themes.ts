import { acknowledging } from './acknowledging.ts';
import { applicationStore } from './application-store.ts';
import { atomicUnitRefusals } from './atomic-unit-refusals.ts';
import { atomicUnits } from './atomic-units.ts';
import { batches } from './batches.ts';
import { broadcast } from './broadcast.ts';
import { broadcastGroups } from './broadcast-groups.ts';
import { closing } from './closing.ts';
import type { ContractTheme } from './contract-theme.ts';
import { deadLettersTheme } from './dead-letters.ts';
import { deduplication } from './deduplication.ts';
import { delayMessages } from './delay-messages.ts';
import { invisibleDurations } from './invisible-durations.ts';
import { iterating } from './iterating.ts';
import { messageGroups } from './message-groups.ts';
import { notSupported } from './not-supported.ts';
import { onewayAndAbort } from './oneway-and-abort.ts';
import { priorities } from './priorities.ts';
import { progressAndReset } from './progress-and-reset.ts';
import { pullAssignment } from './pull-assignment.ts';
import { pullConsumers } from './pull-consumers.ts';
import { pullGroups } from './pull-groups.ts';
import { pullPositions } from './pull-positions.ts';
import { pushConsumer } from './push-consumer.ts';
import { pushFailures } from './push-failures.ts';
import { receiving } from './receiving.ts';
import { retryPolicies } from './retry-policies.ts';
import { sending } from './sending.ts';
import { sendingRefusals } from './sending-refusals.ts';
import { sqlFilters } from './sql-filters.ts';
import { startPositions } from './start-positions.ts';
import { subscriptions } from './subscriptions.ts';
import { tagFilters } from './tag-filters.ts';
import { timeToLive } from './time-to-live.ts';
import { topicsAndGroups } from './topics-and-groups.ts';
import { transactions } from './transactions.ts';
import { typedTopicSchemas } from './typed-topic-schemas.ts';
import { typedTopics } from './typed-topics.ts';

/** Every subject of the contract, in the order of a message's life. */
export const themes: readonly ContractTheme[] = [
  sending,
  sendingRefusals,
  batches,
  onewayAndAbort,
  receiving,
  acknowledging,
  invisibleDurations,
  iterating,
  pushConsumer,
  pushFailures,
  priorities,
  retryPolicies,
  deadLettersTheme,
  messageGroups,
  tagFilters,
  sqlFilters,
  timeToLive,
  delayMessages,
  deduplication,
  transactions,
  startPositions,
  subscriptions,
  topicsAndGroups,
  typedTopics,
  typedTopicSchemas,
  progressAndReset,
  broadcast,
  broadcastGroups,
  pullConsumers,
  pullPositions,
  pullAssignment,
  pullGroups,
  atomicUnits,
  atomicUnitRefusals,
  applicationStore,
  closing,
  notSupported,
];
