/** Numbers since the broker was opened. */
export interface DeliveryCounters {
  sent: number;
  duplicates: number;
  delivered: number;
  acked: number;
  failed: number;
  deadLettered: number;
  dropped: number;
  expired: number;
  recalled: number;
  expiredLeases: number;
}

export function newCounters(): DeliveryCounters {
  return {
    sent: 0,
    duplicates: 0,
    delivered: 0,
    acked: 0,
    failed: 0,
    deadLettered: 0,
    dropped: 0,
    expired: 0,
    recalled: 0,
    expiredLeases: 0,
  };
}
