/** What a call comes to, whether that is a value or an error. */
export function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  return call.catch((error: unknown) => error);
}
