/** Kernel modules, as files of a package that nobody has installed: modules.dep does not exist yet. */

/** `crc-t10dif.ko` is the module crc_t10dif. */
function moduleName(file: string): string {
  return file.replace(/\.ko$/, "").replaceAll("-", "_");
}

/** The path of every module below a directory, by the module's name. */
function moduleFiles(dir: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const entry of Deno.readDirSync(dir)) {
    const path = `${dir}/${entry.name}`;
    if (entry.isDirectory) {
      for (const [name, file] of moduleFiles(path)) files.set(name, file);
    } else if (entry.name.endsWith(".ko")) {
      files.set(moduleName(entry.name), path);
    }
  }
  return files;
}

/** The names behind `depends=` in a module's .modinfo section, which are NUL-terminated. */
function dependencies(path: string): string[] {
  const text = new TextDecoder("latin1").decode(Deno.readFileSync(path));
  const list = /\0depends=([^\0]*)\0/.exec(text)?.[1];
  if (list === undefined) throw new Error(`${path} does not say what it depends on`);
  return list.split(",").filter((name) => name !== "").map(moduleName);
}

/**
 * The files of the named modules and of all that they depend on, each behind its dependencies.
 *
 * @param dir the kernel's directory of modules
 * @throws Error if a module is not there
 */
export function moduleLoadOrder(dir: string, names: readonly string[]): string[] {
  const files = moduleFiles(dir);
  const order = new Set<string>();
  const add = (name: string): void => {
    const path = files.get(name);
    if (path === undefined) throw new Error(`${dir} has no module ${name}`);
    if (order.has(path)) return;
    dependencies(path).forEach(add);
    order.add(path);
  };
  names.forEach(add);
  return [...order];
}
