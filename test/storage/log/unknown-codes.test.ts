import { expect, test } from 'vitest';
import { ByteReader } from '../../../src/storage/byte-reader.ts';
import { ByteWriter } from '../../../src/storage/byte-writer.ts';
import { readPointer, writePointer } from '../../../src/storage/log/pointer-record.ts';
import { readRecall, writeRecall } from '../../../src/storage/log/recall-record.ts';
import { readTransactionEnd, writeTransactionEnd } from '../../../src/storage/log/transaction-records.ts';

// A code that no version has written was taken for the last one that is known: a pointer for one of a transaction, an end of a transaction for a rollback.

const place = { topicId: 1, queueId: 0, target: 7, dueAtMs: 0, position: 7 };
const hashes = { tagHash: 0, groupHigh: 0, groupLow: 0, dedupHash: { high: 0, low: 0 } };
const RECORDS = {
  pointer: {
    write: (writer: ByteWriter) => writePointer(writer, { ...place, ...hashes, origin: 'delay' }),
    read: readPointer,
    codeAt: 34,
    known: [1, 2, 3],
  },
  recall: {
    write: (writer: ByteWriter) => writeRecall(writer, { ...place, ...hashes, kind: 'delay' }),
    read: readRecall,
    codeAt: 0,
    known: [1, 2],
  },
  'end of a transaction': {
    write: (writer: ByteWriter) => writeTransactionEnd(writer, { transactionId: '0'.repeat(34), outcome: 'commit' }),
    read: readTransactionEnd,
    codeAt: 17,
    known: [1, 2],
  },
};

test.each(Object.entries(RECORDS))('an unknown code is refused in a record: %s', (_name, { write, read, codeAt, known }) => {
  const writer = new ByteWriter(64);
  write(writer);
  for (let code = 0; code < 256; code++) {
    const bytes = writer.copy();
    bytes[codeAt] = code;
    const reading = () => read(new ByteReader(bytes));
    if (known.includes(code)) expect(reading, `code ${code}`).not.toThrow();
    else expect(reading, `code ${code}`).toThrow(expect.objectContaining({ code: 'MQ_STORE_CORRUPT' }));
  }
});
