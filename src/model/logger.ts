/**
 * Where the broker writes what an operator should know; pino's loggers fit. Bodies and keys of messages are never logged.
 * @public
 * @since 0.1.0
 */
export interface Logger {
  /** What helps to follow a fault. */
  debug(fields: object, message: string): void;
  /** What happens in a normal life: opened, closed, recovered. */
  info(fields: object, message: string): void;
  /** What an operator should look at, such as a failing listener. */
  warn(fields: object, message: string): void;
  /** What an operator must look at, such as a rejected write. */
  error(fields: object, message: string): void;
}
