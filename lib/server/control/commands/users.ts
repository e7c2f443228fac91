import { text } from "#options";
import { type Command, defineCommand } from "../command.ts";
import { counted } from "./parameters.ts";

const GROUP = "Users";

const addUser = defineCommand({
  name: "addUser",
  group: GROUP,
  about: "Adds a user, whom access rules may name; the password is kept as a hash",
  parameters: {
    userName: text({ default: "", doc: "Letters, digits and any of _.@-" }),
    password: text({ default: "", doc: "The password in plain; it is in no answer and no log." }),
  },
  required: ["userName", "password"],
  run: async ({ userName, password }, { server }) => {
    await server.users.add(userName, password);
    return { description: `User ${userName} is added`, data: { userName } };
  },
});

const removeUser = defineCommand({
  name: "removeUser",
  group: GROUP,
  about: "Removes a user whom addUser has added; connections there are go on",
  parameters: { userName: text({ default: "", doc: "Who." }) },
  required: ["userName"],
  word: "userName",
  run: ({ userName }, { server }) => {
    server.users.remove(userName);
    return { description: `User ${userName} is removed`, data: { userName } };
  },
});

const listUsers = defineCommand({
  name: "listUsers",
  group: GROUP,
  about: "Names of all users, and where they come from: configuration, users file or command",
  run: (_args, { server }) => {
    const data = server.users.list().map(({ name, source }) => ({ userName: name, source }));
    return { description: counted(data.length, "user"), data };
  },
});

/** Commands about users. */
export const USER_COMMANDS: readonly Command[] = [addUser, removeUser, listUsers];
