import { ConfigError } from "#errors";
import type { Carrier } from "./carrier.ts";
import type { Protocol } from "./protocol.ts";

/** Where in a stack a protocol is to stand. */
export interface SpawnPlace {
  readonly chain: ChainDeclaration;
  /** Whether nothing is declared on top of it. */
  readonly isNearest: boolean;
}

/** Makes one protocol of a stack; what else it needs, whoever wrote the factory has closed over. */
export type SpawnProtocol = (place: SpawnPlace) => Protocol;

/** A named stack: tags from far to near, the carrier's (`tcp`, `tls`, `udp`) first. */
export interface ChainDeclaration {
  readonly name: string;
  readonly tags: readonly string[];
  /** One line for the chain table: what speaks this. */
  readonly about: string;
}

/** Declares protocols and chains, and spawns the protocols; the server and applications bring factories. */
export interface ProtocolFactory {
  /** Who brings it, for error messages. */
  readonly name: string;
  /** How to make each protocol, by tag. */
  readonly protocols: Readonly<Record<string, SpawnProtocol>>;
  readonly chains: readonly ChainDeclaration[];
}

/** Tags that a carrier stands for; a chain starts with one, or with `tcp, tls`. */
export const CARRIER_TAGS: readonly string[] = ["tcp", "tls", "udp"];

/** What carries a chain: the part of its tags that netio provides. */
export type ChainCarrier = "tcp" | "tls" | "udp";

/** Finds factories by protocol tag and by chain name, and builds stacks. */
export class ProtocolFactoryRegistry {
  readonly #spawn = new Map<string, { spawn: SpawnProtocol; owner: string }>();
  readonly #chains = new Map<string, { chain: ChainDeclaration; owner: string }>();

  /**
   * Adds a factory.
   *
   * @throws {ConfigError} If a tag or chain name is taken, or a chain has its carrier anywhere but at its start.
   */
  register(factory: ProtocolFactory): void {
    for (const tag of Object.keys(factory.protocols)) {
      const taken = CARRIER_TAGS.includes(tag) ? "netio" : this.#spawn.get(tag)?.owner;
      if (taken !== undefined) {
        throw new ConfigError(`Cannot register factory ${factory.name}: protocol ${tag} belongs to ${taken}`);
      }
    }
    for (const [index, chain] of factory.chains.entries()) {
      const isTwice = factory.chains.findIndex(({ name }) => name === chain.name) < index;
      const taken = isTwice ? factory.name : this.#chains.get(chain.name)?.owner;
      if (taken !== undefined) {
        throw new ConfigError(
          `Cannot register factory ${factory.name}: chain ${chain.name} belongs to ${taken}`,
        );
      }
      carrierOf(chain);
    }
    for (const [tag, spawn] of Object.entries(factory.protocols)) {
      this.#spawn.set(tag, { spawn, owner: factory.name });
    }
    for (const chain of factory.chains) this.#chains.set(chain.name, { chain, owner: factory.name });
  }

  /** All chains in the order of registration. */
  chains(): ChainDeclaration[] {
    return [...this.#chains.values()].map((entry) => entry.chain);
  }

  /** The chain called `name`, or `undefined`. */
  chain(name: string): ChainDeclaration | undefined {
    return this.#chains.get(name)?.chain;
  }

  /**
   * The chain called `name`, all of whose protocols can be made; for a start that fails early.
   *
   * @throws {ConfigError} If the chain, or one of its protocols, is unknown.
   */
  requireChain(name: string): ChainDeclaration {
    const chain = this.chain(name);
    if (chain === undefined) throw new ConfigError(`Cannot build stack: no chain is called ${name}`);
    const missing = chain.tags.find((tag) => !CARRIER_TAGS.includes(tag) && !this.#spawn.has(tag));
    if (missing !== undefined) {
      throw new ConfigError(`Cannot build stack ${name}: no factory makes protocol ${missing}`);
    }
    return chain;
  }

  /**
   * Builds the stack of chain `name`, far to near, linked and not yet opened.
   *
   * @returns Its protocols from far to near; open the first on a carrier.
   * @throws {ConfigError} If the chain, or one of its protocols, is unknown.
   * @throws {TypeError} If the chain puts a protocol on top of an endpoint.
   */
  spawn(name: string): Protocol[] {
    const chain = this.requireChain(name);
    const stack: Protocol[] = [];
    const tags = chain.tags.filter((tag) => !CARRIER_TAGS.includes(tag));
    for (const [index, tag] of tags.entries()) {
      const { spawn } = this.#spawn.get(tag)!;
      const protocol = spawn({ chain, isNearest: index === tags.length - 1 });
      stack.at(-1)?.linkNear(protocol);
      stack.push(protocol);
    }
    return stack;
  }

  /**
   * Builds the stack of chain `name` and opens it on `carrier`.
   *
   * @returns The endpoint, nearest to the server.
   * @throws {ConfigError} As `spawn`; also if the chain has no protocol above its carrier.
   */
  open(name: string, carrier: Carrier): Protocol {
    const stack = this.spawn(name);
    const bottom = stack[0];
    if (bottom === undefined) throw new ConfigError(`Cannot open stack ${name}: it is only a carrier`);
    bottom.openOn(carrier);
    return stack.at(-1)!;
  }
}

/**
 * The carrier that chain `chain` needs.
 *
 * @throws {ConfigError} If its first tag is no carrier, or a later one but `tls` behind `tcp` is.
 */
export function carrierOf(chain: ChainDeclaration): ChainCarrier {
  const [first, second] = chain.tags;
  if (first !== "tcp" && first !== "udp") {
    throw new ConfigError(
      `Cannot use chain ${chain.name}: it must start with tcp or udp, starts with ${first ?? "nothing"}`,
    );
  }
  const carrier = first === "tcp" && second === "tls" ? "tls" : first;
  const misplaced = chain.tags.slice(carrier === "tls" ? 2 : 1).find((tag) => CARRIER_TAGS.includes(tag));
  if (misplaced !== undefined) {
    throw new ConfigError(`Cannot use chain ${chain.name}: ${misplaced} must not stand on ${carrier}`);
  }
  return carrier;
}
