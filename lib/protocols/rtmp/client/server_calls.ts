import type { RtmpCommand } from "../message/command.ts";

/**
 * What a client answers to calls of a server on its NetConnection: the bandwidth checks of Flash Media Server and its
 * kin, some of which give no media before them. It measures nothing; it answers.
 *
 * @returns The answer, or `undefined` where none is wanted.
 */
export function answerServerCall({ name, transactionId }: RtmpCommand): RtmpCommand | undefined {
  if (transactionId === 0 || !BANDWIDTH_CHECKS.has(name)) return undefined;
  return { name: "_result", transactionId, commandObject: null, args: [0] };
}

const BANDWIDTH_CHECKS = new Set(["_onbwcheck", "onBWCheck"]);
