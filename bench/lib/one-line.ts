// Whatever ends a benchmark is told in one line, as the command does: what is missing, and what to do about it.
process.on("uncaughtException", (error: Error & { shortMessage?: string; stderr?: string }) => {
  const [line] = (error.shortMessage ?? error.message).trim().split("\n");
  const said = error.stderr?.trim().split("\n").at(-1);
  process.stderr.write(
    `bench: ${line}${said ? `: ${said}` : ""}\n${process.env.DOCTEUR_DEBUG ? `${error.stack}\n` : ""}`,
  );
  process.exit(1);
});
