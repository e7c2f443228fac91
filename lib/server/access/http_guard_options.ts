import { choice, list, type OptionsOf, text } from "#options";

/** The table `auth` of an acceptor. */
export const HTTP_AUTH_OPTIONS = {
  realms: list({
    name: text({ default: "", doc: "What browsers show when they ask for user and password." }),
    method: choice(["any", "Basic", "Digest"], {
      default: "any",
      doc: "How passwords are sent; Digest needs them in plain here.",
    }),
    users: list({
      name: text({ default: "", doc: "Letters, digits and any of _.@-" }),
      password: text({ default: "", doc: "What `crtmp passwd` prints; or the password in plain." }),
    }, { default: [], doc: "Who may." }),
  }, { default: [], doc: "Areas, each with its users." }),
  uris: list({
    uri: text({
      default: "/",
      pattern: /^\//,
      allowed: "a path that begins with /",
      doc: "This path, and all below it.",
    }),
    realm: text({ default: "", doc: "The area it belongs to." }),
  }, {
    default: [],
    doc: "Paths that are asked for; of several that fit, the longest counts. Others are open.",
  }),
};

/** What the table `auth` of an acceptor says. */
export type HttpAuthConfig = OptionsOf<typeof HTTP_AUTH_OPTIONS>;

/** Whether every path is asked for. */
export function isGuardedThroughout({ uris }: HttpAuthConfig): boolean {
  return uris.some(({ uri }) => uri === "/");
}

/** What is wrong with the table `auth` of the acceptor at `path`. */
export function* httpAuthFaults(
  { realms, uris }: HttpAuthConfig,
  path: string,
): Generator<{ readonly path: string; readonly message: string }> {
  const names = realms.map(({ name }) => name);
  for (const [index, { name, users }] of realms.entries()) {
    const at = `${path}.realms[${index}]`;
    if (name === "") yield { path: `${at}.name`, message: `${at}.name must be set` };
    else if (names.indexOf(name) < index) {
      yield {
        path: `${at}.name`,
        message: `${at}.name must be unique, ${path}.realms[${names.indexOf(name)}] has it`,
      };
    }
    if (users.length === 0) {
      yield { path: `${at}.users`, message: `${at}.users must not be empty: nobody could come in` };
    }
    for (const [place, { name, password }] of users.entries()) {
      const user = `${at}.users[${place}]`;
      if (name === "" || password === "") {
        yield { path: user, message: `${user} must have a name and a password` };
      }
    }
  }
  for (const [index, { realm }] of uris.entries()) {
    const at = `${path}.uris[${index}].realm`;
    if (names.includes(realm)) continue;
    yield {
      path: at,
      message: `${at} must be one of ${
        names.join(", ") || "realms, of which there are none"
      }, current value is ${JSON.stringify(realm)}`,
    };
  }
}
