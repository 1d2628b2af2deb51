import { BrokerError, illegalArgument } from './errors.ts';
import { type Limits, MAX_SHORT } from './limits.ts';
import { quoted } from './quoted.ts';
import { exceedsUtf8, hasControlCharacter, isWellFormed, utf8Length } from './utf8.ts';

/** RocketMQ's system properties: those that it refuses, and after them those that it forgets to refuse. */
const RESERVED: ReadonlySet<string> = new Set(
  `TRACE_ON MSG_REGION KEYS TAGS WAIT DELAY RETRY_TOPIC REAL_TOPIC REAL_QID TRAN_MSG PGROUP MIN_OFFSET MAX_OFFSET BUYER_ID
  ORIGIN_MESSAGE_ID TRANSFER_FLAG CORRECTION_FLAG MQ2_FLAG RECONSUME_TIME UNIQ_KEY MAX_RECONSUME_TIMES CONSUME_START_TIME POP_CK
  POP_CK_OFFSET 1ST_POP_TIME TRAN_PREPARED_QUEUE_OFFSET DUP_INFO EXTEND_UNIQ_INFO INSTANCE_ID CORRELATION_ID REPLY_TO_CLIENT TTL
  ARRIVE_TIME PUSH_REPLY_TIME CLUSTER MSG_TYPE INNER_MULTI_QUEUE_OFFSET TIMER_DELAY_MS TIMER_DELAY_SEC TIMER_DELIVER_MS
  TIMER_ENQUEUE_MS TIMER_DEQUEUE_MS TIMER_ROLL_TIMES TIMER_OUT_MS TIMER_DEL_UNIQKEY TIMER_DELAY_LEVEL __BORNHOST BORN_TIMESTAMP
  DLQ_ORIGIN_TOPIC DLQ_ORIGIN_MESSAGE_ID __CRC32#
  __SHARDINGKEY CHECK_IMMUNITY_TIME_IN_SECONDS TRANSACTION_CHECK_TIMES __transactionId__ INNER_NUM INNER_BASE INNER_MULTI_DISPATCH
  TRACE_CONTEXT`.split(/\s+/),
);

/** Whether a name belongs to the system, so that no message has a property with it. */
export function isReservedName(name: string): boolean {
  return RESERVED.has(name);
}

/**
 * Copies the own enumerable properties of a message into an object without a prototype, in which `__proto__` is a name like any other.
 * `undefined` when there are none.
 */
export function copyProperties(properties: unknown, limits: Limits): Readonly<Record<string, string>> | undefined {
  // A Map, an array or a Date has no own properties that anybody means; taking it would lose data in silence.
  if (Object.prototype.toString.call(properties) !== '[object Object]') {
    throw illegalArgument(`The properties of a message must be a plain object of strings, not ${quoted(properties)}`);
  }
  const source = properties as Readonly<Record<string, unknown>>;
  const names = Object.keys(source);
  if (names.length === 0) return undefined;
  if (names.length > limits.maxProperties) {
    throw new BrokerError(
      'MQ_MESSAGE_PROPERTIES_TOO_LARGE',
      `${names.length} properties exceed limits.maxProperties, ${limits.maxProperties}; move data into the body`,
    );
  }
  const copy: Record<string, string> = Object.create(null);
  for (const name of names) copy[name] = checkProperty(name, source[name]);
  return copy;
}

function checkProperty(name: string, value: unknown): string {
  if (typeof value !== 'string') throw illegalArgument(`Property ${quoted(name)} must be a string, not ${quoted(value)}`);
  if (name === '' || hasControlCharacter(name) || !isWellFormed(name)) {
    throw illegalProperty(
      `Property name ${quoted(name)} must not be empty and must have no control character or lone surrogate; rename it`,
    );
  }
  if (exceedsUtf8(name, MAX_SHORT)) throw illegalProperty(`Property name ${quoted(name)} exceeds ${MAX_SHORT} bytes of UTF-8; shorten it`);
  if (isReservedName(name)) throw illegalProperty(`Property name ${quoted(name)} is reserved for the system; rename it`);
  if (hasControlCharacter(value) || !isWellFormed(value)) {
    throw illegalProperty(`The value of property ${quoted(name)} has a control character or a lone surrogate; encode it`);
  }
  return value;
}

function illegalProperty(message: string): BrokerError {
  return new BrokerError('MQ_ILLEGAL_MESSAGE_PROPERTY_KEY', message);
}

/** Bytes of all names and values as UTF-8. */
export function propertiesBytes(properties: Readonly<Record<string, string>>): number {
  let bytes = 0;
  for (const name in properties) bytes += utf8Length(name) + utf8Length(properties[name] ?? '');
  return bytes;
}
