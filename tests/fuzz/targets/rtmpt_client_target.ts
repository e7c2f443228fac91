import { ManualClock } from "#clock";
import { ClosedError } from "#errors";
import { HttpClientProtocol } from "#protocols/http";
import { RtmptClientCarrier } from "#protocols/rtmpt";
import { SinkCarrier } from "../../helpers/sink_carrier.ts";
import { splitAtRandom } from "../mutate.ts";
import { FuzzFailure, isBadInput } from "../target.ts";
import type { FuzzTarget } from "../target.ts";

/** Longest wait between two polls that a server can ask for, in ms, and more. */
const POLL_MS = 60_000;

const answer = (body: string, head = "") =>
  `HTTP/1.1 200 OK\r\n${head}Content-Length: ${body.length}\r\n\r\n${body}`;
const SEEDS = [
  answer("session1\n") + answer("\x01hello") + answer("\x01") + answer("\x05more of it"),
  answer("abc") + answer("\x01x", "Connection: close\r\n") + answer("\xff") + answer(""),
  answer("abc") + "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n\x01ab\r\n0\r\n\r\n" +
  answer("\x01"),
  answer("abc") + "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
].map((text) => Uint8Array.from(text, (character) => character.charCodeAt(0)));

/** Answers to a client of RTMPT: no byte is delivered twice, every session ends, and no timer is left. */
export function rtmptClientTarget(): FuzzTarget {
  return {
    name: "client_rtmpt",
    seeds: SEEDS,
    async run(bytes, random) {
      const clock = new ManualClock();
      const connections: SinkCarrier[] = [];
      const opening = RtmptClientCarrier.start({
        clock,
        authority: "example.org",
        openHttp: () => {
          const carrier = new SinkCarrier();
          connections.push(carrier);
          const http = new HttpClientProtocol({ clock });
          http.openOn(carrier);
          return Promise.resolve(http);
        },
      });
      const session = startedWith(opening);
      for (const part of splitAtRandom(bytes, random)) {
        await settle();
        connections.at(-1)?.feed(part.slice());
        await settle();
        if (random.below(3) === 0) clock.advance(POLL_MS);
      }
      connections.at(-1)?.abort(new ClosedError("The server is gone"));
      await settle();
      const { carrier, received } = await session;
      carrier?.abort(new ClosedError("The run is over"));
      for (const connection of connections) {
        if (connection.end !== undefined && !isBadInput(connection.end)) throw connection.end;
        connection.abort(new ClosedError("The run is over"));
      }
      await settle();
      if (received() > bytes.length) {
        throw new FuzzFailure(`${received()} of ${bytes.length} bytes were delivered`);
      }
      if (clock.pending > 0) throw new FuzzFailure(`${clock.pending} timers were left behind`);
    },
  };
}

interface Session {
  readonly carrier?: RtmptClientCarrier;
  readonly received: () => number;
}

async function startedWith(opening: Promise<RtmptClientCarrier>): Promise<Session> {
  let received = 0;
  try {
    const carrier = await opening;
    carrier.open({
      receive: (bytes) => {
        received += bytes.length;
        // every other read is answered, so that requests have bodies, too
        if (received % 2 === 0) carrier.send(Uint8Array.of(received & 0xff));
      },
      closed: (error) => {
        if (!isBadInput(error)) throw error;
      },
    });
    return { carrier, received: () => received };
  } catch (error) {
    if (!isBadInput(error)) throw error;
    return { received: () => received };
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
}
