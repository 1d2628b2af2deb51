import type { BrokerErrorCode } from './error-code.ts';

/**
 * What the catalogue knows of one error code.
 * @public
 * @since 0.1.0
 */
export interface ErrorDescription {
  /** The status number of RocketMQ's gRPC protocol that the code maps to on the wire. */
  readonly status: number;
  /** True when the same call may succeed later without a change by the caller. */
  readonly retryable: boolean;
  /** What happened. */
  readonly meaning: string;
  /** What the caller or operator can do about it. */
  readonly remedy: string;
}

function entry(status: number, retryable: boolean, meaning: string, remedy: string): ErrorDescription {
  return { status, retryable, meaning, remedy };
}

/**
 * The one table of all error codes: documentation and the mapping to the wire are tested against it.
 * @public
 * @since 0.1.0
 */
export const ERROR_CATALOGUE: Readonly<Record<BrokerErrorCode, ErrorDescription>> = {
  MQ_ILLEGAL_ARGUMENT: entry(
    40000,
    false,
    'A call has an argument of a wrong type, outside its range, or of an unknown name; thrown as a `TypeError`',
    'Correct the call; the message names the argument',
  ),
  MQ_ILLEGAL_TOPIC: entry(
    40002,
    false,
    'A topic name is empty, too long, has a character outside `[%|a-zA-Z0-9_-]`, or is reserved for the system',
    'Choose another name',
  ),
  MQ_ILLEGAL_CONSUMER_GROUP: entry(
    40003,
    false,
    'A consumer group name is empty, too long, has a character outside `[%|a-zA-Z0-9_-]`, or is reserved for the system',
    'Choose another name',
  ),
  MQ_ILLEGAL_MESSAGE_TAG: entry(
    40004,
    false,
    'A tag is blank, too long, or contains `|` or a control character',
    'Correct the tag, or leave it out',
  ),
  MQ_ILLEGAL_MESSAGE_KEY: entry(
    40005,
    false,
    'A message key is blank or contains a control character, or there are too many keys',
    'Correct the keys, or raise `limits.maxKeys`',
  ),
  MQ_ILLEGAL_MESSAGE_GROUP: entry(
    40006,
    false,
    'A message group or partition key is blank, longer than `limits.maxMessageGroupBytes` in UTF-8, or contains a control character',
    'Shorten it, for example to a hash',
  ),
  MQ_ILLEGAL_MESSAGE_PROPERTY_KEY: entry(
    40007,
    false,
    'A property name is empty or reserved for the system, or a property name or value contains a control character',
    'Rename the property, or encode its value',
  ),
  MQ_INVALID_TRANSACTION_ID: entry(
    40008,
    false,
    'There is no transaction with this id that could be ended; it may have ended before the broker was opened, or 10,000 others ago',
    'Use the id that the transaction was begun with; `admin.listTransactions` has those that are not ended',
  ),
  MQ_ILLEGAL_MESSAGE_ID: entry(40009, false, 'A text is not a message id', 'Pass the `messageId` of a receipt or a message unchanged'),
  MQ_ILLEGAL_FILTER_EXPRESSION: entry(
    40010,
    false,
    'A filter has no tag, or one that no message can have; an SQL expression does not parse; or it is larger than `limits.maxFilterBytes`',
    "Write `'*'`, tags joined by `||`, or SQL: the message and `details.line` and `details.column` say where it goes wrong",
  ),
  MQ_ILLEGAL_INVISIBLE_TIME: entry(
    40011,
    false,
    'An invisible duration is no integer of milliseconds from 1 to `limits.maxInvisibleDurationMs`',
    'Choose a duration in the range; 0 is legal only in `changeInvisibleDuration`',
  ),
  MQ_ILLEGAL_DELIVERY_TIME: entry(
    40012,
    false,
    'A delivery time is negative, no number, or further away than `limits.maxDelayMs`',
    'Choose an earlier instant, or raise the limit',
  ),
  MQ_INVALID_RECEIPT_HANDLE: entry(
    40013,
    false,
    'A receipt handle was never issued by this store, or was issued to another consumer group',
    'Acknowledge with the consumer that received the message',
  ),
  MQ_RECEIPT_HANDLE_EXPIRED: entry(
    40013,
    false,
    'A receipt handle was valid once and is now superseded, released or run out; the message may have been delivered again',
    'Settle the newer delivery; give slow work a longer invisible duration',
  ),
  MQ_INVALID_RECALL_HANDLE: entry(
    40000,
    false,
    'A recall handle was never issued by this store, or is of another topic',
    'Pass the `recallHandle` of the receipt unchanged, with the topic that the message was sent to',
  ),
  MQ_MESSAGE_PROPERTY_CONFLICT_WITH_TYPE: entry(
    40014,
    false,
    'A message is not of the type that its topic was created with',
    "Send it to a topic of its type, or change the topic with `admin.updateTopic(name, { type: 'mixed' })`",
  ),
  MQ_MESSAGE_CORRUPTED: entry(
    40016,
    false,
    'A message does not decode to what was stored, for example its body is not the JSON that `json()` expects',
    'Read the body as bytes; look for a producer that writes another format',
  ),
  MQ_MESSAGE_SCHEMA_MISMATCH: entry(
    40000,
    false,
    'A message does not match the schema of its typed topic; the `cause` is the list of issues, each with `message` and `path`',
    'Correct the message, or the schema',
  ),
  MQ_ILLEGAL_POLLING_TIME: entry(40018, false, 'A waiting time is outside its range', 'Choose an `awaitDurationMs` of 0 or more'),
  MQ_ILLEGAL_OFFSET: entry(
    40019,
    false,
    'An offset is no integer, negative, or beyond the end of its queue',
    'Look at the queue with `admin.getTopic`',
  ),
  MQ_MESSAGE_NOT_FOUND: entry(40401, false, 'There is no message with this id', 'Check the topic and the id'),
  MQ_TOPIC_NOT_FOUND: entry(
    40402,
    false,
    'The topic does not exist and is not created by itself',
    'Create it with `admin.createTopic`, or open the broker with `autoCreateTopics`',
  ),
  MQ_CONSUMER_GROUP_NOT_FOUND: entry(
    40403,
    false,
    'The consumer group does not exist and is not created by itself',
    'Create it with `admin.createGroup`, or open the broker with `autoCreateGroups`',
  ),
  MQ_OFFSET_NOT_FOUND: entry(40404, false, 'There is no position for this group and queue', 'Subscribe the group to the topic first'),
  MQ_TOPIC_EXISTS: entry(42800, false, 'The topic exists with other options', 'Change it with `admin.updateTopic`'),
  MQ_GROUP_EXISTS: entry(42800, false, 'The consumer group exists with other options', 'Change it with `admin.updateGroup`'),
  MQ_GROUP_IN_USE: entry(42800, false, 'The consumer group has open consumers, so that it cannot be deleted', 'Close them first'),
  MQ_GROUP_KIND_CONFLICT: entry(
    42800,
    false,
    'A consumer group was first used by consumers of one kind (push and simple, pull, broadcast) and is now asked for by another, or an operation is not for its kind',
    'Use another group, or delete this one first',
  ),
  MQ_SUBSCRIPTION_CONFLICT: entry(
    42800,
    false,
    'An open member of the consumer group has the same topic with another filter expression',
    'Give all members the same expression, or use another group',
  ),
  MQ_QUEUE_IN_USE: entry(
    42800,
    false,
    'A pull consumer is to read a queue that another one of its group has chosen with `assign`',
    'Choose other queues, or close the other consumer',
  ),
  MQ_QUEUE_NOT_ASSIGNED: entry(
    42800,
    false,
    'A pull consumer is asked for the position of a queue that it does not read; another consumer of the group may have got it meanwhile',
    'Look at `assignment()`, or choose the queue with `assign`',
  ),
  MQ_TRANSACTION_ENDED: entry(42800, false, 'The transaction was committed or rolled back before', 'Begin another transaction'),
  MQ_RECALL_TOO_LATE: entry(
    42800,
    false,
    'A delay message cannot be recalled, because it has come due, was recalled before, or was lost in a power cut',
    'Treat it as delivered; let the consumer find out whether it is still wanted',
  ),
  MQ_REQUEST_TIMEOUT: entry(
    40800,
    true,
    'A call took longer than its `timeoutMs`; a send that timed out may still be stored',
    'Try again, or allow more time',
  ),
  MQ_ABORTED: entry(40800, false, "The caller's signal was aborted before anything was written", 'Nothing to do; the caller asked for it'),
  MQ_PAYLOAD_TOO_LARGE: entry(
    41300,
    false,
    'A batch or an atomic unit has more messages than `limits.maxBatchMessages` or more bytes than `limits.maxBatchBytes`, or a value of the application store more than `limits.maxBodyBytes`',
    'Send smaller batches, cut the value in parts',
  ),
  MQ_MESSAGE_BODY_TOO_LARGE: entry(
    41301,
    false,
    'A body is larger than `limits.maxBodyBytes`',
    'Store the data elsewhere and send a reference, or raise the limit',
  ),
  MQ_MESSAGE_BODY_EMPTY: entry(41302, false, 'A message has an empty body', 'Send at least one byte'),
  MQ_MESSAGE_PROPERTIES_TOO_LARGE: entry(
    43101,
    false,
    'The properties are more than `limits.maxProperties`, or tag, keys and properties more than `limits.maxPropertiesBytes` together',
    'Move data into the body',
  ),
  MQ_TOO_MANY_REQUESTS: entry(
    42900,
    true,
    'A count such as `limits.maxTopics` is reached',
    'Free what is not needed, raise the limit, or try again later',
  ),
  MQ_BACKPRESSURE: entry(
    42900,
    true,
    "The write queue holds `limits.maxQueuedBytes` and the producer was created with `onFull: 'reject'`",
    "Try again later, or use `onFull: 'wait'`",
  ),
  MQ_INTERNAL_ERROR: entry(50000, false, 'Something that should never happen did', 'Report it with its cause and stack'),
  MQ_NOT_SUPPORTED: entry(
    50100,
    false,
    'An option, field or method is not built yet, or this place cannot do it',
    'The message names it; leave it out',
  ),
  MQ_BROKER_NOT_OPEN: entry(
    50000,
    false,
    'The broker, producer or consumer is closed or closing, or the broker failed and could not heal',
    'Open it again; look at the `cause`',
  ),
  MQ_STORE_WRITE_FAILED: entry(
    50001,
    true,
    'A write failed and the broker knows that it is not on disk',
    'Try again; look at the `cause` for what the disk said',
  ),
  MQ_STORE_LOCKED: entry(
    50000,
    true,
    'Another broker holds the directory; the message and `details` name its process, host and since when',
    'Close the other one, choose another directory, or wait with `lockWaitMs`',
  ),
  MQ_STORE_CORRUPT: entry(
    50001,
    false,
    'A stored value fails its checksum or does not decode',
    'Check the disk; what is damaged is reported and the rest is served, else restore a copy of the directory',
  ),
  MQ_STORE_DAMAGED: entry(
    50001,
    false,
    'Parts of a store that were durable are missing, so the broker does not open',
    'Restore a copy of the directory; it was left untouched',
  ),
  MQ_STORE_FORMAT_UNSUPPORTED: entry(
    50501,
    false,
    'The store was written by a newer version, or the directory holds something else; it was left untouched',
    'Open it with the version that wrote it',
  ),
  MQ_DISK_FULL: entry(
    50001,
    false,
    'Less than `limits.minFreeDiskBytes` is free; sends are refused while acknowledgements go on',
    'Free disk space; sends work again by themselves',
  ),
};
