/**
 * `IncomingUser` and `OutgoingUser` of a target, and of the driver for discovery. No message here quotes
 * what is written: it may be a secret, or a mistake with a secret in it.
 */
import { SECRET, SECRET_ALLOWED, USER_NAME, USER_NAME_ALLOWED } from "../config/users.ts";
import type { UserModel, UsersModel } from "../scst/model.ts";
import { INCOMING } from "./instances.ts";
import { changeable, daemonText, type FoundEntries } from "./nodes.ts";
import { refuse, TreeError } from "./tree.ts";
import { splitWord } from "./words.ts";

export const OUTGOING = "OutgoingUser";

/** A name and a secret. Throws EINVAL. */
function parseUser(text: string): UserModel {
  const [name, rest] = splitWord(text);
  const secret = rest.trim();
  if (!USER_NAME.test(name)) {
    throw new TreeError("EINVAL", `The name of a user must be ${USER_NAME_ALLOWED}`);
  }
  if (!SECRET.test(secret)) {
    const what = `The secret of a user must be ${SECRET_ALLOWED}`;
    throw new TreeError("EINVAL", `${what}: there are ${secret.length} characters`);
  }
  return { name, secret };
}

/** RFC 7143 9.2.1: whoever knows the secret of a user could pass for the target. */
function checked<T extends UsersModel>(users: T): T {
  const { incomingUsers, outgoingUser } = users;
  if (incomingUsers.some(({ secret }) => secret === outgoingUser?.secret)) {
    const what = `${OUTGOING} must have a secret of its own`;
    throw new TreeError("EINVAL", `${what}: it has that of an ${INCOMING}`);
  }
  return users;
}

/** With one more user; a second outgoing one takes the place of the first. Throws EINVAL. */
export function withUser<T extends UsersModel>(users: T, attribute: string, text: string): T {
  const user = parseUser(text);
  if (attribute === OUTGOING) return checked({ ...users, outgoingUser: user });
  if (users.incomingUsers.some(({ name }) => name === user.name)) {
    throw new TreeError("EINVAL", `There is an ${INCOMING} of that name already`);
  }
  return checked({ ...users, incomingUsers: [...users.incomingUsers, user] });
}

/** Without a user, whose name comes first in the text. Throws ENOENT. */
export function withoutUser<T extends UsersModel>(users: T, attribute: string, text: string): T {
  const [name] = splitWord(text);
  if (attribute === OUTGOING) {
    if (users.outgoingUser?.name !== name) refuse("ENOENT", `There is no such ${OUTGOING}`);
    const { outgoingUser: _, ...others } = users;
    return others as T;
  }
  const left = users.incomingUsers.filter((user) => user.name !== name);
  if (left.length === users.incomingUsers.length) refuse("ENOENT", `There is no such ${INCOMING}`);
  return { ...users, incomingUsers: left };
}

/** The files of the users of an object; `nameOf` says what the one of an incoming user is called. */
export function userFiles<T extends UsersModel>(
  nameOf: (user: string) => string,
  get: () => T,
  change: (update: (users: T) => T) => Promise<void>,
): FoundEntries {
  const files = (): [string, UserModel, (users: T, user: UserModel) => T][] => {
    const { incomingUsers, outgoingUser } = get();
    const incoming = incomingUsers.map((user): ReturnType<typeof files>[number] => [
      nameOf(user.name),
      user,
      (users, next) => ({
        ...users,
        incomingUsers: users.incomingUsers.map((one) => one.name === user.name ? next : one),
      }),
    ]);
    if (outgoingUser === undefined) return incoming;
    return [...incoming, [
      OUTGOING,
      outgoingUser,
      (users, next) => ({ ...users, outgoingUser: next }),
    ]];
  };
  return {
    names: () => files().map(([name]) => name),
    lookup: (name) => {
      const found = files().find(([own]) => own === name);
      if (found === undefined) return undefined;
      const [, user, replace] = found;
      const read = () => daemonText(`${user.name} ${user.secret}`, true);
      const write = (text: string) =>
        change((users) => checked(replace(users, parseUser(text.trim()))));
      return changeable(read, write, 0o600);
    },
  };
}
