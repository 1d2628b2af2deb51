/**
 * The topics and groups of the file index, and how they hang together:
 *
 *     walk ──► files ──► [indexer ×20] ──► digests ──► [report]
 *                            └──► dead letters: files that cannot be read
 */

/** One message a file; message group = package. */
export const FILES = 'files';
/** One message a hashed file. */
export const DIGESTS = 'digests';
/** How far the walk over the folder has got; only its newest message counts. */
export const WALK = 'walk';

/** Hashes files. */
export const INDEXER = 'indexer';
/** Gathers digests into the duplicate report. */
export const REPORT = 'report';
/** Reads the newest message of {@link WALK}. */
export const WALKER = 'walker';

/** Three attempts: at once, after 0.3 s and 0.9 s later. */
const ATTEMPT_DELAYS_MS = [300, 900];

/**
 * Creates what is not there yet; the same call again changes nothing.
 * @param {import('pocketmq').Admin} admin
 */
export async function createTopology(admin) {
  await admin.createTopic(FILES, { type: 'fifo', queueCount: 8 });
  await admin.createTopic(DIGESTS, { type: 'normal' });
  // One queue, so that "the newest message" is well defined.
  await admin.createTopic(WALK, { type: 'normal', queueCount: 1 });
  await admin.createGroup(INDEXER, {
    maxAttempts: ATTEMPT_DELAYS_MS.length + 1,
    retryPolicy: { kind: 'customized', delaysMs: ATTEMPT_DELAYS_MS },
  });
  await admin.createGroup(REPORT, { ordered: false });
  await admin.createGroup(WALKER);
}
