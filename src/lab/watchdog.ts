import { spawn } from 'node:child_process';

/**
 * Waits for the end of its standard input, which comes when the lab's process ends, however it does. Then it kills every
 * PostgreSQL whose data lies in the folder, also one that is being made, and removes the folder. After an orderly stop the folder is gone already.
 * A process id in a file may be somebody else's by now, so the process must call itself postgres.
 */
const SCRIPT = `
cat >/dev/null
[ -d "$1" ] || exit 0
round=0
while [ $round -lt 20 ] && [ -d "$1" ]; do
  for file in "$1"/*/*/postmaster.pid; do
    [ -f "$file" ] || continue
    { read -r pid; for skip in 2 3 4 5 6; do read -r line; done; read -r key segment; } <"$file"
    case "$(ps -o comm= -p "$pid" 2>/dev/null)" in
      *postgres*) kill -9 "$pid" 2>/dev/null ;;
    esac
    [ -n "$segment" ] && ipcrm -m "$segment" >/dev/null 2>&1
  done
  # What was being started has no such file yet; its command line names the folder.
  ps -eo pid=,args= 2>/dev/null | while read -r pid args; do
    case "$args" in
      *'/initdb '*"$1/"*|*'/postgres '*"$1/"*) kill -9 "$pid" 2>/dev/null ;;
    esac
  done
  rm -rf "$1" 2>/dev/null
  sleep 0.1 2>/dev/null || sleep 1
  round=$((round + 1))
done
`;

/**
 * Cleans up after a lab that was killed itself. `folder` is the lab's own, and is removed with everything in it; after that the watchdog is let go
 * by what is given back. On Windows there is none.
 */
export function watchdog(folder: string): () => Promise<void> {
  if (process.platform === 'win32') return () => Promise.resolve();
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'dr-lab-watchdog', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    // Its own session: Ctrl-C and a closing terminal must not end it before the lab.
    detached: true,
  });
  child.unref();
  child.stdin.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  return () => {
    child.ref();
    child.stdin.end();
    return ended;
  };
}
