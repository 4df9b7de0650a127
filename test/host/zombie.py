# Leaves a child behind that is dead and that nobody reaps, prints its pid, and waits to be killed.
import os
import signal
import sys

child = os.fork()
if child == 0:
    os._exit(0)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
print(child, flush=True)
sys.stdin.readline()
