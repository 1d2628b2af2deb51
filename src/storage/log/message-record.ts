import { tagHash } from '../../model/tag-filter.ts';
import { type ByteReader, corrupt } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import type { GroupHash } from '../message-group-hash.ts';
import type { Block } from './block.ts';
import { type MessageExtension, readExtension, writeExtension } from './message-extension.ts';
import { isHexId, MESSAGE_ID_BYTES, readHexId, writeHexId } from './message-id-bytes.ts';
import { RECORD } from './record-kinds.ts';

/*
 * Content of a message record:
 *
 *   0  u32 topic id, u16 queue id, u16 flags, u64 queue offset, u64 bornAtMs
 *  24  17 bytes of message id (34 hex digits); with TEXT_ID a short text instead
 *      TAG         i32 hash, short text
 *      GROUP       u32 u32 hash (high, low), short text
 *      KEYS        u16 count, short texts
 *      PROPERTIES  u16 count, pairs of short text and long text
 *      EXTENSION   u32 length, bytes; see message-extension.ts
 *      the body, up to the end of the record
 *
 * Delay messages and half messages have the same content under kinds of their own; their queue offset is 0, and a pointer record gives them a real one.
 */
const FLAG = { tag: 1, group: 2, keys: 4, properties: 8, textId: 16, extension: 32 } as const;
const KNOWN_FLAGS = 63;
const QUEUE_OFFSET_AT = 8;
const MESSAGE_ID_AT = 24;

/** What a message record is made of. */
export interface MessageContent {
  readonly topicId: number;
  readonly queueId: number;
  readonly messageId: string;
  /** The same id as bytes, where the caller has them: to read them out of the text costs a tenth of a small send. */
  readonly idBytes?: Uint8Array | undefined;
  readonly bornAtMs: number;
  readonly tag: string | undefined;
  readonly messageGroup: string | undefined;
  readonly groupHash: GroupHash | undefined;
  readonly keys: readonly string[];
  readonly properties: Readonly<Record<string, string>> | undefined;
  readonly extension?: MessageExtension | undefined;
  readonly body: Uint8Array | string;
}

/** Writes the content and answers where its queue offset must be filled in, which happens when the block's write starts. */
export function writeMessage(writer: ByteWriter, message: MessageContent): number {
  const start = writer.used;
  const { idBytes } = message;
  const textId = idBytes === undefined && !isHexId(message.messageId);
  writer.u32(message.topicId);
  writer.u16(message.queueId);
  writer.u16(flagsOf(message, textId));
  writer.u64(0);
  writer.u64(message.bornAtMs);
  if (idBytes !== undefined) writer.raw(idBytes);
  else if (textId) writer.shortText(message.messageId);
  else writeHexId(writer, message.messageId);
  if (message.tag !== undefined) {
    writer.i32(tagHash(message.tag));
    writer.shortText(message.tag);
  }
  if (message.groupHash !== undefined && message.messageGroup !== undefined) {
    writer.u32(message.groupHash.high);
    writer.u32(message.groupHash.low);
    writer.shortText(message.messageGroup);
  }
  if (message.keys.length > 0) {
    writer.u16(message.keys.length);
    for (const key of message.keys) writer.shortText(key);
  }
  if (message.properties !== undefined) writeProperties(writer, message.properties);
  if (message.extension !== undefined) writeExtension(writer, message.extension);
  if (typeof message.body === 'string') writer.text(message.body);
  else writer.raw(message.body);
  return start + QUEUE_OFFSET_AT;
}

/** What the index needs of a message; read without touching strings or the body. */
export interface MessageHead {
  topicId: number;
  queueId: number;
  queueOffset: number;
  tagHash: number;
  groupHigh: number;
  groupLow: number;
  bornAtMs: number;
  /** Says what follows the head; for `readExtensionBehindHead`. */
  flags: number;
}

/** Reads the head into `into`, which replay uses again for every message. */
export function readMessageHead(reader: ByteReader, into: MessageHead): void {
  into.topicId = reader.u32();
  into.queueId = reader.u16();
  const flags = reader.u16();
  into.queueOffset = reader.u64();
  into.bornAtMs = reader.u64();
  reader.skip(flags & FLAG.textId ? reader.u16() : MESSAGE_ID_BYTES);
  into.tagHash = 0;
  if (flags & FLAG.tag) {
    into.tagHash = reader.i32();
    reader.skip(reader.u16());
  }
  into.groupHigh = flags & FLAG.group ? reader.u32() : 0;
  into.groupLow = flags & FLAG.group ? reader.u32() : 0;
  into.flags = flags;
  if (flags & FLAG.group) reader.skip(reader.u16());
}

/** The extension of the message whose head was read last with this reader; `undefined` where it has none. */
export function readExtensionBehindHead(reader: ByteReader, flags: number): MessageExtension | undefined {
  if ((flags & FLAG.extension) === 0) return undefined;
  if (flags & FLAG.keys) for (let left = reader.u16(); left > 0; left--) reader.skip(reader.u16());
  if (flags & FLAG.properties) {
    for (let left = reader.u16(); left > 0; left--) {
      reader.skip(reader.u16());
      reader.skip(reader.u32());
    }
  }
  return readExtension(reader);
}

/** Reads the id of a message whose head was read with this reader, which stands at the beginning of the record. */
export function readMessageId(reader: ByteReader, flags: number): string {
  reader.skip(MESSAGE_ID_AT);
  return flags & FLAG.textId ? reader.shortText() : readHexId(reader);
}

/** A message as it was stored; owns its body and its strings. */
export type StoredMessage = Readonly<Omit<MessageInBlock, 'take'>>;

/** A message as it is judged, before anybody has taken its body. */
export type MessageWithoutBody = Omit<StoredMessage, 'body'>;

/** Where a message that waited lies since it is visible, and since when. */
export interface VisiblePlace {
  readonly queueId: number;
  readonly queueOffset: number;
  readonly storedAtMs: number;
}

const NO_KEYS: readonly string[] = Object.freeze([]);
const NO_PROPERTIES: Readonly<Record<string, string>> = Object.freeze(Object.create(null) as Record<string, string>);

/** Of a message whose body nobody has taken. */
const NO_BODY = new Uint8Array(0);

/**
 * A message that lies in its block still, as it is judged: everything is read but the body, which most of a filter's messages never need. The block's
 * bytes may be another block's in the next turn of the event loop, so that a message which is not taken at once is void.
 */
export class MessageInBlock {
  readonly topicId: number;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly messageId: string;
  readonly bornAtMs: number;
  readonly storedAtMs: number;
  readonly tag: string | undefined;
  readonly messageGroup: string | undefined;
  readonly keys: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
  readonly extension: MessageExtension | undefined;
  body: Uint8Array = NO_BODY;
  /** Absent once the body was taken: a message must not keep its block alive. */
  #block: Block | undefined;
  readonly #bodyStart: number;
  readonly #bodyEnd: number;

  /** Record `number` of a block; `place` is that of the pointer that made it visible. @throws BrokerError `MQ_STORE_CORRUPT` */
  constructor(block: Block, number: number, place?: VisiblePlace) {
    const bounds = block.record(number);
    const { kind, end } = bounds;
    if (!isMessageKind(kind)) throw corrupt(`record ${number} of block ${block.sequence} is of kind ${kind}, not a message`);
    const reader = block.readerAt(bounds);
    this.topicId = reader.u32();
    const queueId = reader.u16();
    const flags = reader.u16();
    if ((flags & ~KNOWN_FLAGS) !== 0) throw corrupt(`record ${number} of block ${block.sequence} has unknown flags ${flags}`);
    const queueOffset = reader.u64();
    this.queueId = place?.queueId ?? queueId;
    this.queueOffset = place?.queueOffset ?? queueOffset;
    this.bornAtMs = reader.u64();
    this.storedAtMs = place?.storedAtMs ?? block.storedAtMs;
    this.messageId = flags & FLAG.textId ? reader.shortText() : readHexId(reader);
    this.tag = flags & FLAG.tag ? tagOf(reader) : undefined;
    this.messageGroup = flags & FLAG.group ? groupOf(reader) : undefined;
    this.keys = flags & FLAG.keys ? keysOf(reader) : NO_KEYS;
    this.properties = flags & FLAG.properties ? propertiesOf(reader) : NO_PROPERTIES;
    this.extension = flags & FLAG.extension ? readExtension(reader) : undefined;
    this.#block = block;
    this.#bodyStart = reader.at;
    this.#bodyEnd = end;
  }

  /** Copies the body out of the block: from here on the message owns all that it has. */
  take(): StoredMessage {
    if (this.#block !== undefined) this.body = this.#block.bytes.slice(this.#bodyStart, this.#bodyEnd);
    this.#block = undefined;
    return this;
  }
}

/** Reads record `number` of a block as a message that owns all that it has. */
export function readMessage(block: Block, number: number, place?: VisiblePlace): StoredMessage {
  return new MessageInBlock(block, number, place).take();
}

function isMessageKind(kind: number): boolean {
  return kind === RECORD.message || kind === RECORD.delayed || kind === RECORD.half;
}

function flagsOf(message: MessageContent, textId: boolean): number {
  return (
    (message.tag === undefined ? 0 : FLAG.tag) |
    (message.groupHash === undefined ? 0 : FLAG.group) |
    (message.keys.length === 0 ? 0 : FLAG.keys) |
    (message.properties === undefined ? 0 : FLAG.properties) |
    (message.extension === undefined ? 0 : FLAG.extension) |
    (textId ? FLAG.textId : 0)
  );
}

function writeProperties(writer: ByteWriter, properties: Readonly<Record<string, string>>): void {
  const names = Object.keys(properties);
  writer.u16(names.length);
  for (const name of names) {
    writer.shortText(name);
    writer.longText(properties[name] as string);
  }
}

function tagOf(reader: ByteReader): string {
  reader.skip(4);
  return reader.shortText();
}

function groupOf(reader: ByteReader): string {
  reader.skip(8);
  return reader.shortText();
}

function keysOf(reader: ByteReader): readonly string[] {
  const keys: string[] = [];
  for (let left = reader.u16(); left > 0; left--) keys.push(reader.shortText());
  return keys;
}

/** Without a prototype, so that a property named `__proto__` is a property like any other. */
function propertiesOf(reader: ByteReader): Readonly<Record<string, string>> {
  const properties = Object.create(null) as Record<string, string>;
  for (let left = reader.u16(); left > 0; left--) {
    const name = reader.shortText();
    properties[name] = reader.longText();
  }
  return properties;
}
