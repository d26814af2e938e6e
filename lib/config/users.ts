/**
 * Users and their secrets (SCST: IncomingUser, OutgoingUser). No message here quotes what is
 * written: a secret, or a mistake with a secret in it, must not reach a log.
 */
import type { UserModel, UsersModel } from "../scst/model.ts";
import type { Attribute, AttributeTable } from "./attribute.ts";
import { type ConfigNode, describeKind, isEmpty, type MapEntry } from "./node.ts";
import { joinPath, type Position, type ProblemList } from "./problem.ts";

/** A user with the place of its secret. */
export interface UserDraft extends UserModel {
  readonly path: string;
  readonly at: Position;
}

/** The keys of an object that has users, under the names of SCST. */
export interface UserAttributes {
  IncomingUser: readonly UserDraft[];
  OutgoingUser: readonly UserDraft[];
}

/** Names of users. */
export const USER_NAME = /^[!-~]{1,255}$/;
export const USER_NAME_ALLOWED = "1 to 255 printable ASCII characters without blanks";

/** RFC 7143 9.2.1 wants 96 bits or more; blanks at the ends are seen by nobody. */
export const SECRET = /^[!-~][ -~]{10,253}[!-~]$/;
export const SECRET_ALLOWED = "12 to 255 printable ASCII characters without a blank at either end";

const FORM = 'it must be a map of names and secrets, as in {joe: "12 characters or more"}';

function users(most: number): Attribute<readonly UserDraft[]> {
  const read = (node: ConfigNode, path: string, problems: ProblemList) => {
    if (node.kind === "broken") return undefined;
    if (node.kind !== "map") {
      problems.add(node.at, path, `has no users: ${FORM}`);
      return undefined;
    }
    if (node.entries.length === 0 || node.entries.length > most) {
      // An empty list would let everybody in, which is not what its author had in mind.
      const what = most === 1 ? "must have one user" : "must have a user";
      problems.add(node.at, path, `${what}: it has ${node.entries.length}`);
      return undefined;
    }
    const found = node.entries.map((entry) => readUser(entry, path, problems));
    return found.filter((user) => user !== undefined);
  };
  return { fallback: [], read };
}

/** A user; while anything is wrong with it not even its name is shown, as a blank may be missing. */
function readUser(
  { key: name, keyAt, value }: MapEntry,
  path: string,
  problems: ProblemList,
): UserDraft | undefined {
  if (!USER_NAME.test(name)) {
    problems.add(keyAt, path, `has a wrong name of a user: it must be ${USER_NAME_ALLOWED}`);
    return undefined;
  }
  if (value.kind === "broken") return undefined;
  if (isEmpty(value)) {
    problems.add(keyAt, path, `has a user without a secret: ${FORM}`);
    return undefined;
  }
  if (value.kind === "scalar" && SECRET.test(value.text)) {
    return { name, secret: value.text, path: joinPath(path, name), at: value.at };
  }
  const current = value.kind === "scalar" ? `${value.text.length} characters` : describeKind(value);
  const what = `has a wrong secret: it must be ${SECRET_ALLOWED}`;
  problems.add(value.at, path, `${what}: current value is ${current}`);
  return undefined;
}

/** The attributes of an object that has users. */
export const USERS: AttributeTable<UserAttributes> = {
  IncomingUser: users(Infinity),
  OutgoingUser: users(1),
};

/** The model of the users of an object. */
export function usersModel({ IncomingUser, OutgoingUser }: UserAttributes): UsersModel {
  const model = ({ name, secret }: UserDraft): UserModel => ({ name, secret });
  const [outgoing] = OutgoingUser;
  return {
    incomingUsers: IncomingUser.map(model),
    ...(outgoing === undefined ? {} : { outgoingUser: model(outgoing) }),
  };
}

/**
 * Adds a problem for every outgoing user that nobody can ask for, or that has the secret of an
 * incoming one: whoever knows that could pass for the target (RFC 7143 9.2.1).
 */
export function checkUsers(owners: readonly UserAttributes[], problems: ProblemList): void {
  const incoming = new Map(
    owners.flatMap(({ IncomingUser }) => IncomingUser).map((user) => [user.secret, user]),
  );
  for (const { IncomingUser, OutgoingUser } of owners) {
    for (const { secret, at, path } of OutgoingUser) {
      const other = incoming.get(secret);
      if (other !== undefined) {
        const what = "must have a secret of its own: it has that of";
        problems.add(at, path, `${what} ${other.path} in line ${other.at.line}`);
      } else if (IncomingUser.length === 0) {
        const why = "a target authenticates only to an initiator that has done so";
        problems.add(at, path, `must not be there without an IncomingUser: ${why}`);
      }
    }
  }
}

/** A sentence for each secret that users of different names share (RFC 7143 9.2.1: SHOULD NOT). */
export function sharedSecrets(owners: readonly UserAttributes[]): string[] {
  const bySecret = Map.groupBy(
    owners.flatMap(({ IncomingUser, OutgoingUser }) => [...IncomingUser, ...OutgoingUser]),
    ({ secret }) => secret,
  );
  return [...bySecret.values()].flatMap((sharers) => {
    const [one, other] = new Map(sharers.map((user) => [user.name, user])).values();
    if (one === undefined || other === undefined) return [];
    return [`${one.path} and ${other.path} have the same secret: each can pass for the other`];
  });
}
