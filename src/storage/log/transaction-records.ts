import { type ByteReader, corrupt } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import type { TransactionOutcome } from '../index/transactions.ts';
import { readHexId, writeHexId } from './message-id-bytes.ts';

/*
 * Transaction end: 17 bytes of transaction id, u8 outcome (1 commit, 2 rollback).
 * Transaction check: 17 bytes of transaction id, u32 checks so far, u64 when the next one is due, u8 1 when the transaction is parked.
 */

export interface TransactionEnd {
  readonly transactionId: string;
  readonly outcome: TransactionOutcome;
}

export interface TransactionCheck {
  readonly transactionId: string;
  readonly checks: number;
  readonly nextCheckAtMs: number;
  readonly parked: boolean;
}

export function writeTransactionEnd(writer: ByteWriter, { transactionId, outcome }: TransactionEnd): void {
  writeHexId(writer, transactionId);
  writer.u8(outcome === 'commit' ? 1 : 2);
}

export function readTransactionEnd(reader: ByteReader): TransactionEnd {
  const transactionId = readHexId(reader);
  const code = reader.u8();
  if (code !== 1 && code !== 2) throw corrupt(`the end of transaction ${transactionId} with the unknown outcome ${code}`);
  return { transactionId, outcome: code === 1 ? 'commit' : 'rollback' };
}

export function writeTransactionCheck(writer: ByteWriter, { transactionId, checks, nextCheckAtMs, parked }: TransactionCheck): void {
  writeHexId(writer, transactionId);
  writer.u32(checks);
  writer.u64(nextCheckAtMs);
  writer.u8(parked ? 1 : 0);
}

export function readTransactionCheck(reader: ByteReader): TransactionCheck {
  return { transactionId: readHexId(reader), checks: reader.u32(), nextCheckAtMs: reader.u64(), parked: reader.u8() === 1 };
}
