/**
 * Where the broker writes what an operator should know; pino's loggers fit. Bodies and keys of messages are never logged.
 * @public
 * @since 0.1.0
 */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
