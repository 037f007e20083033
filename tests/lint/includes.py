#!/usr/bin/env python3
"""Who includes whom: a folder may use itself, lib, include/abi and what its
row names. Prints TAP, one test a folder."""
import os
import re
import subprocess
import sys

TOP = os.environ.get("srcdir") or os.path.join(os.path.dirname(__file__), "../..")

# Folder of the including file -> folders and headers it may use besides
# itself, lib/, include/lib/ and include/abi/. The longest prefix counts.
ABOVE_FS = ["sentry/base", "sentry/time", "sentry/mm", "sentry/vfs",
            "sentry/loader", "sentry/kernel", "platform.h"]
RULES = {
    "include/abi": [],
    "lib": ["boot.h", "gofer.h"],
    "platform": ["platform.h", "platform/stub/stub.h"],
    "platform/stub": [],
    "sentry/base": [],
    "sentry/time": ["sentry/base"],
    "sentry/mm": ["sentry/base", "platform.h"],
    "sentry/vfs": ["sentry/base", "sentry/time", "sentry/mm"],
    "sentry/loader": ["sentry/base", "sentry/mm", "sentry/vfs"],
    "sentry/kernel": ["sentry/base", "sentry/time", "sentry/mm", "sentry/vfs",
                      "sentry/loader", "platform.h",
                      "sentry/syscalls/syscalls.h"],
    "sentry/fs": ABOVE_FS + ["sentry/fs/pseudo.h", "gofer.h"],
    "sentry/ipc": ABOVE_FS,
    "sentry/net": ABOVE_FS,
    "sentry/strace": ["sentry/syscalls/types.h", "sentry/mm/uaccess.h",
                      "sentry/mm", "sentry/base"],
    "sentry/syscalls": ["sentry", "platform.h"],
    "sentry": ["sentry", "platform.h", "boot.h", "gofer.h"],  # main.c & co.
    "gofer": ["gofer.h"],
    "oci": ["boot.h", "gofer.h"],
    "cli": ["oci", "boot.h", "gofer.h", "sentry/syscalls/types.h"],
}
# Each filesystem, each family keeps to itself: fs/tmpfs never uses fs/proc.
OWN_SUBFOLDER = ("sentry/fs", "sentry/net")
# Known exceptions: (file, header) with the reason behind it.
EXCEPTIONS = {
    # devtmpfs is a tmpfs with some nodes in it, as on Linux.
    ("sentry/fs/dev/devtmpfs.c", "sentry/fs/tmpfs/tmpfs.h"),
    # uaddr_t lives at the boundary.
    ("sentry/loader/loader.h", "include/platform.h"),
}

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def sources():
    for folder in ("include", "lib", "platform", "sentry", "gofer", "oci",
                   "cli"):
        for path, _, names in os.walk(os.path.join(TOP, folder)):
            for name in names:
                if name.endswith((".c", ".h", ".S", ".def")):
                    yield os.path.relpath(os.path.join(path, name), TOP)


def rule(path):
    folder = os.path.dirname(path)
    if folder == "include/lib":
        return "lib"
    while folder and folder not in RULES:
        folder = os.path.dirname(folder)
    return folder or None


def resolve(header, path):
    """Where in the tree a quoted header is; None: not ours (config.h)."""
    for base in (os.path.dirname(path), "", "include"):
        full = os.path.normpath(os.path.join(base, header))
        if os.path.exists(os.path.join(TOP, full)):
            return full
    return None


def allowed(path, target):
    group = rule(path)
    own = os.path.dirname(path)
    for prefix in OWN_SUBFOLDER:
        if own.startswith(prefix + "/"):
            own = "/".join(own.split("/")[:len(prefix.split("/")) + 1])
            break
    else:
        own = group
    if target.startswith((own + "/", "lib/", "include/lib/", "include/abi/")):
        return group != "platform/stub" or target.startswith(own)
    for entry in RULES[group]:
        name = target.removeprefix("include/")
        if name == entry or target.startswith(entry + "/"):
            return True
    return False


def main():
    bad = {}
    seen = {}
    for path in sorted(sources()):
        group = rule(path)
        if group is None:
            continue  # the headers of include/ themselves
        seen[group] = seen.get(group, 0) + 1
        with open(os.path.join(TOP, path), encoding="utf-8") as file:
            text = file.read()
        for header in INCLUDE.findall(text):
            target = resolve(header, path)
            if target is None or (path, target) in EXCEPTIONS:
                continue
            if not allowed(path, target):
                bad.setdefault(group, []).append(f"{path} includes {target}")
    print(f"1..{len(seen)}")
    for number, group in enumerate(sorted(seen), 1):
        word = "not ok" if group in bad else "ok"
        print(f"{word} {number} - {group}/ includes only what it may")
        for line in bad.get(group, []):
            print(f"# {line}")
    return 0


sys.exit(main())
