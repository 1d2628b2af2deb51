import type { DedupClaim } from './dedup-claim.ts';

const FIRST_BUCKETS = 1024;

/**
 * Claims by topic and key. Not a `Map`: whenever one grows or is tidied, its old table goes on pointing at the new one, so that a table which
 * has survived for a while keeps alive every claim that came after it, with its message, until a full collection.
 */
export class ClaimsInFlight {
  #buckets: (DedupClaim | undefined)[] = new Array<undefined>(FIRST_BUCKETS).fill(undefined);
  #count = 0;

  get(topicId: number, key: string, hashLow: number): DedupClaim | undefined {
    for (let claim = this.#buckets[hashLow & (this.#buckets.length - 1)]; claim !== undefined; claim = claim.next) {
      if (claim.key === key && claim.topicId === topicId) return claim;
    }
    return undefined;
  }

  add(claim: DedupClaim): void {
    if (this.#count === this.#buckets.length) this.#grow();
    this.#count++;
    this.#link(claim);
  }

  delete(claim: DedupClaim): void {
    const bucket = claim.hash.low & (this.#buckets.length - 1);
    let before: DedupClaim | undefined;
    for (let at = this.#buckets[bucket]; at !== undefined; at = at.next) {
      if (at === claim) {
        if (before === undefined) this.#buckets[bucket] = claim.next;
        else before.next = claim.next;
        claim.next = undefined;
        this.#count--;
        return;
      }
      before = at;
    }
  }

  #link(claim: DedupClaim): void {
    const bucket = claim.hash.low & (this.#buckets.length - 1);
    claim.next = this.#buckets[bucket];
    this.#buckets[bucket] = claim;
  }

  #grow(): void {
    const old = this.#buckets;
    this.#buckets = new Array<undefined>(old.length * 2).fill(undefined);
    for (const first of old) {
      for (let claim = first; claim !== undefined; ) {
        const { next } = claim;
        this.#link(claim);
        claim = next;
      }
    }
  }
}
