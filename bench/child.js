const sends = () => import('./measurements/sends.js');
const hotQueue = () => import('./measurements/hot-queue.js');
const kinds = () => import('./measurements/kinds-of-message.js');
const opening = () => import('./measurements/opening.js');
const raw = () => import('./measurements/raw-append.js');

/**
 * Every measurement, loaded only where it runs: the raw loops share a process with nothing of the engine.
 * @type {Record<string, () => Promise<Record<string, any>>>}
 */
const measurements = {
  atomicSends: kinds,
  batches: sends,
  beforeBacklog: () => import('./measurements/backlog.js'),
  besideSyncSends: () => import('./measurements/beside-sync-sends.js'),
  createTopics: opening,
  dueMessages: kinds,
  endToEnd: () => import('./measurements/end-to-end.js'),
  fillAndDie: opening,
  hotPoll: hotQueue,
  hotPush: hotQueue,
  hotReceive: hotQueue,
  idle: opening,
  keysInMemory: sends,
  kindOfSend: kinds,
  open: opening,
  rawAppend: raw,
  rawLatency: raw,
  sends,
  uniqueSends: sends,
  stuckGroup: () => import('./measurements/stuck-group.js'),
  waitingMessages: kinds,
};

/**
 * Runs one measurement and tells the parent, or the terminal, what came out.
 * @param {string} order JSON of the measurement and its options
 */
export async function runChild(order) {
  const { measurement, options } = JSON.parse(order);
  const load = measurements[measurement];
  if (load === undefined) throw new Error(`there is no measurement ${JSON.stringify(measurement)}`);
  const room = await load();
  const result = await room[measurement](options);
  if (process.send === undefined) console.log(JSON.stringify(result));
  else process.send(result);
  // A parent that listens keeps the channel, and with it this process, open.
  if (process.connected) process.disconnect();
}
