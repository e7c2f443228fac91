import assert from "node:assert/strict";
import { ManualClock } from "#clock";
import type { Carrier } from "#stack";
import { settled } from "./_rig_test.ts";
import { DescriptorGauge, LEARNED_LIMIT_MS, RESERVED_DESCRIPTORS } from "./descriptor_gauge.ts";
import { ACCEPT_BACKOFF_MS, ACCEPT_LOG_INTERVAL_MS, Listener } from "./listener.ts";
import type { Acceptor } from "./listener.ts";

/** An acceptor of the test: connections, or errors, come when it says so. */
class ScriptedAcceptor implements Acceptor {
  asked = 0;
  isClosed = false;
  #waiting = Promise.withResolvers<Deno.Conn>();

  accept(): Promise<Deno.Conn> {
    this.asked++;
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  close(): void {
    this.isClosed = true;
    this.#waiting.reject(new Deno.errors.BadResource("Listener has been closed"));
  }

  async arrive(): Promise<void> {
    this.#waiting.resolve({} as Deno.Conn);
    await settled();
  }

  async fail(error: Error): Promise<void> {
    this.#waiting.reject(error);
    await settled();
  }
}

function emfile(): Error {
  return Object.assign(new Error("Too many open files (os error 24)"), { code: "EMFILE" });
}

/** A listener on a scripted acceptor; `open` holds what it accepted. */
function rig(options: { maxOpen?: number; accepted?: (carrier: Carrier) => void } = {}) {
  const clock = new ManualClock();
  const acceptor = new ScriptedAcceptor();
  let reserved = 0;
  const gauge = new DescriptorGauge({
    clock,
    ...(options.maxOpen === undefined ? {} : { maxOpen: options.maxOpen }),
    openReserve: () => {
      reserved++;
      return { close: () => void reserved-- };
    },
  });
  gauge.reserve();
  const lines: string[] = [];
  const carriers: Carrier[] = [];
  const aborted: Error[] = [];
  const listener = new Listener(acceptor, {
    local: { address: "127.0.0.1", port: 1 },
    clock,
    gauge,
    log: { warn: (text) => void lines.push(text) },
    carry: () => {
      gauge.add();
      return {
        abort: (error: Error) => {
          aborted.push(error);
          gauge.remove();
        },
      } as Carrier;
    },
    onClosed() {},
    accepted: options.accepted ?? ((carrier) => void carriers.push(carrier)),
  });
  return { clock, acceptor, gauge, lines, carriers, aborted, listener, reserved: () => reserved };
}

Deno.test("Listener stops at its limit, says so once, and goes on when there is room", async () => {
  const { acceptor, carriers, clock, gauge, lines, listener } = rig({ maxOpen: 3 });
  for (let i = 0; i < 3; i++) await acceptor.arrive();
  assert.deepEqual([carriers.length, acceptor.asked], [3, 3], "it asks for no fourth");
  for (let i = 0; i < 5; i++) {
    clock.advance(ACCEPT_BACKOFF_MS);
    await settled();
  }
  assert.equal(acceptor.asked, 3);
  assert.deepEqual(lines, [
    "Cannot accept connections for now: 3 connections are open, no more than 3 may be",
  ]);
  gauge.remove();
  clock.advance(ACCEPT_BACKOFF_MS);
  await settled();
  assert.equal(acceptor.asked, 4);
  await acceptor.arrive();
  assert.deepEqual(lines.slice(1), ["Accepting again, 2 connections are open"]);
  for (let i = 0; i < 50; i++) {
    gauge.remove();
    clock.advance(ACCEPT_BACKOFF_MS);
    await settled();
    await acceptor.arrive();
  }
  assert.equal(lines.length, 2, "coming and going at the limit fills no log");
  gauge.remove();
  clock.advance(ACCEPT_LOG_INTERVAL_MS);
  await settled();
  await acceptor.arrive();
  assert.equal(lines.length, 3, "but it is said again after a while");
  listener.close();
  await settled();
  assert.equal(clock.pending, 0);
});

Deno.test("Listener survives the descriptor limit: learns it, frees the reserve, and recovers below 90 %", async () => {
  const { acceptor, carriers, clock, gauge, lines, listener, reserved } = rig();
  assert.equal(reserved(), RESERVED_DESCRIPTORS);
  for (let i = 0; i < 20; i++) await acceptor.arrive();
  await acceptor.fail(emfile());
  assert.deepEqual([gauge.limit, reserved(), carriers.length], [18, 0, 20]);
  assert.match(lines[0]!, /^Cannot accept connections for now: Too many open files/);
  const asked = acceptor.asked;
  for (let i = 0; i < 2; i++) {
    gauge.remove();
    clock.advance(ACCEPT_BACKOFF_MS);
    await settled();
  }
  assert.equal(acceptor.asked, asked, "18 of 20 are 90 %");
  gauge.remove();
  clock.advance(ACCEPT_BACKOFF_MS);
  await settled();
  await acceptor.arrive();
  assert.equal(carriers.length, 21);
  assert.equal(lines.at(-1), "Accepting again, 17 connections are open");
  listener.close();
  await settled();
  assert.equal(clock.pending, 0);
});

Deno.test("Listener lets a connection go that went before it was accepted, without a pause", async () => {
  const { acceptor, carriers, clock, lines, listener } = rig();
  await acceptor.fail(new Deno.errors.ConnectionAborted("Software caused connection abort"));
  assert.equal(clock.pending, 0);
  await acceptor.arrive();
  assert.deepEqual([carriers.length, lines], [1, []]);
  listener.close();
  await settled();
});

Deno.test("Listener ends a connection that nothing can be opened on, and takes the next", async () => {
  let tries = 0;
  const { acceptor, aborted, clock, gauge, lines, listener } = rig({
    accepted: () => {
      if (tries++ === 0) throw new Error("The factory failed");
    },
  });
  await acceptor.arrive();
  assert.deepEqual(aborted.map((error) => error.message), ["The factory failed"]);
  assert.equal(gauge.open, 0);
  assert.deepEqual(lines, ["Cannot open a stack on a connection: The factory failed"]);
  assert.equal(clock.pending, 0, "this is no reason to wait");
  await acceptor.arrive();
  assert.deepEqual([tries, gauge.open], [2, 1]);
  listener.close();
  await settled();
});

Deno.test("Listener that is closed asks for nothing more and leaves no timer", async () => {
  const { acceptor, clock, listener, lines } = rig({ maxOpen: 1 });
  await acceptor.arrive();
  assert.equal(clock.pending, 1, "it waits for room");
  listener.close();
  listener.close();
  await settled();
  assert.deepEqual([acceptor.isClosed, acceptor.asked, clock.pending, lines.length], [true, 1, 0, 1]);
});

Deno.test("DescriptorGauge allows exactly as many connections as it was told", () => {
  const clock = new ManualClock();
  for (let maxOpen = 1; maxOpen <= 2_000; maxOpen++) {
    const gauge = new DescriptorGauge({ clock, maxOpen, openReserve: () => ({ close() {} }) });
    for (let i = 0; i < maxOpen; i++) {
      assert.ok(gauge.mayAccept());
      gauge.add();
    }
    assert.equal(gauge.mayAccept(), false, `${maxOpen}`);
  }
});

Deno.test("DescriptorGauge counts open, peak and total", () => {
  const gauge = new DescriptorGauge({ clock: new ManualClock(), openReserve: () => ({ close() {} }) });
  for (let i = 0; i < 5; i++) gauge.add();
  for (let i = 0; i < 4; i++) gauge.remove();
  gauge.add();
  assert.deepEqual([gauge.open, gauge.peak, gauge.total, gauge.limit], [2, 5, 6, Infinity]);
});

Deno.test("DescriptorGauge does not believe a limit for ever that it learned in a shortage", () => {
  const clock = new ManualClock();
  let reserved = 0;
  let isShort = false;
  const gauge = new DescriptorGauge({
    clock,
    openReserve: () => {
      if (isShort) throw emfile();
      reserved++;
      return { close: () => void reserved-- };
    },
  });
  gauge.reserve();
  for (let i = 0; i < 10; i++) gauge.add();
  gauge.refused();
  assert.deepEqual([gauge.limit, gauge.mayAccept(), reserved], [9, false, 0]);

  isShort = true;
  clock.advance(LEARNED_LIMIT_MS);
  assert.deepEqual(
    [gauge.mayAccept(), gauge.limit, reserved],
    [false, 9, 0],
    "the reserve cannot be had yet",
  );

  isShort = false;
  clock.advance(LEARNED_LIMIT_MS - 1);
  assert.equal(gauge.mayAccept(), false);
  clock.advance(1);
  assert.deepEqual([gauge.mayAccept(), gauge.limit, reserved], [true, Infinity, RESERVED_DESCRIPTORS]);
});

Deno.test("DescriptorGauge that was refused its very first connection still lets one in", () => {
  const gauge = new DescriptorGauge({ clock: new ManualClock(), openReserve: () => ({ close() {} }) });
  gauge.refused();
  assert.equal(gauge.mayAccept(), true);
});
