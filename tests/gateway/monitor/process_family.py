"""Burn CPU in a child, wait for it, start another child that keeps running, and print a line."""

import os
import time

if __name__ == "__main__":
    if (pid := os.fork()) == 0:
        end = time.process_time() + 0.3
        while time.process_time() < end:
            pass
        os._exit(0)
    os.waitpid(pid, 0)
    if os.fork() == 0:
        time.sleep(60)
    print("ready", flush=True)
    time.sleep(60)
