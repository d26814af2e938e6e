/** Programs that packaging runs. */

/** Runs a program to its end and gives its output. Throws an Error with its words if it fails. */
export async function run(
  command: string,
  args: readonly string[],
  options: Deno.CommandOptions = {},
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    ...options,
    args: [...args],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  const said = decoder.decode(stdout);
  if (success) return said;
  throw new Error(`${command} fails: ${decoder.decode(stderr).trim() || said.trim()}`);
}
