/**
 * Every kind of record that format 1 knows, with the number that it has on disk. A number is never given to another kind.
 * Kinds marked *reserved* are named so that later features need no new format; a reader that meets one refuses the store.
 */
export const RECORD = {
  /** A message, visible in its queue as soon as its block is put. */
  message: 1,
  /** The broker was opened; releases process leases, tells whether the previous end was clean, closes gaps. */
  opened: 2,
  /** Topic, group or subscription, as JSON. */
  metadata: 3,
  /** Messages were handed out: attempt, lease number, end of invisibility. */
  handOut: 10,
  /** Messages were consumed. */
  ack: 11,
  /** Leases were given back before their time: visible at once. */
  giveBack: 12,
  /** An attempt failed: visible again at an instant. */
  retryWait: 13,
  /** A lease got a new end and a new number. */
  changeInvisible: 14,
  /** Settled for the group as dead letters, with a pointer each. */
  deadLetter: 15,
  /** Settled without delivery, because the filter does not want them or their bytes are lost. */
  filtered: 16,
  /** The position of a group was set; everything in flight in the queue is revoked. */
  reset: 17,
  /** A dead letter goes back to its group as attempt 1, or was sent on. */
  redrive: 18,
  /** Dead letters of a group were thrown away. */
  purge: 19,
  /** Settled without a delivery, because their time to live was over. */
  expired: 20,
  /** A message with a delivery time, invisible until a pointer is written. */
  delayed: 30,
  /** A message that waited is visible: its delay is over, or its transaction was committed. */
  pointer: 31,
  /** A delay message was taken back before it was due. */
  recall: 32,
  /** A message of a transaction, invisible until a pointer is written. */
  half: 33,
  /** A transaction was committed or rolled back. */
  transactionEnd: 34,
  /** A producer was asked what became of a transaction, or the transaction was parked. */
  transactionCheck: 35,
  /** Values of the application. */
  applicationPut: 40,
  applicationDelete: 41,
  /** Reserved: retention. */
  stateSnapshot: 50,
  dedupKeys: 51,
  moved: 52,
  droppedRange: 53,
  /** How far a pull group has come in a queue: it goes on there after a restart, and in its next consumer. */
  position: 60,
} as const;
