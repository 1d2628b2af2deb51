import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ChildProgram } from './child-program.ts';

let location: string;
const children: ChildProgram[] = [];

beforeEach(() => {
  location = mkdtempSync(join(tmpdir(), 'pocketmq-life-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) await child.kill();
  rmSync(location, { recursive: true, force: true });
});

function start(story: string): ChildProgram {
  const child = new ChildProgram(new URL('./programs/life.mjs', import.meta.url), { argument: { location, story } });
  children.push(child);
  return child;
}

describe('a process that does nothing else', () => {
  test.each([
    ['idle', 'holds an open broker'],
    ['producer', 'has sent a message and returned, without close'],
    ['async', 'has sent an async message and returned, without close'],
    ['closed', 'has sent a message and closed'],
    ['paused', 'has only a paused push consumer'],
    ['closedConsumer', 'has only a closed push consumer'],
    ['receiveOver', 'has only a simple consumer that asks for nothing'],
    ['pullOver', 'has only a pull consumer that asks for nothing'],
    ['lease', 'holds a message for an hour'],
    ['retry', 'has a retry in an hour and a paused consumer'],
  ])('ends within a second when it %s (%s)', async (story) => {
    const child = start(story);
    await child.said('returned');
    const returnedAtMs = Date.now();
    const { code, errors } = await child.ended;
    expect(errors).toBe('');
    expect(code).toBe(0);
    expect(Date.now() - returnedAtMs).toBeLessThan(1_000);
  });

  test.each([
    ['push', 'has only a push consumer'],
    ['receive', 'waits for a message'],
    ['poll', 'waits for a message of a queue'],
  ])('stays alive while it %s (%s)', async (story) => {
    const child = start(story);
    await child.said('returned');
    const outcome = await Promise.race([
      child.ended.then(() => 'ended'),
      new Promise((resolve) => setTimeout(() => resolve('alive'), 1_500)),
    ]);
    expect(outcome).toBe('alive');
  });
});
