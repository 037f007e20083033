/*
 * The other programs of ours, open and ready to be started: those of this
 * very build when we run from a build folder, else the installed ones.
 */
#ifndef OCI_PROGRAMS_H
#define OCI_PROGRAMS_H

#include "oci/error.h"

enum program {
	PROGRAM_SENTRY,
	PROGRAM_GOFER,
	PROGRAM_BROKER,
	PROGRAM_STUB,
	PROGRAM_COUNT
};

/*
 * Opens a program, close-on-exec: a descriptor that may be executed and read,
 * or -1 with error set.
 */
int program_open(enum program program, struct error *error);
const char *program_name(enum program program);

/* The folder of the program that runs, absolute; NULL with error set. */
const char *program_folder(struct error *error);

#endif
