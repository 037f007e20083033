/*
 * sandbox syscalls [--json | --markdown | --man] [NAME...]
 */
#ifndef CLI_CMD_SYSCALLS_H
#define CLI_CMD_SYSCALLS_H

/* argv[0] is "syscalls". An exit status: 0, or 125 with a line on stderr. */
int cmd_syscalls(int argc, char **argv);

#endif
