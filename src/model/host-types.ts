/// <reference lib="esnext.disposable" preserve="true" />
declare global {
  /** Completed by the DOM's or Node's own types wherever those are present. */
  interface AbortSignal {
    readonly aborted: boolean;
  }
}

export {};
