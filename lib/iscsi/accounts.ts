/** The users of a target, or of discovery, with their secrets (SCST: IncomingUser, OutgoingUser). */
import type { UserModel, UsersModel } from "../scst/model.ts";

/** A name and the secret that proves it. */
export interface Account {
  readonly name: string;
  readonly secret: Uint8Array;
}

function account({ name, secret }: UserModel): Account {
  return { name, secret: new TextEncoder().encode(secret) };
}

export class Accounts {
  #incoming: ReadonlyMap<string, Account>;
  /** Stands for every user that there is not: its secret is nobody's. */
  #nobody = crypto.getRandomValues(new Uint8Array(16));
  #outgoing: Account | undefined;

  constructor({ incomingUsers, outgoingUser }: UsersModel) {
    this.#incoming = new Map(incomingUsers.map((user) => [user.name, account(user)]));
    this.#outgoing = outgoingUser === undefined ? undefined : account(outgoingUser);
  }

  /** Whether an initiator has to prove that it is one of the incoming users. */
  get isRequired(): boolean {
    return this.#incoming.size > 0;
  }

  /** As whom the target proves itself to initiators that ask for it. */
  get outgoing(): Account | undefined {
    return this.#outgoing;
  }

  /** Whether there is an incoming user of that name. */
  has(name: string): boolean {
    return this.#incoming.has(name);
  }

  /** The secret of an incoming user; for an unknown name one that no response can be right with. */
  secretOf(name: string): Uint8Array {
    return this.#incoming.get(name)?.secret ?? this.#nobody;
  }
}

export const NO_ACCOUNTS = new Accounts({ incomingUsers: [] });
