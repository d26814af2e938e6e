/** A part of a JSON document that knows where it is: what is not of the kind that is asked for is an error. */
import { ConfigError } from "../problem.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export class Member {
  /** File and path, for messages. */
  readonly at: string;
  readonly #values: JsonObject;

  constructor(values: JsonObject, at: string) {
    this.#values = values;
    this.at = at;
  }

  /** The whole document. Throws a ConfigError if it is no object. */
  static root(json: unknown, path: string): Member {
    if (!isObject(json)) throw new ConfigError([`${path}: it must be an object`]);
    return new Member(json, path);
  }

  /** The objects of a list; there are none where the key is missing. */
  list(key: string): readonly Member[] {
    const value = this.#values[key] ?? [];
    if (!Array.isArray(value)) throw this.#wrong(key, "a list");
    return value.map((item, index) => {
      if (!isObject(item)) throw this.#wrong(`${key}[${index}]`, "an object");
      return new Member(item, this.#place(`${key}[${index}]`));
    });
  }

  /** An object; an empty one where the key is missing. */
  object(key: string): Member {
    const value = this.#values[key] ?? {};
    if (!isObject(value)) throw this.#wrong(key, "an object");
    return new Member(value, this.#place(key));
  }

  /** A text, or a number as one; undefined where the key is missing, null or empty. */
  text(key: string): string | undefined {
    const value = this.#values[key] ?? "";
    if (typeof value !== "string" && typeof value !== "number") throw this.#wrong(key, "a text");
    return value === "" ? undefined : String(value);
  }

  /** A whole number from 0 on. */
  number(key: string): number {
    const value = Number(this.#values[key]);
    if (!Number.isSafeInteger(value) || value < 0) throw this.#wrong(key, "a whole number");
    return value;
  }

  /** A switch: true, or a number or text that is not 0 or "no". */
  flag(key: string, fallback = false): boolean {
    const value = this.#values[key];
    if (value === undefined || value === null) return fallback;
    if (typeof value === "boolean") return value;
    if (typeof value === "number") return value !== 0;
    if (typeof value === "string") return !/^(0|no|false|)$/i.test(value);
    throw this.#wrong(key, "true or false");
  }

  #place(key: string): string {
    return `${this.at}${this.at.includes(": ") ? "." : ": "}${key}`;
  }

  #wrong(key: string, what: string): ConfigError {
    return new ConfigError([`${this.#place(key)} must be ${what}`]);
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
