/*
 * What the questions of one program share.
 *
 * A question is a function that does one small thing `count` times; bench.c
 * finds a count that fills a few milliseconds, repeats such batches until the
 * time is up, and tells the median of one thing in nanoseconds.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>

struct question {
	const char *name;
	void (*prepare)(void);      /* NULL: nothing to prepare */
	void (*repeat)(long count); /* the thing, count times */
	void (*finish)(void);       /* NULL: nothing to undo */
};

/* Each ends with an entry whose name is NULL. */
extern const struct question call_questions[];
extern const struct question memory_questions[];
extern const struct question process_questions[];
extern const struct question thread_questions[];

/* Monotonic time in nanoseconds. */
uint64_t now_ns(void);

/* Ends the program with a message and the reason in errno unless ok. */
void need(int ok, const char *what);

/* Starts a command, waits for it; ends the program if it fails. */
void run_command(char *const argv[]);

#endif
