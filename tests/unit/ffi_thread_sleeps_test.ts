import assert from "node:assert/strict";
import { closeFile, createMemoryFile } from "../../ffi/file.ts";
import { sizeOfFile } from "../../ffi/file_facts.ts";
import { threadSleeps } from "../../ffi/thread_sleeps.ts";

const CALLS = 1000;

Deno.test("threadSleeps() counts the waits of a thread, and not its work", () => {
  const fd = createMemoryFile();
  const start = threadSleeps();
  for (let call = 0; call < CALLS; call++) assert.equal(sizeOfFile(fd), 0);
  const worked = threadSleeps();
  const word = new Int32Array(new SharedArrayBuffer(4));
  for (let wait = 0; wait < 10; wait++) Atomics.wait(word, 0, 0, 1);
  const waited = threadSleeps();
  closeFile(fd);
  assert(worked - start < CALLS / 10, `${worked - start} waits in ${CALLS} calls`);
  assert(waited - worked >= 10, `${waited - worked} waits`);
});
