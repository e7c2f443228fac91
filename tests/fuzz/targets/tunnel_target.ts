import { ManualClock } from "#clock";
import { HttpServerProtocol } from "#protocols/http";
import { decodeSharedObject, encodeSharedObject, MESSAGE_TYPE } from "#protocols/rtmp";
import { RtmpeProtocol } from "#protocols/rtmpe";
import { RtmptProtocol, RtmptTunnel } from "#protocols/rtmpt";
import { Protocol } from "#stack";
import { SinkCarrier } from "../../helpers/sink_carrier.ts";
import { splitAtRandom } from "../mutate.ts";
import { assertSame, FuzzFailure, isBadInput } from "../target.ts";
import type { FuzzTarget } from "../target.ts";

/** What stands on a tunnel: keeps what it gets as text. */
class NearProtocol extends Protocol {
  readonly tag = "near";
  readonly kind = "endpoint";
  received = "";
  protected override onReceive(bytes: Uint8Array): void {
    this.received += bytes.toHex();
  }
}

const zeros = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(length);
/** The id that the tunnel draws from zeros. */
const SESSION = "0".repeat(32);

const RTMPT_SEEDS = [
  ["/open/1", `/send/${SESSION}/1`, `/idle/${SESSION}/2`, `/close/${SESSION}/3`],
  ["/fcs/ident2", "/open/1", `/send/${SESSION}/7`, `/send/${SESSION}/9`, `/send/${SESSION}/8`],
  ["/open/1", `/send/${SESSION}/4294967295`, `/send/${SESSION}/0`, `/idle/${"f".repeat(32)}/1`],
].map((paths) =>
  new TextEncoder().encode(
    paths.map((path) => `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello`).join(""),
  )
);

/** Requests of RTMPT: what reaches the session is the same however they are split, and it is given back. */
export function rtmptTarget(): FuzzTarget {
  return {
    name: "rtmpt",
    seeds: RTMPT_SEEDS,
    async run(bytes, random) {
      const whole = await tunnelled([bytes]);
      assertSame("input of the session", [whole], [await tunnelled(splitAtRandom(bytes, random))]);
    },
  };
}

async function tunnelled(parts: readonly Uint8Array[]): Promise<string> {
  const clock = new ManualClock();
  const nears: NearProtocol[] = [];
  const tunnel = new RtmptTunnel({
    clock,
    randomBytes: zeros,
    open: (carrier) => {
      const near = new NearProtocol();
      nears.push(near);
      near.openOn(carrier);
    },
  });
  const http = new HttpServerProtocol({ clock });
  http.linkNear(new RtmptProtocol(tunnel));
  const carrier = new SinkCarrier();
  http.openOn(carrier);
  for (const part of parts) {
    carrier.feed(part);
    for (let turn = 0; turn < 60; turn++) await Promise.resolve();
  }
  if (carrier.end !== undefined && !isBadInput(carrier.end)) throw carrier.end;
  carrier.abort(new Error("The run is over"));
  clock.advance(120_000);
  if (tunnel.size > 0) throw new FuzzFailure(`${tunnel.size} sessions were left behind`);
  return nears.map(({ received }) => received).join("|");
}

/** Handshakes of RTMPE, with and without a good digest, and what follows in plain. */
export function rtmpeTarget(): FuzzTarget {
  const hello = new Uint8Array(1 + 1536 + 1536 + 20).fill(7);
  hello[0] = 6;
  return {
    name: "rtmpe",
    seeds: [hello, Uint8Array.of(3, ...hello.subarray(1)), Uint8Array.of(6)],
    run(bytes, random) {
      const outcomes = [[bytes], splitAtRandom(bytes, random)].map((parts) => {
        const protocol = new RtmpeProtocol({ randomBytes: zeros });
        const near = new NearProtocol();
        protocol.linkNear(near);
        const carrier = new SinkCarrier();
        protocol.openOn(carrier);
        for (const part of parts) carrier.feed(part);
        if (carrier.end !== undefined && !isBadInput(carrier.end)) throw carrier.end;
        return `${carrier.end?.message} ${near.received}`;
      });
      assertSame("RTMPE", [outcomes[0]!], [outcomes[1]!]);
    },
  };
}

const OBJECT = { name: "score", version: 3, isPersistent: true } as const;

/** Shared object messages: what was decoded is the same once it was encoded and decoded again. */
export function sharedObjectTarget(): FuzzTarget {
  const types = [MESSAGE_TYPE.SharedObjectAmf0, MESSAGE_TYPE.SharedObjectAmf3];
  const seeds = types.map((type) =>
    encodeSharedObject(type, {
      ...OBJECT,
      events: [
        { type: "use" },
        { type: "requestChange", name: "a", value: ["x", { y: 1 }] },
        { type: "sendMessage", values: ["f", true, null] },
        { type: "status", code: "c", level: "error" },
        { type: "remove", name: "b" },
      ],
    })
  );
  return {
    name: "shared_object",
    seeds,
    run(bytes) {
      for (const type of types) {
        let message;
        try {
          message = decodeSharedObject(type, bytes);
        } catch (error) {
          if (isBadInput(error)) continue;
          throw error;
        }
        let again;
        try {
          again = encodeSharedObject(type, message);
        } catch (error) {
          // values that go in circles can be read and not be written
          if (isBadInput(error) || error instanceof TypeError) continue;
          throw error;
        }
        assertSame("events", [shown(message)], [shown(decodeSharedObject(type, again))]);
      }
    },
  };
}

function shown(value: unknown): string {
  return Deno.inspect(value, { depth: 20, strAbbreviateSize: 1_000, iterableLimit: 1_000 });
}
