/* The commands of `sandbox`. */
#ifndef CLI_H
#define CLI_H

struct command {
	const char *name;
	const char *summary; /* one line of `sandbox --help` */
	/* argv[0] is the command's name; returns the exit status. */
	int (*run)(int argc, char **argv);
};

#define EXIT_OURS 125 /* our own failure, as of bad usage */

/* Which of the streams 0, 1 and 2 were open at the start, by bit. */
extern unsigned int cli_streams;

int cmd_run(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_debug(int argc, char **argv);

#endif
