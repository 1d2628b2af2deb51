import { EventEmitter } from 'eventemitter3';
import type { BrokerEvents, Damage } from './model/events.ts';
import type { Logger } from './model/logger.ts';

/**
 * The events of a broker. A listener that throws is logged and harms nobody: events are told in the middle of commits.
 * Damage found while opening is told to the first listener, also when it comes later.
 */
export function brokerEvents(damages: readonly Damage[], logger: Logger): EventEmitter<BrokerEvents> {
  const events = new EventEmitter<BrokerEvents>();
  let unreported = damages;
  const emit = events.emit.bind(events) as (...event: unknown[]) => boolean;
  events.emit = ((...event: unknown[]) => {
    try {
      return emit(...event);
    } catch (error) {
      logger.error({ event: event[0], err: error }, 'a listener of a broker event threw');
      return true;
    }
  }) as typeof events.emit;
  const replay = (listener: BrokerEvents['damage']): void => {
    const found = unreported;
    unreported = [];
    queueMicrotask(() => {
      for (const damage of found) {
        try {
          listener(damage);
        } catch (error) {
          logger.error({ event: 'damage', err: error }, 'a listener of a broker event threw');
        }
      }
    });
  };
  for (const name of ['on', 'addListener', 'once'] as const) {
    const original = events[name].bind(events);
    events[name] = ((event: never, listener: never, context: unknown) => {
      original(event, listener, context);
      if ((event as unknown) === 'damage' && unreported.length > 0) replay(listener);
      return events;
    }) as never;
  }
  return events;
}
