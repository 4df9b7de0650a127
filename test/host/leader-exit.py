# Ends its first thread and goes on in another one, prints its pid once the kernel shows that, waits to be killed.
import ctypes
import os
import sys
import threading


def go_on():
    state = ""
    while state != "Z":
        with open("/proc/%d/stat" % os.getpid()) as file:
            state = file.read().rpartition(")")[2].split()[0]
    print(os.getpid(), flush=True)
    sys.stdin.readline()


threading.Thread(target=go_on).start()
ctypes.CDLL(None).pthread_exit(None)
