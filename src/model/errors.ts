import { ERROR_CATALOGUE } from './error-catalogue.ts';
import type { BrokerErrorCode } from './error-code.ts';

const BRAND: unique symbol = Symbol.for('pocketmq.BrokerError');

/**
 * Facts about an error that a program may read, such as the process that holds a lock.
 * @public
 * @since 0.1.0
 */
export type BrokerErrorDetails = Readonly<Record<string, string | number>>;

/**
 * Options of a {@link BrokerError}.
 * @public
 * @since 0.1.0
 */
export interface BrokerErrorOptions {
  /** The error that led to this one. */
  readonly cause?: unknown;
  /** Facts for programs; default none. */
  readonly details?: BrokerErrorDetails;
}

/**
 * Something in the world stands against a correct call: a limit, a missing topic, a closed broker, a full disk.
 * Tell errors apart by `code`; the message is for people.
 * @public
 * @since 0.1.0
 */
export class BrokerError extends Error {
  /** What happened; see {@link ERROR_CATALOGUE}. */
  readonly code: BrokerErrorCode;
  /** True when the same call may succeed later without a change by the caller. */
  readonly retryable: boolean;
  /** The status number of RocketMQ's gRPC protocol for this code. */
  readonly status: number;
  /** Facts that belong to the code; empty for most. */
  readonly details: BrokerErrorDetails;

  constructor(code: BrokerErrorCode, message: string, options: BrokerErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const description = ERROR_CATALOGUE[code];
    this.code = code;
    this.retryable = description.retryable;
    this.status = description.status;
    this.details = options.details ?? {};
  }
}

// On the prototype, so that neither fields nor enumerations of an error show them.
Object.defineProperty(BrokerError.prototype, 'name', { value: 'BrokerError', configurable: true, writable: true });
Object.defineProperty(BrokerError.prototype, BRAND, { value: true });

/**
 * Whether a value is a {@link BrokerError}, also one of another copy of this package in the same process.
 * @public
 * @since 0.1.0
 */
export function isBrokerError(error: unknown): error is BrokerError {
  // Not by instanceof: another realm, such as a test runner's, has another Error.
  return typeof error === 'object' && error !== null && (error as { [BRAND]?: unknown })[BRAND] === true;
}

/**
 * A bug in PocketMQ itself: report it with its stack.
 * @public
 * @since 0.1.0
 */
export class InvariantViolation extends Error {}
Object.defineProperty(InvariantViolation.prototype, 'name', { value: 'InvariantViolation', configurable: true, writable: true });

/** Throws {@link InvariantViolation} unless `condition` holds. */
export function invariant(condition: unknown, detail: string): asserts condition {
  if (!condition) throw new InvariantViolation(detail);
}

/**
 * The error of a wrong call.
 * @public
 * @since 0.1.0
 */
export type IllegalArgument = TypeError & {
  /** Tells it from a `TypeError` of the language. */
  readonly code: 'MQ_ILLEGAL_ARGUMENT';
};

/** The error of a wrong call, with the code `MQ_ILLEGAL_ARGUMENT`. */
export function illegalArgument(message: string, options?: { readonly cause?: unknown }): IllegalArgument {
  const error = new TypeError(message, options);
  return Object.assign(error, { code: 'MQ_ILLEGAL_ARGUMENT' } as const);
}

/** The error of an option, field or method that is not built yet or not possible here. */
export function notSupported(what: string): BrokerError {
  return new BrokerError('MQ_NOT_SUPPORTED', `${what} is not supported by this version; leave it out`);
}
