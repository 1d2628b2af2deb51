import { BrokerError, isBrokerError } from '../model/errors.ts';

/** The error of a store that has lost what was durable; opening it ends here. */
export function damagedStore(detail: string): BrokerError {
  return new BrokerError(
    'MQ_STORE_DAMAGED',
    `${detail}. Nothing was changed; restore a backup, or look at the directory before anything else`,
  );
}

/** Whether stored bytes are gone or are not what they should be, as opposed to a store that cannot be read at the moment. */
export function isCorruption(error: unknown): error is BrokerError {
  return isBrokerError(error) && error.code === 'MQ_STORE_CORRUPT';
}
