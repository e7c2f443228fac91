import { ManualClock } from "#clock";
import { FormatError } from "#errors";
import { type CliCommand, CliProtocol, parseCliLine } from "#protocols/cli";
import { ScriptedCarrier } from "../../helpers/scripted_carrier.ts";
import type { FuzzRandom } from "../mutate.ts";
import { assertSame, FuzzFailure, type FuzzTarget } from "../target.ts";

const SEEDS = [
  "version\nlistStreams\r\n\r\ngetStreamInfo id=5\nquit\n",
  'pullStream uri=rtmp://h/a/b?x=1\\,2 localStreamName="my cam" keepAlive=1\n',
  String.raw`record names=a,b\,c,"d, e" path=x\=y\ z` + "\nhelp pullStream\n",
  'addUser userName=anna password="\\"quoted\\" \\\\ and ö"\nnext',
  "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nversion\n",
];

/** Command lines: taken apart alike whatever the split, and written again as the same. */
export function cliTarget(): FuzzTarget {
  return {
    name: "cli",
    seeds: SEEDS.map((line) => new TextEncoder().encode(line)),
    async run(bytes, random) {
      const whole = await commandsOf(bytes, [bytes.length]);
      assertSame("commands", whole, await commandsOf(bytes, splits(bytes.length, random)));
      for (const line of new TextDecoder().decode(bytes).split("\n")) assertRewritten(line);
    },
  };
}

/** What a session is asked, and what the peer is told. */
async function commandsOf(bytes: Uint8Array, lengths: readonly number[]): Promise<string[]> {
  const carrier = new ScriptedCarrier();
  const seen: string[] = [];
  const protocol = new CliProtocol({
    clock: new ManualClock(),
    warn() {},
    open: () => ({
      run(command) {
        seen.push(written(command));
        return Promise.resolve({ answer: { status: "SUCCESS", description: "", data: null } });
      },
    }),
  });
  protocol.openOn(carrier);
  let at = 0;
  for (const length of lengths) {
    carrier.deliver(bytes.slice(at, at += length));
  }
  // lines are carried out one after another, all of them in this turn
  await new Promise((resolve) => setTimeout(resolve, 0));
  const outcome = [...seen, `${carrier.closedWith !== undefined}`];
  protocol.close();
  return outcome;
}

function splits(length: number, random: FuzzRandom): number[] {
  const lengths: number[] = [];
  for (let left = length; left > 0;) {
    const part = Math.min(left, 1 + random.below(40));
    lengths.push(part);
    left -= part;
  }
  return lengths;
}

/** A command that was read, written with every escape and read again is the same. */
function assertRewritten(line: string): void {
  let command: CliCommand;
  try {
    command = parseCliLine(line);
  } catch (error) {
    if (error instanceof FormatError) return;
    throw error;
  }
  const again = written(parseCliLine(written(command)));
  if (again !== written(command)) {
    throw new FuzzFailure(`written twice, a command line differs: ${again.slice(0, 80)}`);
  }
}

function written({ name, words, values }: CliCommand): string {
  const quoted = (text: string) => `"${text.replace(/[\\"]/g, "\\$&")}"`;
  const pairs = [...values].map(([key, value]) => `${key}=${[value].flat().map(quoted).join(",")}`);
  return [quoted(name), ...words.map(quoted), ...pairs].join(" ");
}
