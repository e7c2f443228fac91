import type { AcceptorOwner, ApplicationRegistry, SharedObjectControl } from "#application";
import type { RtmpSharedObjects } from "#bridges/rtmp";
import { SharedObjectClients, SharedObjectRegistry } from "#bridges/shared_objects";
import type { Clock } from "#clock";
import type { Logger } from "#log";
import type { RtmpSession } from "#protocols/rtmp";
import type { AmfValue } from "#amf";
import { formatEndpoint } from "#stack";
import { RecordStore } from "#storage";

/** Where persistent shared objects of all applications are, in the data folder. */
const FILE_NAME = "shared_objects.sqlite";

/** What the shared objects of a server are made with. */
export interface SharedObjectsOptions {
  /** The folder that the server keeps its own data in. */
  readonly dataFolder: string;
  readonly applications: ApplicationRegistry;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The shared objects of all applications: who uses them, and where they are kept. */
export class SharedObjects implements Disposable {
  readonly #options: SharedObjectsOptions;
  readonly #store: RecordStore;
  readonly #registries = new Map<string, SharedObjectRegistry>();
  readonly #clients = new Map<RtmpSession, SharedObjectClients>();

  constructor(options: SharedObjectsOptions) {
    this.#options = options;
    this.#store = new RecordStore(`${options.dataFolder}/${FILE_NAME}`);
  }

  /** What RTMP sessions of `owner`'s acceptors bring their messages to. */
  bridge(owner: AcceptorOwner): RtmpSharedObjects {
    const { applications, log } = this.#options;
    return {
      take: (session, { peer, message }) => {
        const running = applications.select(owner, peer.appName);
        if (running === undefined) return;
        let client = this.#clients.get(session);
        if (client === undefined) {
          const line = log.child("rtmp").child(formatEndpoint(session.remote));
          client = new SharedObjectClients(this.#registryOf(running.name), {
            send: (message) => session.sendSharedObject(message),
            refusal: (wish) => applications.sharedObjectRefusal(owner, { peer, wish }),
            warn: (text) => line.warning(text),
          });
          this.#clients.set(session, client);
        }
        client.take(message);
      },
      left: (session) => {
        this.#clients.get(session)?.leave();
        this.#clients.delete(session);
      },
    };
  }

  /** An object as an application uses it. */
  control(
    appName: string,
    name: string,
    options: { readonly isPersistent?: boolean } = {},
  ): SharedObjectControl {
    const object = this.#registryOf(appName).open(name, { isPersistent: options.isPersistent ?? false });
    return {
      get properties() {
        return object.properties;
      },
      get version() {
        return object.version;
      },
      // an application's values are AMF's, as those of its answers to calls
      set: (key, value) => object.set(key, value as AmfValue),
      delete: (key) => object.delete(key),
      clear: () => object.clear(),
      send: (key, ...values) => object.send(key, ...values as AmfValue[]),
    };
  }

  [Symbol.dispose](): void {
    for (const registry of this.#registries.values()) registry[Symbol.dispose]();
    this.#store[Symbol.dispose]();
  }

  #registryOf(appName: string): SharedObjectRegistry {
    let registry = this.#registries.get(appName);
    if (registry === undefined) {
      const { clock, log } = this.#options;
      registry = new SharedObjectRegistry({
        store: this.#store.space(appName),
        after: (delayMs, flush) => void clock.after(delayMs, flush),
        failed: (error) => log.child(appName).error("shared objects cannot be kept", error),
      });
      this.#registries.set(appName, registry);
    }
    return registry;
  }
}
