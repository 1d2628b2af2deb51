/** What the engine asks of the process that it lives in. */
export interface ProcessPort {
  /** Keeps the process alive until the returned function is called (push consumers, pending receives). */
  hold(): () => void;
  /** Runs `fn` after the present turn of the event loop, once what has arrived meanwhile was handled (`setImmediate` where there is one). */
  defer(fn: () => void): void;
}
