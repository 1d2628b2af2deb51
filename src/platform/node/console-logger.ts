import { errorText } from '../../model/error-text.ts';
import type { Logger } from '../../model/logger.ts';

/** The same line is written again after this while, with how often it came meanwhile. */
const FOLD_MS = 10_000;
const REMEMBERED_LINES = 256;

/** The default logger: warnings and errors, one line each, on standard error; repeats are folded. */
export function consoleLogger(now: () => number): Logger {
  const seen = new Map<string, { untilMs: number; count: number }>();
  const write = (level: 'warn' | 'error', fields: object, message: string): void => {
    const line = `pocketmq ${level}: ${message}${describe(fields)}`;
    const known = seen.get(line);
    const atMs = now();
    if (known !== undefined && atMs < known.untilMs) {
      known.count++;
      return;
    }
    if (seen.size >= REMEMBERED_LINES) seen.clear();
    seen.set(line, { untilMs: atMs + FOLD_MS, count: 0 });
    // biome-ignore lint/suspicious/noConsole: the console is what this logger is for.
    console[level](known === undefined || known.count === 0 ? line : `${line} (${known.count} more like it before)`);
  };
  return {
    debug: () => undefined,
    info: () => undefined,
    warn: (fields, message) => write('warn', fields, message),
    error: (fields, message) => write('error', fields, message),
  };
}

/** Fields as ` name=value`; of an error its stack, folded into one line. */
function describe(fields: object): string {
  const parts = Object.entries(fields).map(([name, value]) => `${name}=${textOf(value)}`);
  return parts.length === 0 ? '' : ` ${parts.join(' ')}`;
}

/** What was thrown may be anything: a cycle, a big integer, an object whose properties throw. To log it must not throw anew. */
function textOf(value: unknown): string {
  try {
    return value instanceof Error ? stackOf(value) : JSON.stringify(value);
  } catch {
    return errorText(value);
  }
}

function stackOf(error: Error): string {
  const { code } = error as { code?: unknown };
  const stack = (error.stack ?? String(error)).replaceAll(/\n\s*/g, ' | ');
  return code === undefined ? stack : `${String(code)} ${stack}`;
}
