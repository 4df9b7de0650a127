// Reading what a watch tells, in the form that nearly all of it has: slots that were written, those of a transaction in one
// line. Every process that watches a scope reads every commit of all others there, so it is taken apart as the text that it
// is, in a third of the time of JSON. What is not to the letter as etcd's gateway writes it is for JSON.

import type { KeyValue, WatchAnswer } from "./messages.ts";

/** {"result":{"header":{…},"events":[EVENT,EVENT]}} */
const BEFORE_HEADER = '{"result":{"header":{';
const BEFORE_EVENTS = '},"events":[';
/** {"kv":{"key":"KEY","create_revision":"1","mod_revision":"2","version":"1","value":"VALUE"}} */
const BEFORE_KEY = '{"kv":{"key":"';
const BEFORE_CREATED = '","create_revision":"';
const BEFORE_REVISION = '","mod_revision":"';
const BEFORE_VERSION = '","version":"';
const BEFORE_VALUE = '","value":"';
const BEFORE_NEXT = '"}},';
const END = '"}}]}}';

export function readPlainEvents(line: string): Pick<WatchAnswer, "events"> | undefined {
  if (!line.startsWith(BEFORE_HEADER)) return undefined;
  const headerEnd = line.indexOf("}", BEFORE_HEADER.length);
  if (!line.startsWith(BEFORE_EVENTS, headerEnd)) return undefined;
  const events: { readonly kv: KeyValue }[] = [];
  for (let at = headerEnd + BEFORE_EVENTS.length; ;) {
    const keyEnd = endOfText(line, BEFORE_KEY, at);
    const createdEnd = endOfText(line, BEFORE_CREATED, keyEnd);
    const revisionEnd = endOfText(line, BEFORE_REVISION, createdEnd);
    const versionEnd = endOfText(line, BEFORE_VERSION, revisionEnd);
    const valueEnd = endOfText(line, BEFORE_VALUE, versionEnd);
    if (valueEnd === -1) return undefined;
    const key = line.slice(at + BEFORE_KEY.length, keyEnd);
    const revision = line.slice(createdEnd + BEFORE_REVISION.length, revisionEnd);
    const value = line.slice(versionEnd + BEFORE_VALUE.length, valueEnd);
    events.push({ kv: { key, mod_revision: revision, value } });
    if (line.startsWith(BEFORE_NEXT, valueEnd)) at = valueEnd + BEFORE_NEXT.length;
    else
      return line.startsWith(END, valueEnd) && valueEnd + END.length === line.length ? { events } : undefined;
  }
}

/** Where the text ends that begins after `before`, which is at `at`; -1: it is not, or `at` is -1. */
function endOfText(line: string, before: string, at: number): number {
  return at !== -1 && line.startsWith(before, at) ? line.indexOf('"', at + before.length) : -1;
}
