// What ends a benchmark is printed in one line, as by the command: what is missing, and what to do about it.
process.on("uncaughtException", (error: Error & { shortMessage?: string; stderr?: string }) => {
  const [line] = (error.shortMessage ?? error.message).trim().split("\n");
  const said = error.stderr?.trim().split("\n").at(-1);
  process.stderr.write(
    `bench: ${line}${said ? `: ${said}` : ""}\n${process.env.DOCTEUR_DEBUG ? `${error.stack}\n` : ""}`,
  );
  process.exit(1);
});
