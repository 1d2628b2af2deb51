import { BrokerError, illegalArgument } from './errors.ts';
import type { Limits } from './limits.ts';
import { quoted } from './quoted.ts';

/** 1 for each ASCII code that RocketMQ allows in names: `%`, `|`, letters, digits, `_`, `-`. */
const LEGAL = new Uint8Array(128);
for (const character of '%|_-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ') LEGAL[character.charCodeAt(0)] = 1;

const SYSTEM_TOPICS: ReadonlySet<string> = new Set([
  'TBW102',
  'SCHEDULE_TOPIC_XXXX',
  'BenchmarkTest',
  'RMQ_SYS_TRANS_HALF_TOPIC',
  'RMQ_SYS_TRACE_TOPIC',
  'RMQ_SYS_TRANS_OP_HALF_TOPIC',
  'TRANS_CHECK_MAX_TIME_TOPIC',
  'SELF_TEST_TOPIC',
  'OFFSET_MOVED_EVENT',
  'CHECKPOINT_TOPIC',
]);
const SYSTEM_TOPIC_PREFIX = 'rmq_sys_';
const SYSTEM_GROUP_PREFIX = 'CID_RMQ_SYS_';

function isLegalName(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    if (LEGAL[name.charCodeAt(i)] !== 1) return false;
  }
  return name.length > 0;
}

/**
 * Returns the name of a topic, or throws `MQ_ILLEGAL_TOPIC` (`MQ_ILLEGAL_ARGUMENT` for what is no string).
 */
export function validateTopicName(name: unknown, limits: Limits): string {
  if (typeof name !== 'string')
    throw illegalArgument(`A topic name must be a string, such as the name of a typed topic, not ${quoted(name)}`);
  if (name.length > limits.maxTopicLength || !isLegalName(name)) {
    throw new BrokerError(
      'MQ_ILLEGAL_TOPIC',
      `Topic ${quoted(name)} must have 1 to ${limits.maxTopicLength} characters of [%|a-zA-Z0-9_-]; choose another name`,
    );
  }
  if (SYSTEM_TOPICS.has(name) || name.startsWith(SYSTEM_TOPIC_PREFIX)) {
    throw new BrokerError('MQ_ILLEGAL_TOPIC', `Topic ${quoted(name)} is reserved for the system; choose another name`);
  }
  return name;
}

/**
 * Returns the name of a consumer group, or throws `MQ_ILLEGAL_CONSUMER_GROUP` (`MQ_ILLEGAL_ARGUMENT` for what is no string).
 */
export function validateGroupName(name: unknown, limits: Limits): string {
  if (typeof name !== 'string') throw illegalArgument(`A consumer group name must be a string, not ${quoted(name)}`);
  if (name.length > limits.maxGroupLength || !isLegalName(name)) {
    throw new BrokerError(
      'MQ_ILLEGAL_CONSUMER_GROUP',
      `Consumer group ${quoted(name)} must have 1 to ${limits.maxGroupLength} characters of [%|a-zA-Z0-9_-]; choose another name`,
    );
  }
  if (name.startsWith(SYSTEM_GROUP_PREFIX)) {
    throw new BrokerError('MQ_ILLEGAL_CONSUMER_GROUP', `Consumer group ${quoted(name)} is reserved for the system; choose another name`);
  }
  return name;
}
